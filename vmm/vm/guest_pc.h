/* SPDX-License-Identifier: GPL-2.0-only */
/* What all guests have in common that are a kernel of the user's in a PC: guest_linux.c, guest_multiboot.c. */
#ifndef GUEST_PC_H
#define GUEST_PC_H

#include <linux/kvm.h>

#include "vm/boot_image.h"
#include "vm/pc.h"
#include "vm/ram_map.h"
#include "vm/vcpu.h"

struct vcpu_set;

/* The first member of its kind's own struct. */
struct pc_guest {
	struct boot_file kernel;
	struct boot_image image;
	struct ram_map map;
	bool opened;			/* pc is */
	struct pc pc;
	char console[256];
};

/* The guest's devices: what a phase waits for, and what has happened. */
struct pc *pc_of(const struct payload *payload);
/* Tells the guest that its vCPUs were paused, so that it does not take the time for a hang of its own. */
void pc_guest_was_paused(const struct vcpu_set *set);

/* Opens guest.kernel. The payload has the guest before: whatever fails, pc_guest_release() is called. */
int pc_guest_open(struct pc_guest *guest, const struct config *config, struct err *err);
/* Makes the VM's interrupt controllers and timer, and the devices. */
int pc_guest_make(struct pc_guest *guest, const struct vm *vm, struct err *err);
/* Closes what is open. The kind frees its struct. */
void pc_guest_close(struct pc_guest *guest);

/* These are for struct guest_ops. */
bool pc_guest_needs_nesting(const struct config *config);
void pc_guest_cpuid(const struct vcpu *vcpu, struct kvm_cpuid2 *leaves);
bool pc_guest_resume(struct vcpu *vcpu);
enum vcpu_stop pc_guest_exit(struct vcpu *vcpu);
void pc_guest_report(const struct vcpu *vcpu, struct abi_report *report);
const char *pc_guest_console(const struct vcpu *vcpu);

#endif
