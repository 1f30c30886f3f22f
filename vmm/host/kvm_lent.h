/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMs of a host where neither /proc/kcore nor vm_list can be used: a VM is a descriptor of some
 * process, which pidfd_getfd() lends to this one, and a probe (kernel_probe.h) reads what lies behind
 * it. The VM can't go while it is lent. It is given back as soon as its memslots are read.
 */
#ifndef KVM_LENT_H
#define KVM_LENT_H

#include <sys/types.h>

#include "host/kvm_memslots.h"

/* 0, or -errno with the reason in why. kvm_reader_close() closes it. */
int kvm_lent_open(struct kvm_reader *reader, char why[SOURCE_WHY]);
/* The processes that do not show or lend their descriptors. They may have VMs, or none. */
struct kvm_refusals {
	pid_t *list;
	size_t count;
};
/*
 * Visits each VM once. Returns 0, what visit returned, or -errno with the reason in why: also where no
 * VM was lent and some process refused. refusals: of the caller, who frees its list in either case.
 */
int kvm_lent_each(const struct kvm_reader *reader, kernel_vm_visit *visit, void *data,
		  struct kvm_refusals *refusals, char why[SOURCE_WHY]);
/* The process that refuses and that has this thread, or 0. root: "" or a fixture folder. */
pid_t kvm_refuser(const char *root, const struct kvm_refusals *refusals, int64_t thread);
/* What EPERM and EACCES may mean: ptrace_may_access(), kernel/ptrace.c. */
#define KVM_REFUSED "CAP_SYS_PTRACE is missing in its user namespace, " \
	"kernel.yama.ptrace_scope is 3, or a security module forbids it"

#endif
