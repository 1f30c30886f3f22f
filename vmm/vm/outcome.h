/* SPDX-License-Identifier: GPL-2.0-only */
/* How a VM's vCPUs came through a phase. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "minivmm_abi.h"

/* Why the guest did not reach the end of a phase. */
enum guest_trouble {
	GUEST_FINE,
	GUEST_REPORTED,		/* the payload reported it: an exception, a failed VM entry, ... */
	GUEST_EXIT,		/* a KVM exit that nobody expects: shutdown, internal error, ... */
	GUEST_IOCTL,		/* KVM_RUN failed */
	GUEST_TIMEOUT,
	GUEST_ABI,		/* the payload has another ABI version */
};

struct guest_outcome {
	enum guest_trouble trouble;
	unsigned int vcpu;	/* the first one in trouble */
	int error;		/* errno of GUEST_IOCTL */
	char text[512];		/* decoded by name, for people */
	char registers[1024];	/* of that vCPU, lines; "" when there is no trouble */
	char console[256];	/* what vCPU 0's payload printed */
	struct abi_report report; /* sums of the counters over vCPUs; the rest of the one in trouble */
};

#endif
