/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPUID of a vCPU that runs a kernel of the user's: what KVM supports, and which CPU of how many it is. Pure. */
#ifndef GUEST_CPUID_H
#define GUEST_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>

struct cpuid_of {
	unsigned int index, count;	/* the vCPU and its APIC id, of so many */
	bool tsc_deadline;		/* KVM_CAP_TSC_DEADLINE_TIMER */
};

void guest_cpuid(struct kvm_cpuid2 *cpuid, const struct cpuid_of *of);

#endif
