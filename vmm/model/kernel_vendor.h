/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel's release string says of its KVM: whose kernel it is, which mainline version its KVM
 * is like, and how the vendor builds it. Pure.
 */
#ifndef KERNEL_VENDOR_H
#define KERNEL_VENDOR_H

#include <stdbool.h>

#include "base/answer.h"

struct kernel_vendor {
	const char *name;		/* "RHEL 9"; NULL: the release names no vendor of the table */
	unsigned int major, minor;	/* the mainline version whose rules its KVM follows */
	int patch;			/* of the stable series; -1: the release does not say */
	/* Unknown: kernels of this release differ, or nothing is known of them. */
	enum answer tdp_mmu;		/* the default of kvm.tdp_mmu */
	enum answer external_tracking;	/* CONFIG_KVM_EXTERNAL_WRITE_TRACKING */
	enum answer vcalloc;		/* KVM's arrays come from __vcalloc() */
};

/*
 * "6.12", "6.1.0-50-amd64", "5.14.0-570.12.1.el9_6.x86_64", "5.15.167.4-microsoft-standard-WSL2".
 * A version alone is taken for Debian's. False: it does not begin with a version.
 */
bool kernel_vendor(const char *release, struct kernel_vendor *vendor);

#endif
