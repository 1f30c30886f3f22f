/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs that the kernel's own memory shows, read once and kept: kvm_memslots.h visits them. */
#ifndef KERNEL_VMS_H
#define KERNEL_VMS_H

#include "host/kvm_lent.h"
#include "host/kvm_memslots.h"

struct kernel_vms {
	struct kernel_vm *list;
	size_t count;
	bool by_bpf;		/* not by /proc/kcore */
	struct kvm_refusals refusals;	/* only by BPF: processes whose VMs are not in the list */
};

/*
 * By /proc/kcore or, where that does not do and borrow is true, by BPF and descriptors that other processes lend. root: ""
 * or a fixture folder. 0, or -errno with the reason in why.
 */
int kernel_vms_read(const char *root, bool borrow, struct kernel_vms *vms, char why[SOURCE_WHY]);
void kernel_vms_free(struct kernel_vms *vms);
/* The VM of a folder of debugfs, "PID-FD", or NULL. */
const struct kernel_vm *kernel_vms_find(const struct kernel_vms *vms, const char *folder);

#endif
