// SPDX-License-Identifier: GPL-2.0-only
/* The VMs of a host as JSON, schema minivmm.stat/1. An unknown figure is null, never 0. */
#include <stdlib.h>
#include <time.h>

#include "base/units.h"
#include "base/value.h"
#include "report/stat.h"

#define RMAP_HEAD_BYTES 8	/* struct kvm_rmap_head */

static json_t *counter(const struct host_vm *vm, enum kvm_counter which)
{
	const struct figure *figure = &vm->counters.counters[which];

	return value_known(vm->counted && figure->known, figure->value);
}

/* What is mapped for the guest now. Its memslots may be larger, but debugfs does not show them. */
static json_t *mapped(const struct host_vm *vm)
{
	const struct figure *pages = vm->counters.counters;

	return value_known(vm->counted && pages[COUNTER_PAGES_4K].known &&
				   pages[COUNTER_PAGES_2M].known && pages[COUNTER_PAGES_1G].known,
			   (pages[COUNTER_PAGES_4K].value << 12) +
				   (pages[COUNTER_PAGES_2M].value << 21) +
				   (pages[COUNTER_PAGES_1G].value << 30));
}

static json_t *state(const struct host_vm *vm)
{
	return vm->state == RMAP_UNKNOWN ? json_null() : value_text(rmap_state_name(vm->state));
}

/* A lazy VM has no rmaps; for any other VM the bytes are known only from a walk. */
static json_t *rmap_bytes(const struct host_vm *vm)
{
	const uint64_t *heads = vm->rmaps.heads;
	bool known = vm->walked || vm->state == RMAP_LAZY;

	return json_pack("{s:o, s:o, s:o, s:o}",
			 "4k", value_known(known, heads[0] * RMAP_HEAD_BYTES),
			 "2m", value_known(known, heads[1] * RMAP_HEAD_BYTES),
			 "1g", value_known(known, heads[2] * RMAP_HEAD_BYTES),
			 "all", value_known(known, (heads[0] + heads[1] + heads[2]) *
					    RMAP_HEAD_BYTES));
}

static json_t *vm_json(const struct host_vm *vm)
{
	const char *teller = vm_teller_name(vm->teller);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "pid", value_u64((uint64_t)vm->pid),
			 "fd", value_known(vm->fd >= 0, (uint64_t)vm->fd),
			 "command", value_text(vm->command),
			 "age_ns", value_known(vm->age_ns.known, vm->age_ns.value),
			 "rmap_state", state(vm),
			 "state_source", value_text(teller),
			 "rmap_bytes", rmap_bytes(vm),
			 "memslot_bytes", value_known(vm->walked && vm->rmaps.allocated,
						      vm->rmaps.heads[0] << 12),
			 "mapped_bytes", mapped(vm),
			 "nested_run", counter(vm, COUNTER_NESTED_RUN),
			 "mmu_cache_miss", counter(vm, COUNTER_MMU_CACHE_MISS),
			 "why", value_text(vm->why));
}

static json_t *time_json(time_t time)
{
	char text[UNIT_TEXT];

	return value_text(time ? format_time(text, time) : NULL);
}

/* Most VMs hurt in another way: with a prediction, the worst come first. */
static int by_hurt(const struct stat_view *view, size_t a, size_t b)
{
	const struct vm_prediction *one = &view->prediction->vms[a];
	const struct vm_prediction *other = &view->prediction->vms[b];

	if (one->verdict != other->verdict)
		return (int)one->verdict - (int)other->verdict;
	if (one->need.array_bytes != other->need.array_bytes)
		return one->need.array_bytes > other->need.array_bytes ? -1 : 1;
	return a < b ? -1 : 1;
}

static int compare(const void *a, const void *b, void *view)
{
	return by_hurt(view, *(const size_t *)a, *(const size_t *)b);
}

static int add_vm(const struct stat_view *view, size_t i, json_t *list)
{
	json_t *vm = vm_json(&view->vms->list[i]), *more = stat_predict_json(view, i);
	int code = more ? json_object_update(vm, more) : -1;

	json_decref(more);
	if (code)
		json_decref(vm);
	return code ? code : json_array_append_new(list, vm);
}

static json_t *vms_json(const struct stat_view *view)
{
	size_t count = view->vms->count, *order = calloc(count + 1, sizeof(*order));
	json_t *list = json_array();
	int code = order && list ? 0 : -1;

	for (size_t i = 0; !code && i < count; i++)
		order[i] = i;
	if (!code && view->prediction && count)
		qsort_r(order, count, sizeof(*order), compare, (void *)view);
	for (size_t i = 0; !code && i < count; i++)
		if (!view->vms->list[order[i]].hidden)
			code = add_vm(view, order[i], list);
	free(order);
	if (!code)
		return list;
	json_decref(list);
	return NULL;
}

json_t *stat_json(const struct stat_view *view)
{
	json_t *stat = json_pack("{s:s, s:o, s:{s:o, s:o}, s:b, s:o}",
				 "schema", "minivmm.stat/1",
				 "time", time_json(view->time),
				 "host",
					 "kernel", value_text(view->host->kernel),
					 "hostname", value_text(view->host->hostname),
				 "walked", view->walked,
				 "vms", vms_json(view));
	json_t *all = stat_limits_json(view);

	if (all && !json_object_update(stat, all)) {
		json_decref(all);
		return stat;
	}
	json_decref(all);
	json_decref(stat);
	return NULL;
}
