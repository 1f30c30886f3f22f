/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM: its descriptor, the host memory behind its memslots, and access to guest memory by gpa. */
#ifndef VM_H
#define VM_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "config/layout.h"
#include "vm/kvm.h"
#include "vm/signals.h"

/* Host memory of one [memslot.NAME]: slot i of the row is at hva + i * size. */
struct backing {
	uint8_t *hva;
	uint64_t size;		/* bytes mapped at hva, 0: another slot's (alias) */
	void *reserved;		/* the address range, larger than size for alignment */
	uint64_t reserved_size;
	int fd;			/* of memfd, hugetlb, guest_memfd or file, -1: anonymous */
};

struct vm {
	const struct kvm *kvm;
	const struct layout *layout;
	int fd;
	struct backing *backings;	/* one per config->memslots */
	uint64_t ioctl_ns;		/* spent in the ioctls that made it and its slots */
	pid_t creator;			/* thread that made it: debugfs names the VM CREATOR-FD */
};

/* KVM_CREATE_VM and the host memory; no slots yet. On failure everything is given back. */
int vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout, struct err *err);
/*
 * Every memslot of the layout; on failure those made so far go with vm_destroy(). -EINTR: one of
 * signals (or NULL) came.
 */
int vm_set_slots(struct vm *vm, const struct signals *signals, struct err *err);
void vm_destroy(struct vm *vm);

/*
 * One slot as it is to be now: where base is, with these KVM_MEM_* flags, or gone. 0 or
 * -errno, as KVM says. What the layout says of it does not change.
 */
int vm_slot_set(const struct vm *vm, const struct slot *slot, uint64_t base, uint32_t flags);
int vm_slot_delete(const struct vm *vm, const struct slot *slot);
/* The host memory behind a slot. */
uint8_t *vm_slot_memory(const struct vm *vm, const struct slot *slot);

/* The host's view of the guest page at gpa, NULL when no normal-space slot holds it. */
uint8_t *vm_page(const struct vm *vm, uint64_t gpa);
/* Across slots; -EFAULT when a page of the range lies in none. */
int vm_write(const struct vm *vm, uint64_t gpa, const void *data, size_t size);
/*
 * Asks for 4K pages behind a range that is touched here and there: a first touch that
 * zeroes 2M costs more than the rest of a short run.
 */
void vm_small_pages(const struct vm *vm, uint64_t gpa, uint64_t size);
int vm_read(const struct vm *vm, uint64_t gpa, void *data, size_t size);

#endif
