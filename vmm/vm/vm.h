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

/* The host memory of one [memslot.NAME]: vm_slot_memory() says where in it a slot begins. */
struct backing {
	uint8_t *hva;
	uint64_t size;		/* bytes mapped at hva; 0: an alias, which has no memory of its own */
	void *reserved;		/* the address range that was mapped */
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
	int unasked;			/* errno: why vm_write_if_allowed() can't ask the kernel, 0: it can */
};

/* KVM_CREATE_VM, and maps the host memory; there are no slots yet. On failure nothing is left. */
int vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout, struct err *err);
/*
 * Makes every memslot of the layout. On failure vm_destroy() removes those that were made.
 * -EINTR: a signal came; signals may be NULL.
 */
int vm_set_slots(struct vm *vm, const struct signals *signals, struct err *err);
void vm_destroy(struct vm *vm);

/*
 * Both change one slot in KVM, not in the layout: to another base and other KVM_MEM_* flags, or
 * they delete it. 0 or KVM's -errno.
 */
int vm_slot_set(const struct vm *vm, const struct slot *slot, uint64_t base, uint32_t flags);
int vm_slot_delete(const struct vm *vm, const struct slot *slot);
/* How many shadow pages KVM may have for this VM from now on; 64 at least. */
int vm_limit_mmu_pages(const struct vm *vm, uint64_t pages, struct err *err);
/* The host memory behind a slot. */
uint8_t *vm_slot_memory(const struct vm *vm, const struct slot *slot);

/* The normal-space slot of the layout at gpa, NULL when there is none. */
const struct slot *vm_slot_at(const struct vm *vm, uint64_t gpa);
/* A gpa above all slots, where a slot of this size can be moved. False: the guest's addresses end before. */
bool vm_spare_gpa(const struct vm *vm, uint64_t size, uint64_t *gpa);
/* The host's view of the guest page at gpa, NULL when no normal-space slot holds it. */
uint8_t *vm_page(const struct vm *vm, uint64_t gpa);
/* Both may cross slots; -EFAULT when a page of the range is in none. */
int vm_read(const struct vm *vm, uint64_t gpa, void *data, size_t size);
int vm_write(const struct vm *vm, uint64_t gpa, const void *data, size_t size);
/*
 * Within one page, by the kernel's hand: -EFAULT, and no SIGSEGV, if the VMM's mapping allows no writing (mprotect()), or if no
 * slot has the page. Other errors are those of process_vm_writev(). Where the kernel has no such call or a filter forbids it
 * (vm->unasked), it writes as vm_write() does: then no memory of the VM may be protected.
 */
int vm_write_if_allowed(const struct vm *vm, uint64_t gpa, const void *data, size_t size);
/*
 * Asks for 4K pages behind a range of which few pages are used: a first access that zeroes 2M
 * takes longer than the rest of a short run.
 */
void vm_small_pages(const struct vm *vm, uint64_t gpa, uint64_t size);

#endif
