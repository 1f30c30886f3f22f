// SPDX-License-Identifier: GPL-2.0-only
/* Ops that make a VM of their own in each round, and destroy it. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "run/worker.h"
#include "vm/device_tree.h"

/* A VM with its vCPUs. It is on the heap because one with a stuck vCPU must stay: see destroy_own(). */
struct own_vm {
	struct vm vm;
	struct payload payload;
	struct vcpu_set set;
};

static int init_own(const struct stress *stress, struct own_vm *own, struct err *err)
{
	int code = stress_vm_make(stress, stress_vcpus(stress), &own->vm, &own->payload, err);

	if (code)
		return code;
	own->set.done_fd = -1;
	code = vcpu_set_open(&own->set, NULL, err);
	if (!code)
		code = vcpu_set_join(&own->set, &own->vm, &own->payload, stress_vcpus(stress), err);
	if (code) {
		if (own->set.done_fd >= 0)
			vcpu_set_close(&own->set);
		vm_destroy(&own->vm);
	}
	return code;
}

/* A VM with a vCPU that is stuck in the kernel stays until the process ends. */
static int destroy_own(struct worker *worker, struct own_vm *own)
{
	uint64_t start = clock_ns();

	if (!vcpu_set_close(&own->set)) {
		__atomic_store_n(&worker->stress->stuck, true, __ATOMIC_RELEASE);
		return worker_failed(worker, ETIMEDOUT, "a vCPU is stuck in the kernel");
	}
	vm_destroy(&own->vm);
	free(own);
	return worker_took(worker, STEP_VM_DESTROY, start);
}

/* Makes a VM for this round. On failure nothing is left. */
static int make_own(struct worker *worker, struct own_vm **own)
{
	struct stress *stress = worker->stress;
	uint64_t start = clock_ns();
	struct err err = { 0 };
	int code;

	*own = malloc(sizeof(**own));
	if (!*own)
		return worker_failed(worker, ENOMEM, "no memory for a VM");
	code = init_own(stress, *own, &err);
	if (code) {
		free(*own);
		return worker_failed(worker, 0, "%.180s", err.text);
	}
	stress_count_vm(stress, &stress->result->vms.made);
	code = worker_took(worker, STEP_VM_CREATE, start);
	if (code)
		destroy_own(worker, *own);
	return code;
}

int round_vm_create_destroy(struct worker *worker)
{
	struct own_vm *own;
	int code = make_own(worker, &own);

	if (code)
		return code;
	stress_vm_judge(worker->stress, &own->vm, false);
	return destroy_own(worker, own);
}

static int enter_l2(struct worker *worker, struct own_vm *own)
{
	struct stress *stress = worker->stress;
	const struct config *config = stress->run->config;
	uint64_t start = clock_ns();
	const struct vcpu *culprit;
	int result;

	vcpu_set_tell_all(&own->set, device_tree_job(config, stress->phase_index,
						   (size_t)(worker->cfg - config->workers)));
	result = vcpu_set_run(&own->set, stress->timeout_ns);
	if (!result)
		return worker_took(worker, STEP_FIRST_L2, start);
	culprit = vcpu_set_culprit(&own->set);
	return worker_failed(worker, culprit ? 0 : ETIMEDOUT, "%.180s",
			     culprit ? culprit->text : "a vCPU is stuck in the kernel");
}

/* A thread that changes a slot of a VM while the VM's vCPUs enter L2 for the first time. */
struct racer {
	const struct vm *vm;
	const struct slot *slot;
	uint64_t spare_gpa;		/* 0: the slot stays where it is */
	bool stop;			/* atomic */
	int code;
	pthread_t thread;
};

/* Each turn ends with the slot at its own gpa, with its own flags. */
static void *race(void *argument)
{
	struct racer *racer = argument;
	const struct slot *slot = racer->slot;
	uint32_t log = slot->kvm_flags ^ KVM_MEM_LOG_DIRTY_PAGES;

	while (!racer->code && !__atomic_load_n(&racer->stop, __ATOMIC_ACQUIRE)) {
		racer->code = vm_slot_set(racer->vm, slot, slot->base, log);
		if (!racer->code)
			racer->code = vm_slot_set(racer->vm, slot, slot->base, slot->kvm_flags);
		if (!racer->code && racer->spare_gpa)
			racer->code = vm_slot_set(racer->vm, slot, racer->spare_gpa, slot->kvm_flags);
		if (!racer->code && racer->spare_gpa)
			racer->code = vm_slot_set(racer->vm, slot, slot->base, slot->kvm_flags);
	}
	return NULL;
}

static int enter_l2_racing(struct worker *worker, struct own_vm *own, bool moves)
{
	struct racer racer = {
		.vm = &own->vm, .spare_gpa = moves ? worker->spare_gpa : 0,
		.slot = &worker->row[worker_random(worker, worker->row_count)],
	};
	int code;

	if (moves)
		vcpu_set_patience(&own->set, PATIENT_MMIO);
	code = pthread_create(&racer.thread, NULL, race, &racer);
	if (code)
		return worker_failed(worker, code, "pthread_create(racer)");
	code = enter_l2(worker, own);
	__atomic_store_n(&racer.stop, true, __ATOMIC_RELEASE);
	pthread_join(racer.thread, NULL);
	if (racer.code)
		return worker_failed(worker, -racer.code, "KVM_SET_USER_MEMORY_REGION(memslot.%s)",
				     worker->cfg->slot);
	return code;
}

enum racing { RACE_NONE, RACE_LOG, RACE_LOG_AND_MOVE };

static int first_l2(struct worker *worker, enum racing racing)
{
	struct stress *stress = worker->stress;
	struct own_vm *own;
	enum rmap_state before;
	int code = make_own(worker, &own), end;

	if (code)
		return code;
	before = stress_vm_judge(stress, &own->vm, false);
	code = racing ? enter_l2_racing(worker, own, racing == RACE_LOG_AND_MOVE) : enter_l2(worker, own);
	if (!code)
		stress_vm_judge_after(stress, &own->vm, before, stress->phase->nested_paging);
	end = destroy_own(worker, own);
	return code ? code : end;
}

int round_first_l2(struct worker *worker)
{
	return first_l2(worker, RACE_NONE);
}

int round_first_l2_slots(struct worker *worker)
{
	if (!worker->spare_gpa)
		return worker_unavailable(worker, NO_SPARE_GPA);
	return first_l2(worker, RACE_LOG_AND_MOVE);
}

int round_first_l2_log(struct worker *worker)
{
	return first_l2(worker, RACE_LOG);
}
