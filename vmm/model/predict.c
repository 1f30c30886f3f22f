// SPDX-License-Identifier: GPL-2.0-only
#include "model/predict.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"

#define PAGE 4096ull

/* The memslots as the model takes them, in the order of kernel_vm: by space, then by base. */
static int layout_of(const struct kernel_vm *vm, struct layout *layout)
{
	*layout = (struct layout){
		.slots = calloc(vm->count + 1, sizeof(*layout->slots)),
		.by_base = calloc(vm->count + 1, sizeof(*layout->by_base)),
		.count = vm->count,
	};
	if (!layout->slots || !layout->by_base)
		return -ENOMEM;
	for (size_t i = 0; i < vm->count; i++) {
		const struct kernel_memslot *slot = &vm->slots[i];
		struct slot *to = &layout->slots[i];

		*to = (struct slot){ .base = slot->base_gfn * PAGE, .size = slot->npages * PAGE,
				     .plugged = slot->npages * PAGE };
		if (to->base + to->size > layout->top)
			layout->top = to->base + to->size;
		if (!slot->as_id)
			layout->by_base[layout->normal_count++] = (uint32_t)i;
	}
	return 0;
}

static void layout_drop(struct layout *layout)
{
	free(layout->slots);
	free(layout->by_base);
}

/* In the order of model_slot_arrays(): rmaps by level, lpage_info by level, tracking. */
static void add_missing(const struct model *model, const struct kernel_memslot *from,
			const struct slot *slot, struct footprint *missing)
{
	const struct memslot_arrays *is = &from->arrays;
	const uint64_t addresses[] = { is->rmap[0], is->rmap[1], is->rmap[2], is->lpage_info[0],
				       is->lpage_info[1], is->tracking };
	struct slot_array arrays[SLOT_ARRAYS];
	size_t count = model_slot_arrays(slot, arrays);

	/* KVM makes no lpage_info and no dirty bitmap then: a slot is made with them. */
	for (size_t i = 0; i < count && i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (!addresses[i] &&
		    (arrays[i].array == ARRAY_RMAP || arrays[i].array == ARRAY_TRACKING))
			missing->bytes[arrays[i].array] += model_charge(model, arrays[i].bytes);
}

static int find_need(const struct model *model, const struct host_vm *vm, struct vm_need *need)
{
	const struct guest_memory *memory = &vm->memory;
	const struct kernel_vm *kernel = vm->kernel;
	struct layout layout;
	int code = layout_of(kernel, &layout);

	for (size_t i = 0; !code && i < kernel->count; i++)
		add_missing(model, &kernel->slots[i], &layout.slots[i], &need->missing);
	if (!code) {
		need->array_bytes = footprint_total(&need->missing);
		need->shadow_bytes = plan_shadow_bytes(&layout, 1);
	}
	layout_drop(&layout);
	if (memory->ram.known)
		need->absent_bytes = memory->ram.value -
				     (memory->resident.known ? memory->resident.value : 0);
	if (!need->array_bytes)
		return code;
	need->least_bytes = need->array_bytes + model->transition_slab;
	need->first_entry_bytes = need->least_bytes + kernel->vcpus * PLAN_VCPU_BYTES;
	return code;
}

/* On a host whose memslots come with all arrays none has to be read to know that none is missing. */
static bool nothing_is_lazy(const struct model *model)
{
	return !model_is_lazy(model, ARRAY_RMAP) && !model_is_lazy(model, ARRAY_TRACKING);
}

static void say_unknown(const struct host_vm *vm, const char *why, struct vm_prediction *prediction)
{
	prediction->verdict = ROOM_UNKNOWN;
	if (vm->refused)
		snprintf(prediction->why, SOURCE_WHY, "its process does not lend the VM's "
			 "descriptor to BPF: " KVM_REFUSED);
	else if (*why)
		snprintf(prediction->why, SOURCE_WHY, "%s", why);
	else if (!vm->kernel)
		snprintf(prediction->why, SOURCE_WHY, "the VM was made or ended meanwhile");
	else
		snprintf(prediction->why, SOURCE_WHY, "its memslots can't be read: %s",
			 vm->kernel->why ? vm->kernel->why : "they kept changing");
}

static int predict_vm(const struct model *model, const struct host_vm *vm, const char *why,
		      struct vm_prediction *prediction)
{
	if (vm->kernel && vm->kernel->settled) {
		prediction->known = true;
		if (!vm->kernel->count && !nothing_is_lazy(model))
			snprintf(prediction->why, SOURCE_WHY, "it has no memslots yet");
		return find_need(model, vm, &prediction->need);
	}
	prediction->known = nothing_is_lazy(model) && vm->state != RMAP_LAZY;
	if (!prediction->known)
		say_unknown(vm, why, prediction);
	return 0;
}

static void add_up(const struct host_vm *vm, const struct vm_prediction *is,
		   struct limit_prediction *limit)
{
	const struct vm_need *need = &is->need;

	limit->vms++;
	limit->unknown += !is->known;
	limit->needs_known &= is->known && vm->limits.known;
	limit->known &= limit->needs_known && vm->memory.resident.known;
	limit->absent_bytes += need->absent_bytes;
	if (!need->array_bytes)
		return;
	limit->lazy++;
	limit->array_bytes += need->array_bytes;
	limit->least_bytes += need->least_bytes;
	limit->full_bytes += need->first_entry_bytes + need->shadow_bytes;
}

static bool kills(uint64_t least, const struct memory_limit *limit)
{
	return least > limit->room && least - limit->room > limit->swap;
}

static void judge_limit(const struct memory_limit *limit, struct limit_prediction *is)
{
	if (!is->lazy)
		is->verdict = is->needs_known ? ROOM_PAID : ROOM_UNKNOWN;
	else if (kills(is->least_bytes, limit))
		is->verdict = ROOM_WOULD_BE_KILLED;
	else if (!is->known)
		is->verdict = ROOM_UNKNOWN;
	else
		is->verdict = is->full_bytes + is->absent_bytes <= limit->room ? ROOM_ENOUGH :
										 ROOM_TIGHT;
}

/* A limit above is shared: it has enough room for one VM only if it has for all that are below it. */
static void judge_vm(const struct host_vm *vm, const struct memory_limits *limits,
		     const struct limit_prediction *all, struct vm_prediction *is)
{
	bool enough = vm->limits.known, tight = false, killed = false;

	for (size_t i = 0; i < vm->limits.count; i++) {
		const struct memory_limit *limit = &limits->list[vm->limits.index[i]];
		enum room_verdict verdict = all[vm->limits.index[i]].verdict;

		if (!is->limit || limit->room < is->limit->room)
			is->limit = limit;
		killed |= kills(is->need.least_bytes, limit);
		tight |= verdict == ROOM_TIGHT || verdict == ROOM_WOULD_BE_KILLED;
		enough &= verdict == ROOM_ENOUGH;
	}
	/* Another limit, which can't be read, may be the tightest. */
	if (!vm->limits.known && !killed)
		is->limit = NULL;
	if (!is->known)
		return;
	if (!is->need.array_bytes)
		is->verdict = *is->why ? ROOM_UNKNOWN : ROOM_PAID;
	else if (killed)
		is->verdict = ROOM_WOULD_BE_KILLED;
	else
		is->verdict = enough ? ROOM_ENOUGH : tight ? ROOM_TIGHT : ROOM_UNKNOWN;
	if (is->verdict == ROOM_UNKNOWN && !*is->why)
		snprintf(is->why, SOURCE_WHY, "%.120s", *vm->memory.why ? vm->memory.why :
			 *vm->limits.why ? vm->limits.why :
			 "not all that limits its memory, or that of a VM beside it, can be read");
}

int predict(const struct model *model, const struct host_vms *vms, const struct memory_limits *limits,
	    const char *why, struct host_prediction *prediction)
{
	int code = 0;

	*prediction = (struct host_prediction){
		.vms = calloc(vms->count + 1, sizeof(*prediction->vms)),
		.limits = calloc(limits->count + 1, sizeof(*prediction->limits)),
	};
	if (!prediction->vms || !prediction->limits)
		return -ENOMEM;
	prediction->complete = !*vms->incomplete_why || (nothing_is_lazy(model) && !model->older_vms);
	for (size_t i = 0; i < limits->count; i++) {
		struct limit_prediction *is = &prediction->limits[i];

		is->needs_known = !limits->lost && prediction->complete;
		/* How much memory VMs that are not listed have is unknown, even where they need no more. */
		is->known = is->needs_known && !*vms->incomplete_why;
	}
	for (size_t i = 0; !code && i < vms->count; i++) {
		const struct vm_limits *own = &vms->list[i].limits;

		code = predict_vm(model, &vms->list[i], why, &prediction->vms[i]);
		prediction->array_bytes += prediction->vms[i].need.array_bytes;
		prediction->unknown += !prediction->vms[i].known;
		for (size_t j = 0; j < own->count; j++)
			add_up(&vms->list[i], &prediction->vms[i],
			       &prediction->limits[own->index[j]]);
	}
	for (size_t i = 0; i < limits->count; i++)
		judge_limit(&limits->list[i], &prediction->limits[i]);
	for (size_t i = 0; i < vms->count; i++)
		judge_vm(&vms->list[i], limits, prediction->limits, &prediction->vms[i]);
	return code;
}

void prediction_free(struct host_prediction *prediction)
{
	free(prediction->vms);
	free(prediction->limits);
	*prediction = (struct host_prediction){ 0 };
}

const char *room_verdict_name(enum room_verdict verdict)
{
	static const char *const names[] = { "would-be-killed", "tight", "unknown", "has-room",
					     "paid" };

	return names[verdict];
}
