/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the run, the checks and the report know of the guest: what it counted, and what went wrong
 * in it.
 */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "minivmm_abi.h"

/* Why the guest did not reach the end of a phase. */
enum guest_trouble {
	GUEST_FINE,
	GUEST_REPORTED,		/* the payload reported it: an exception, a failed VM entry, ... */
	GUEST_EXIT,		/* an unexpected KVM exit: shutdown, internal error, ... */
	GUEST_IOCTL,		/* KVM_RUN failed */
	GUEST_TIMEOUT,
	GUEST_ABI,		/* the payload has another ABI version */
	GUEST_SKIPPED,		/* not wrong: a test kernel says that it can't run its tests here */
};

struct guest_outcome {
	enum guest_trouble trouble;
	unsigned int vcpu;	/* the one that explains the trouble */
	int error;		/* errno of GUEST_IOCTL */
	char text[512];		/* the trouble in words, codes by their names */
	char registers[1024];	/* of that vCPU, in lines; "" when there is no trouble */
	char console[256];	/* what the guest printed on vCPU 0 */
	int unfiltered;		/* errno for which vCPUs' threads had no seccomp filter, 0: all had it */
	struct abi_report report; /* counters: of all vCPUs; the rest: of the one in trouble */
};

#endif
