/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU, of any kind of guest: its file descriptor and its KVM_RUN loop, the phase that it runs,
 * and what went wrong. What an exit means is its kind's to say (guest.h).
 */
#ifndef VCPU_H
#define VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/dirty_ring.h"
#include "vm/guest_nested.h"
#include "vm/outcome.h"
#include "vm/payload.h"
#include "vm/vm.h"

/* What workers do to a VM that its vCPUs have to tolerate. */
enum vcpu_patience {
	PATIENT_MMIO = 1,	/* a memslot is missing at times: the VMM does the access */
	PATIENT_EFAULT = 2,	/* memory can't be written at times: KVM_RUN is tried again */
	PATIENT_ANYWHERE = 4,	/* that memory is not only what workers write-protect (OP_WRITE_PROTECTS) */
};

/* What a vcpu_run() ended with. */
enum vcpu_stop {
	VCPU_GOES_ON,		/* not a stop: KVM_RUN again */
	VCPU_WAITS,		/* it wants a phase, which vcpu_tell() names */
	VCPU_TROUBLE,		/* see trouble; not to be run again */
};

struct vcpu {
	const struct vm *vm;
	const struct payload *payload;
	int fd;
	unsigned int index;
	struct kvm_run *run;		/* its shared page */
	struct dirty_ring ring;
	struct nested_vcpu nested;	/* of payload = nested */
	bool flushes;			/* what its guest asks for may make it flush a page (pc.c) */
	unsigned int patience;		/* atomic: enum vcpu_patience */
	uint64_t vmm_accesses;		/* atomic: accesses that KVM left to the VMM: it did them, or began to */
	uint64_t exits;			/* atomic: how often KVM_RUN has returned */
	uint64_t refusals;		/* atomic: a write was refused (EFAULT), and is tried again */
	bool owes_write;		/* one that KVM emulated, and left to the VMM: before the next KVM_RUN */
	/* The phase. */
	bool told;			/* next has not been begun yet */
	uint32_t next;
	const bool *repeat;		/* atomic: next is begun again and again */
	const bool *pause;		/* atomic: a kick is no timeout, it waits where it stands */
	struct latency *passes;		/* how long each pass took, or NULL */
	uint64_t pass_ns;		/* when this pass began, 0: it has not */
	/*
	 * When the guest said that it is about to enter L2 for the phase's first time, and that
	 * it is back: 0: not yet.
	 */
	uint64_t l2_enter_ns, l2_entered_ns;
	bool resumes;			/* a VM entry that failed comes again when it goes on */
	/* What went wrong. */
	enum guest_trouble trouble;
	int error;			/* errno of GUEST_IOCTL */
	uint32_t status;		/* enum abi_status of GUEST_REPORTED */
	char text[512];			/* in words, codes by their names */
	char registers[1024];
};

/* On failure nothing is left. The vCPU keeps vm and payload. */
int vcpu_create(struct vcpu *vcpu, const struct vm *vm, const struct payload *payload,
		unsigned int index, struct err *err);
void vcpu_destroy(struct vcpu *vcpu);

/*
 * Runs on the vCPU's own thread until one of enum vcpu_stop. A kick (run->immediate_exit and a
 * signal) counts as a timeout, unless *pause.
 */
enum vcpu_stop vcpu_run(struct vcpu *vcpu);
/* Names the phase that it runs when it asks for the next one. The vCPU must not be running. */
void vcpu_tell(struct vcpu *vcpu, uint32_t next);
/* The same phase once more. When its first entry into L2 was stays as it is. */
void vcpu_tell_again(struct vcpu *vcpu);
/* Clears its trouble: the next vcpu_run() goes on where the vCPU stands. */
void vcpu_forgive(struct vcpu *vcpu);
/* Has KVM_RUN failed with errno `error`? */
bool vcpu_failed_with(const struct vcpu *vcpu, int error);
/* Writes what went wrong in the phase into guest. */
void vcpu_outcome(const struct vcpu *vcpu, const char *phase, struct guest_outcome *guest);
/* What the guest counted and found, as it last said; all 0 where its kind says nothing. */
void vcpu_report(const struct vcpu *vcpu, struct abi_report *report);

/* For struct guest_ops: */

/*
 * The vCPU begins the phase that it was told or, while *repeat, the same again. False: it was
 * told none.
 */
bool vcpu_begin_pass(struct vcpu *vcpu);
/* The vCPU has come to the end of its phase. */
void vcpu_end_pass(struct vcpu *vcpu);
/*
 * With PATIENT_MMIO: does an access to a memslot that is missing for a short time, through the VMM's own
 * mapping, so that nothing is lost. Where workers make that mapping read-only, too, vcpu_takes_over_write() has to have
 * taken the writes. False: the exit is another one.
 */
bool vcpu_access_missing_slot(struct vcpu *vcpu);
/*
 * A KVM that emulates a write to memory which mprotect() lets nobody write takes it for memory without a slot
 * (emulator_read_write_onepage(), arch/x86/kvm/x86.c): the VMM gets KVM_EXIT_MMIO, where KVM_RUN fails with EFAULT otherwise. Which
 * instructions KVM emulates is the host's matter; on a PVM host it is all of them. Was the exit such a write? Then it is done or, if
 * it is refused to the VMM as well, owed. With PATIENT_EFAULT it need not be refused: it may have been a moment before.
 * KVM logs no page for it (kvm_write_guest_page(), virt/kvm/kvm_main.c, marks what it has written).
 */
bool vcpu_takes_over_write(struct vcpu *vcpu);
/*
 * Does the write that is owed, if it is no longer refused. It comes before the next KVM_RUN, which completes the instruction.
 * While it is owed the vCPU is as one whose KVM_RUN failed with EFAULT.
 */
bool vcpu_still_owes_write(struct vcpu *vcpu);
/* Keeps what went wrong, with the registers. Returns VCPU_TROUBLE. */
enum vcpu_stop vcpu_trouble(struct vcpu *vcpu, enum guest_trouble trouble, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an exit that the guest must not cause. */
enum vcpu_stop vcpu_unexpected_exit(struct vcpu *vcpu);

#endif
