/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens /dev/kvm, checks its API and reads its capabilities. */
#ifndef KVM_H
#define KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Newer than Debian 12's <linux/kvm.h>. */
#define QUIRKS_CAP 213			/* KVM_CAP_DISABLE_QUIRKS2, 5.17 */
#define QUIRKS_SLOT_ZAP_ALL (1u << 7)	/* KVM_X86_QUIRK_SLOT_ZAP_ALL, 6.12 */

struct kvm {
	int fd;
	size_t run_size;		/* bytes of a vCPU's struct kvm_run mapping */
	uint32_t max_slots, max_vcpus;
	size_t nested_state_size;	/* KVM_CAP_NESTED_STATE, 0: no nested guests */
	bool readonly_slots, smm_slots;
	uint64_t gmem_flags;		/* KVM_CAP_GUEST_MEMFD_FLAGS, 0: none or no guest_memfd */
	bool gmem;			/* KVM_CAP_GUEST_MEMFD */
	uint32_t dirty_ring;		/* KVM_CAP_DIRTY_LOG_RING: largest ring in bytes, 0: none */
	uint64_t quirks;		/* KVM_CAP_DISABLE_QUIRKS2: those that can be turned off */
	struct kvm_cpuid2 *cpuid;	/* KVM_GET_SUPPORTED_CPUID */
};

/*
 * Opens device (/dev/kvm). -ENOENT, -EACCES, -EPERM, -ENODEV: the host has no usable
 * KVM, with a remedy in err; -ENOSYS: it lacks a capability that minivmm needs.
 */
int kvm_open(struct kvm *kvm, const char *device, struct err *err);
void kvm_close(struct kvm *kvm);

/* What KVM_GET_SUPPORTED_CPUID says. */
bool kvm_has_svm(const struct kvm *kvm);
bool kvm_has_vmx(const struct kvm *kvm);
bool kvm_has_1g_pages(const struct kvm *kvm);
bool kvm_has_nx(const struct kvm *kvm);
unsigned int kvm_phys_bits(const struct kvm *kvm);
struct layout_limits;

/* What KVM requires of a layout. */
void kvm_limits(const struct kvm *kvm, struct layout_limits *limits);

/*
 * Calls ioctl; on failure err gets "NAME(ARGUMENT): error", where format gives NAME(ARGUMENT).
 * Returns the ioctl's value or -errno.
 */
int kvm_ioctl(int fd, unsigned long request, void *argument, struct err *err,
	      const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
