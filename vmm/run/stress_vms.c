// SPDX-License-Identifier: GPL-2.0-only
#include "run/stress_vms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run/measure.h"
#include "run/worker.h"

int stress_vm_make(const struct stress *stress, unsigned int vcpus, struct vm *vm,
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
	for (size_t i = 0; vm->slots && i < count; i++) {
		pthread_mutex_init(&vm->slots[i].lock, NULL);
		pthread_cond_init(&vm->slots[i].next, NULL);
	}
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

void stress_count_vm(struct stress *stress, uint64_t *figure)
{
	pthread_mutex_lock(&stress->lock);
	++*figure;
	pthread_mutex_unlock(&stress->lock);
}

/* By debugfs, or where KVM has no file there, by the VM's counters. */
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
	/* The file is there, but can't be read. */
	if (code == -EIO || code == -EINVAL || kvm_stats_of(vm->fd, &counters))
		return RMAP_UNKNOWN;
	return measure_state_by_counters(stress->run, &counters);
}

/* The rmap heads of the slots that are left: a phase with do = slot-delete may have deleted one. */
static const uint64_t *expected_heads(const struct run *run)
{
	const struct phase_result *last = &run->phases[run->phase_count - 2];

	/* The last phase is the one that runs; the predictions end with the one before it. */
	return last->predicted ? last->predicted->heads : run->heads;
}

enum rmap_state stress_vm_judge(struct stress *stress, const struct vm *vm, bool shadow_root)
{
	const struct run *run = stress->run;
	const uint64_t *heads = expected_heads(run);
	/* The scenario's own VM has shown at its creation whether this host is lazy. */
	enum rmap_state host = run->phases[0].state, must, state;
	struct rmaps_stat stat;

	must = host == RMAP_LAZY && shadow_root ? RMAP_ALLOCATED : host;
	state = state_of(stress, vm, &stat);
	if (state == RMAP_UNKNOWN || must == RMAP_UNKNOWN)
		stress_count_vm(stress, &stress->result->vms.untold);
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

void stress_vm_judge_after(struct stress *stress, const struct vm *vm, enum rmap_state before,
			   bool shadow_root)
{
	enum rmap_state after = stress_vm_judge(stress, vm, shadow_root);

	if (before == RMAP_LAZY && after == RMAP_ALLOCATED)
		stress_count_vm(stress, &stress->result->vms.transitions);
}

unsigned int stress_vcpus(const struct stress *stress)
{
	const struct phase_cfg *phase = stress->phase;

	return (unsigned int)(phase->vcpus ? phase->vcpus : stress->run->config->vm.vcpus);
}

static int make_further(struct stress *stress, struct stress_vm *vm, struct err *err)
{
	int code = stress_vm_make(stress, stress_vcpus(stress), &vm->own, &vm->payload, err);

	if (code)
		return code;
	vm->vm = &vm->own;
	vm->losses = vm->payload.losses;
	code = vcpu_set_join(stress->set, &vm->own, &vm->payload, stress_vcpus(stress), err);
	if (code)
		return code;
	vm->vcpus = stress_vcpus(stress);
	stress->result->vms.made++;
	stress_vm_judge(stress, vm->vm, false);
	return 0;
}

int stress_vms_make(struct stress *stress, const struct vm *vm, const struct payload *payload, struct err *err)
{
	size_t slots = stress->run->layout.count;
	int code = 0;

	stress->vms = calloc(stress->phase->vms, sizeof(*stress->vms));
	if (!stress->vms)
		return err_set(err, ENOMEM, "no memory for the VMs");
	stress->vm_count = 1;
	stress->vms[0] = (struct stress_vm){ .vm = vm, .vcpus = stress->set->count, .losses = payload->losses };
	if (make_locks(&stress->vms[0], slots))
		return err_set(err, ENOMEM, "no memory for the VMs");
	while (!code && stress->vm_count < stress->phase->vms) {
		struct stress_vm *next = &stress->vms[stress->vm_count++];

		*next = (struct stress_vm){ .own.fd = -1, .first = stress->set->count };
		code = make_locks(next, slots) ? err_set(err, ENOMEM, "no memory for the VMs") :
						 make_further(stress, next, err);
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
	/* make_further() has judged their state before, and counted one that was wrong. */
	for (size_t i = 1; i < stress->vm_count; i++)
		stress_vm_judge_after(stress, stress->vms[i].vm, stress->run->phases[0].state,
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
