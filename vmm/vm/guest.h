/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The seam between a VM and what runs in it: one table of functions for each kind of guest that
 * [guest] payload can name. To add a kind: a file guest_KIND.c with its table, a word in
 * config/keys.c, and a row in guest.c. What only one kind knows stays behind its table.
 */
#ifndef GUEST_H
#define GUEST_H

#include "vm/payload.h"
#include "vm/vcpu.h"

struct guest_ops {
	/* Do the config's phases need a KVM that runs nested guests? */
	bool (*needs_nesting)(const struct config *config);
	/* See payload_place(), which has filled in everything that all kinds have in common. */
	int (*place)(const struct layout *layout, struct payload *payload, struct err *err);
	/*
	 * See payload_load(). The VM has its memslots and no vCPU yet: what KVM wants to be made
	 * before the first vCPU is made here.
	 */
	int (*load)(struct payload *payload, const struct vm *vm, struct err *err);
	/* Gives back what place and load have taken; NULL: nothing. The vCPUs are gone. */
	void (*release)(struct payload *payload);
	/* Changes the CPUID that KVM supports to the vCPU's; NULL: it is as KVM has it. */
	void (*cpuid)(const struct vcpu *vcpu, struct kvm_cpuid2 *cpuid);
	/* Sets the registers with which a new vCPU starts; its CPUID is set. 0 or -errno. */
	int (*start)(const struct vcpu *vcpu, struct err *err);
	/*
	 * Called before each KVM_RUN. False: the vCPU has to wait until the next phase begins.
	 */
	bool (*resume)(struct vcpu *vcpu);
	/*
	 * Handles an exit that vcpu.c does not handle for every kind. VCPU_GOES_ON, or what
	 * vcpu_trouble() or vcpu_unexpected_exit() returns.
	 */
	enum vcpu_stop (*exit)(struct vcpu *vcpu);
	/* See vcpu_report(): *report is all 0 before. */
	void (*report)(const struct vcpu *vcpu, struct abi_report *report);
	/* What the guest has printed by way of this vCPU. */
	const char *(*console)(const struct vcpu *vcpu);
};

/* The table of the kind that the config names. */
const struct guest_ops *guest_of(const struct config *config);

/* The built-in payload: guest_nested.c. */
extern const struct guest_ops guest_nested;
/* A Linux kernel of the user's: guest_linux.c. */
extern const struct guest_ops guest_linux;
/* Any multiboot kernel of the user's: guest_multiboot.c. */
extern const struct guest_ops guest_multiboot;

#endif
