/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs of a stress phase: the scenario's own, further ones that live as long as the phase, and
 * those that a worker makes for one round. How each is made, and whether its rmaps are as they must be.
 */
#ifndef STRESS_VMS_H
#define STRESS_VMS_H

#include <pthread.h>
#include <stdbool.h>

#include "host/rmap_state.h"
#include "vm/payload.h"
#include "vm/vm.h"

struct stress;

/*
 * Workers change a slot one at a time, and in the order in which they asked for it: with a mutex, the one that has just
 * ended its round would have the slot again before another one wakes up.
 */
struct slot_turns {
	pthread_mutex_t lock;
	pthread_cond_t next;
	uint32_t given, now;		/* turns asked for, and the one that it is */
};

/* A VM that lives as long as the phase. */
struct stress_vm {
	const struct vm *vm;		/* the scenario's, or &own */
	unsigned int first, vcpus;	/* its threads in stress->set */
	struct slot_turns *slots;	/* by index into layout->slots: whoever changes one has its turn */
	struct vm own;
	struct payload payload;		/* of own */
	uint64_t losses;		/* gpa of its struct abi_losses, or 0: vm/losses.h */
};

/* Makes the phase's VMs: vm, the scenario's with its payload, and the further ones with their vCPUs. 0 or -errno. */
int stress_vms_make(struct stress *stress, const struct vm *vm, const struct payload *payload, struct err *err);
/* Judges the further VMs at the end of the phase, when none of them runs any more. */
void stress_vms_judge(struct stress *stress);
/* False: a vCPU is stuck in the kernel, and the VMs must stay. */
bool stress_vms_free(struct stress *stress);

/* How many vCPUs each VM but the scenario's has. */
unsigned int stress_vcpus(const struct stress *stress);
/* Makes a VM with the run's slots, and the payload in it. On failure nothing is left. */
int stress_vm_make(const struct stress *stress, unsigned int vcpus, struct vm *vm,
		   struct payload *payload, struct err *err);
/*
 * Judges a VM's rmaps, and counts in stress->result->vms what is wrong or unknown. shadow_root: it
 * has had a nested guest on NPT/EPT. Returns the state of its rmaps.
 */
enum rmap_state stress_vm_judge(struct stress *stress, const struct vm *vm, bool shadow_root);
/* The same after the VM's nested guest, before which its state was `before`. */
void stress_vm_judge_after(struct stress *stress, const struct vm *vm, enum rmap_state before,
			   bool shadow_root);
/* Adds 1 to a figure of stress->result->vms. */
void stress_count_vm(struct stress *stress, uint64_t *figure);

#endif
