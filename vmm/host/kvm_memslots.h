/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memslots of every VM on this host, whatever made it, as they stand in the kernel's memory:
 * vm_list -> struct kvm -> its memslots, an array up to 5.16 and a tree of gfns since 5.17. KVM
 * changes them meanwhile, so a VM counts only when what was read is one state that existed: the
 * active set and its generation are the same before and after, and the VM is still listed.
 */
#ifndef KVM_MEMSLOTS_H
#define KVM_MEMSLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/kernel_memory.h"
#include "host/kernel_types.h"
#include "host/vmap_areas.h"

/* The addresses of a memslot's arrays, 0: not allocated. */
struct memslot_arrays {
	uint64_t rmap[3];	/* 4K, 2M, 1G */
	uint64_t lpage_info[2];	/* 2M, 1G */
	uint64_t tracking, dirty_bitmap;
};

struct kernel_memslot {
	uint64_t base_gfn, npages, hva;
	uint32_t flags;
	uint16_t id, as_id;
	struct memslot_arrays arrays;
};

struct kernel_vm {
	uint64_t kvm;			/* address of its struct kvm */
	int32_t pid, tgid;		/* of the thread that made it; of its memory's owner, 0: unknown */
	char folder[32];		/* its folder in debugfs, "PID-FD"; "": unknown */
	uint32_t vcpus;
	bool settled;			/* the slots are one state that existed; else why says more */
	const char *why;
	struct kernel_memslot *slots;	/* by as_id, base_gfn */
	size_t count, room;
};

struct kvm_reader {
	struct kernel_memory memory;
	struct kernel_types types;
	uint64_t vm_list;		/* address of the list's head */
	struct vmap_symbols vmap;	/* for vmap_areas_read(): kvm_reader_find_areas() */
};

/* Called for each VM. Returns 0 to go on. */
typedef int kernel_vm_visit(const struct kernel_vm *vm, void *data);

/* 0, or -errno with the reason in why. */
int kvm_reader_open(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY]);
/* What only vmap_areas_read() wants, from /proc/kallsyms, which takes long. 0, or -errno with the reason in why. */
int kvm_reader_find_areas(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY]);
void kvm_reader_close(struct kvm_reader *reader);
/* Closes the kernel's memory, and opens it again: what takes long to read stays known. */
void kvm_reader_rest(struct kvm_reader *reader);
int kvm_reader_resume(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY]);
/* Returns 0, what visit returned, or -errno: -EAGAIN when the list of VMs would not stand still. */
int kvm_reader_each(const struct kvm_reader *reader, kernel_vm_visit *visit, void *data);
/* Reads the VM at vm->kvm, settled or not, into vm, whose slots are reused. 0 or -ENOMEM. */
int kvm_reader_vm(const struct kvm_reader *reader, struct kernel_vm *vm);

#endif
