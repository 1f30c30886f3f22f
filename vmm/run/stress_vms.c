// SPDX-License-Identifier: GPL-2.0-only
/* The VMs of a stress phase besides the scenario's: its likes, and those that ops make and destroy. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run/measure.h"
#include "run/worker.h"
#include "vm/device_tree.h"

/* The VM, its slots and the payload in it. On failure nothing is left. */
static int make_vm(const struct stress *stress, unsigned int vcpus, struct vm *vm,
		   struct payload *payload, struct err *err)
{
	const struct layout *layout = &stress->run->layout;
	int code = payload_place(layout, vcpus, stress->page_level, payload, err);

	if (code)
		return code;
	code = vm_create(vm, stress->vms[0].vm->kvm, layout, err);
	if (code)
		return code;
	code = vm_set_slots(vm, NULL, err);
	if (!code)
		code = payload_load(payload, vm, err);
	if (code)
		vm_destroy(vm);
	return code;
}

static int make_locks(struct stress_vm *vm, size_t count)
{
	vm->slots = calloc(count + 1, sizeof(*vm->slots));
	for (size_t i = 0; vm->slots && i < count; i++)
		pthread_mutex_init(&vm->slots[i], NULL);
	return vm->slots ? 0 : -ENOMEM;
}

static void note_wrong(struct stress *stress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void note_wrong(struct stress *stress, const char *format, ...)
{
	struct vm_tally *tally = &stress->result->vms;
	va_list args;

	pthread_mutex_lock(&stress->lock);
	if (!tally->wrong++) {
		va_start(args, format);
		vsnprintf(tally->first, sizeof(tally->first), format, args);
		va_end(args);
	}
	pthread_mutex_unlock(&stress->lock);
}

static void count_up(struct stress *stress, uint64_t *figure)
{
	pthread_mutex_lock(&stress->lock);
	++*figure;
	pthread_mutex_unlock(&stress->lock);
}

/* KVM's own word for a VM, else what its counters say. */
static enum rmap_state state_of(const struct stress *stress, const struct vm *vm,
				struct rmaps_stat *stat)
{
	struct kvm_counters counters = { 0 };
	char why[SOURCE_WHY];
	int code;

	*stat = (struct rmaps_stat){ 0 };
	code = rmaps_stat_own("", vm->creator, vm->fd, stat, why);
	if (!code)
		return stat->allocated ? RMAP_ALLOCATED : RMAP_LAZY;
	/* It is there, and can't be read. */
	if (code == -EIO || code == -EINVAL || kvm_stats_of(vm->fd, &counters))
		return RMAP_UNKNOWN;
	return measure_state_by_counters(stress->run, &counters);
}

/* Those of the slots that are left: see do = slot-delete. */
static const uint64_t *expected_heads(const struct run *run)
{
	const struct phase_result *last = &run->phases[run->phase_count - 2];

	/* The phase that runs is the last one; what comes before it has been predicted. */
	return last->predicted ? last->predicted->heads : run->heads;
}

/*
 * Is the VM as it must be, before or after its nested guest? The scenario's own VM has shown
 * whether this host is lazy.
 */
static enum rmap_state judge_vm(struct stress *stress, const struct vm *vm, bool shadow_root)
{
	const struct run *run = stress->run;
	const uint64_t *heads = expected_heads(run);
	enum rmap_state host = run->phases[0].state, must, state;
	struct rmaps_stat stat;

	must = host == RMAP_LAZY && shadow_root ? RMAP_ALLOCATED : host;
	state = state_of(stress, vm, &stat);
	if (state == RMAP_UNKNOWN || must == RMAP_UNKNOWN)
		count_up(stress, &stress->result->vms.untold);
	else if (state != must)
		note_wrong(stress, "a VM's rmaps were %s %s its first nested guest",
			    rmap_state_name(state), shadow_root ? "after" : "before");
	else if (stat.allocated && memcmp(stat.heads, heads, sizeof(stat.heads)))
		note_wrong(stress, "a VM has %" PRIu64 " + %" PRIu64 " + %" PRIu64 " rmap heads, "
			    "not the predicted %" PRIu64 " + %" PRIu64 " + %" PRIu64,
			    stat.heads[0], stat.heads[1], stat.heads[2], heads[0], heads[1],
			    heads[2]);
	return state;
}

static void judge_after(struct stress *stress, const struct vm *vm, enum rmap_state before,
			bool shadow_root)
{
	enum rmap_state after = judge_vm(stress, vm, shadow_root);

	if (before == RMAP_LAZY && after == RMAP_ALLOCATED)
		count_up(stress, &stress->result->vms.transitions);
}

static unsigned int vcpus_of(const struct stress *stress)
{
	const struct phase_cfg *phase = stress->phase;

	return (unsigned int)(phase->vcpus ? phase->vcpus : stress->run->config->vm.vcpus);
}

static int make_like(struct stress *stress, struct stress_vm *vm, struct err *err)
{
	int code = make_vm(stress, vcpus_of(stress), &vm->own, &vm->payload, err);

	if (code)
		return code;
	vm->vm = &vm->own;
	code = vcpu_set_join(stress->set, &vm->own, &vm->payload, vcpus_of(stress), err);
	if (code)
		return code;
	vm->vcpus = vcpus_of(stress);
	stress->result->vms.made++;
	judge_vm(stress, vm->vm, false);
	return 0;
}

int stress_vms_make(struct stress *stress, const struct vm *vm, struct err *err)
{
	size_t slots = stress->run->layout.count;
	int code = 0;

	stress->vms = calloc(stress->phase->vms, sizeof(*stress->vms));
	if (!stress->vms)
		return err_set(err, ENOMEM, "no memory for the VMs");
	stress->vm_count = 1;
	stress->vms[0] = (struct stress_vm){ .vm = vm, .vcpus = stress->set->count };
	if (make_locks(&stress->vms[0], slots))
		return err_set(err, ENOMEM, "no memory for the VMs");
	while (!code && stress->vm_count < stress->phase->vms) {
		struct stress_vm *next = &stress->vms[stress->vm_count++];

		*next = (struct stress_vm){ .own.fd = -1, .first = stress->set->count };
		code = make_locks(next, slots) ? err_set(err, ENOMEM, "no memory for the VMs") :
						 make_like(stress, next, err);
	}
	return code;
}

static bool ran_l2(const struct stress *stress, const struct stress_vm *vm)
{
	uint64_t entries = 0;

	for (unsigned int i = 0; i < vm->vcpus; i++) {
		struct abi_report report;

		vcpu_report(&stress->set->threads[vm->first + i]->vcpu, &report);
		entries += report.l2_entries;
	}
	return entries && stress->phase->nested_paging;
}

void stress_vms_judge(struct stress *stress)
{
	/* That it was lazy before is judged when it is made; if not, it is wrong already. */
	for (size_t i = 1; i < stress->vm_count; i++)
		judge_after(stress, stress->vms[i].vm, stress->run->phases[0].state,
			    ran_l2(stress, &stress->vms[i]));
}

bool stress_vms_free(struct stress *stress)
{
	if (stress->vm_count > 1 && !vcpu_set_leave(stress->set, stress->vms[1].first))
		return false;
	for (size_t i = 0; i < stress->vm_count; i++) {
		if (i)
			vm_destroy(&stress->vms[i].own);
		free(stress->vms[i].slots);
	}
	free(stress->vms);
	return true;
}

/* A VM of one round, with vCPUs that are nobody else's. On the heap: see end_life(). */
struct short_life {
	struct vm vm;
	struct payload payload;
	struct vcpu_set set;
};

static int make_life(const struct stress *stress, struct short_life *life, struct err *err)
{
	int code = make_vm(stress, vcpus_of(stress), &life->vm, &life->payload, err);

	if (code)
		return code;
	life->set.done_fd = -1;
	code = vcpu_set_open(&life->set, NULL, err);
	if (!code)
		code = vcpu_set_join(&life->set, &life->vm, &life->payload, vcpus_of(stress), err);
	if (code) {
		if (life->set.done_fd >= 0)
			vcpu_set_close(&life->set);
		vm_destroy(&life->vm);
	}
	return code;
}

/* A vCPU that is stuck in the kernel keeps it. */
static int end_life(struct worker *worker, struct short_life *life)
{
	uint64_t start = clock_ns();

	if (!vcpu_set_close(&life->set)) {
		__atomic_store_n(&worker->stress->stuck, true, __ATOMIC_RELEASE);
		return worker_failed(worker, ETIMEDOUT, "a vCPU is stuck in the kernel");
	}
	vm_destroy(&life->vm);
	free(life);
	return worker_took(worker, STEP_VM_DESTROY, start);
}

/* On failure nothing is left. */
static int begin_life(struct worker *worker, struct short_life **life)
{
	struct stress *stress = worker->stress;
	uint64_t start = clock_ns();
	struct err err = { 0 };
	int code;

	*life = malloc(sizeof(**life));
	if (!*life)
		return worker_failed(worker, ENOMEM, "no memory for a VM");
	code = make_life(stress, *life, &err);
	if (code) {
		free(*life);
		return worker_failed(worker, 0, "%.180s", err.text);
	}
	count_up(stress, &stress->result->vms.made);
	code = worker_took(worker, STEP_VM_CREATE, start);
	if (code)
		end_life(worker, *life);
	return code;
}

int round_vm_create_destroy(struct worker *worker)
{
	struct short_life *life;
	int code = begin_life(worker, &life);

	if (code)
		return code;
	judge_vm(worker->stress, &life->vm, false);
	return end_life(worker, life);
}

static int enter_l2(struct worker *worker, struct short_life *life)
{
	struct stress *stress = worker->stress;
	const struct config *config = stress->run->config;
	uint64_t start = clock_ns();
	const struct vcpu *culprit;
	int result;

	vcpu_set_tell_all(&life->set, device_tree_job(config, stress->phase_index,
						   (size_t)(worker->cfg - config->workers)));
	result = vcpu_set_run(&life->set, stress->timeout_ns);
	if (!result)
		return worker_took(worker, STEP_FIRST_L2, start);
	culprit = vcpu_set_culprit(&life->set);
	return worker_failed(worker, culprit ? 0 : ETIMEDOUT, "%.180s",
			     culprit ? culprit->text : "a vCPU is stuck in the kernel");
}

/* Who changes a slot of a VM while its vCPUs enter L2 for the first time. */
struct racer {
	const struct vm *vm;
	const struct slot *slot;
	uint64_t parking;
	bool stop;			/* atomic */
	int code;
	pthread_t thread;
};

/* The slot is back at its place when this ends. */
static void *race(void *argument)
{
	struct racer *racer = argument;
	const struct slot *slot = racer->slot;
	uint32_t log = slot->kvm_flags ^ KVM_MEM_LOG_DIRTY_PAGES;

	while (!racer->code && !__atomic_load_n(&racer->stop, __ATOMIC_ACQUIRE)) {
		racer->code = vm_slot_set(racer->vm, slot, slot->base, log);
		if (!racer->code)
			racer->code = vm_slot_set(racer->vm, slot, slot->base, slot->kvm_flags);
		if (!racer->code)
			racer->code = vm_slot_set(racer->vm, slot, racer->parking, slot->kvm_flags);
		if (!racer->code)
			racer->code = vm_slot_set(racer->vm, slot, slot->base, slot->kvm_flags);
	}
	return NULL;
}

static int enter_l2_racing(struct worker *worker, struct short_life *life)
{
	struct racer racer = {
		.vm = &life->vm, .parking = worker->parking,
		.slot = &worker->row[worker_random(worker, worker->row_count)],
	};
	int code;

	for (unsigned int i = 0; i < life->set.count; i++)
		life->set.threads[i]->vcpu.patience = PATIENT_MMIO;
	code = pthread_create(&racer.thread, NULL, race, &racer);
	if (code)
		return worker_failed(worker, code, "pthread_create(racer)");
	code = enter_l2(worker, life);
	__atomic_store_n(&racer.stop, true, __ATOMIC_RELEASE);
	pthread_join(racer.thread, NULL);
	if (racer.code)
		return worker_failed(worker, -racer.code, "KVM_SET_USER_MEMORY_REGION(memslot.%s)",
				     worker->cfg->slot);
	return code;
}

static int first_l2(struct worker *worker, bool racing)
{
	struct stress *stress = worker->stress;
	struct short_life *life;
	enum rmap_state before;
	int code = begin_life(worker, &life), end;

	if (code)
		return code;
	before = judge_vm(stress, &life->vm, false);
	code = racing ? enter_l2_racing(worker, life) : enter_l2(worker, life);
	if (!code)
		judge_after(stress, &life->vm, before, stress->phase->nested_paging);
	end = end_life(worker, life);
	return code ? code : end;
}

int round_first_l2(struct worker *worker)
{
	return first_l2(worker, false);
}

int round_first_l2_slots(struct worker *worker)
{
	if (!worker->parking)
		return worker_unavailable(worker, NO_PARKING);
	return first_l2(worker, true);
}
