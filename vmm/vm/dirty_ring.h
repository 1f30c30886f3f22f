/* SPDX-License-Identifier: GPL-2.0-only */
/* A vCPU's ring of dirty pages: Documentation/virt/kvm/api.rst, 8.29 KVM_CAP_DIRTY_LOG_RING. */
#ifndef DIRTY_RING_H
#define DIRTY_RING_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>

#include "base/err.h"

/* Which pages of a slot the rings of a VM's vCPUs have named. */
struct dirty_pages {
	uint32_t slot;
	uint64_t count;			/* pages of the slot */
	uint64_t *bitmap;		/* atomic: every vCPU's thread may add to it */
};

struct dirty_ring {
	struct kvm_dirty_gfn *entries;	/* NULL: the VM has no rings */
	uint32_t count;			/* a power of two */
	uint32_t next;			/* the first one not harvested */
	struct dirty_pages *pages;	/* where harvested pages are noted, or NULL */
	pthread_mutex_t lock;		/* of next and pages: the vCPU's thread and workers harvest */
};

/* Maps the ring of the vCPU `fd`, `size` bytes as enabled for the VM; 0: the VM has no rings. */
int dirty_ring_map(struct dirty_ring *ring, int fd, uint64_t size, struct err *err);
void dirty_ring_unmap(struct dirty_ring *ring);
/*
 * Marks all dirty pages in the ring as harvested, and returns how many there were. Their entries
 * are free, and KVM tracks the pages again, after dirty_rings_reset().
 */
uint32_t dirty_ring_harvest(struct dirty_ring *ring);
/* From now on harvested pages are noted there; NULL: nowhere. */
void dirty_ring_note(struct dirty_ring *ring, struct dirty_pages *pages);
/* KVM_RESET_DIRTY_RINGS of the VM; 0 or -errno. */
int dirty_rings_reset(int vm_fd);

#endif
