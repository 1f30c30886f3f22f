/* SPDX-License-Identifier: GPL-2.0-only */
/* One vCPU: made in 64-bit mode at the payload's entry, run until it asks for its next phase. */
#ifndef VCPU_H
#define VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/dirty_ring.h"
#include "vm/outcome.h"
#include "vm/payload.h"
#include "vm/vm.h"

/* What workers do to a VM that its vCPUs have to live with. */
enum vcpu_patience {
	PATIENT_MMIO = 1,	/* a memslot is away for an instant: writes there are lost, reads are 0 */
	PATIENT_EFAULT = 2,	/* memory can't be written for an instant: KVM_RUN again */
};

/* What a vcpu_run() ended with. */
enum vcpu_stop {
	VCPU_GOES_ON,		/* not a stop: KVM_RUN again */
	VCPU_WAITS,		/* at ABI_PORT_NEXT, for vcpu_tell() */
	VCPU_TROUBLE,		/* see trouble; not to be run again */
};

struct vcpu {
	const struct vm *vm;
	int fd;
	unsigned int index;
	struct kvm_run *run;		/* its shared page */
	struct dirty_ring ring;
	uint64_t report_gpa;
	bool abi_seen;
	bool asks;			/* stopped in its read of ABI_PORT_NEXT */
	bool resumes;			/* a VM entry that failed is to be tried again */
	bool told;			/* next is not handed over yet */
	uint32_t next;
	unsigned int patience;		/* enum vcpu_patience */
	const bool *repeat;		/* atomic: next is handed over again and again */
	struct latency *passes;		/* how long each took, or NULL */
	uint64_t pass_ns;		/* when the one it is in began, 0: none */
	/* Of the phase it is in: CLOCK_MONOTONIC ns, 0: not yet. */
	uint64_t l2_enter_ns, l2_entered_ns;
	enum guest_trouble trouble;
	int error;			/* errno of GUEST_IOCTL */
	uint32_t status;		/* enum abi_status of GUEST_REPORTED */
	char text[512];			/* decoded by name */
	char registers[1024];
	char console[256];		/* what the payload said */
};

int vcpu_create(struct vcpu *vcpu, const struct vm *vm, const struct payload *payload,
		unsigned int index, struct err *err);
void vcpu_destroy(struct vcpu *vcpu);

/* Runs until one of enum vcpu_stop; a kick (run->immediate_exit and a signal) counts as a timeout. On the vCPU's thread. */
enum vcpu_stop vcpu_run(struct vcpu *vcpu);
/* The phase it runs when it asks for the next one: the vCPU must not be running. */
void vcpu_tell(struct vcpu *vcpu, uint32_t next);
/* Its trouble is over: vcpu_run() goes on where it stands. */
void vcpu_forgive(struct vcpu *vcpu);
/* What its trouble in a phase is to the run. */
void vcpu_outcome(const struct vcpu *vcpu, const char *phase, struct guest_outcome *guest);
/* Counters and findings the payload left in guest memory. */
void vcpu_report(const struct vcpu *vcpu, struct abi_report *report);

#endif
