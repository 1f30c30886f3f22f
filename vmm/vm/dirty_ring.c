// SPDX-License-Identifier: GPL-2.0-only
#include "vm/dirty_ring.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define PAGE 4096

int dirty_ring_map(struct dirty_ring *ring, int fd, uint64_t size, struct err *err)
{
	void *entries;

	*ring = (struct dirty_ring){ .count = (uint32_t)(size / sizeof(*ring->entries)) };
	pthread_mutex_init(&ring->lock, NULL);
	if (!size)
		return 0;
	entries = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       KVM_DIRTY_LOG_PAGE_OFFSET * PAGE);
	if (entries == MAP_FAILED)
		return err_errno(err, errno, "mmap(dirty ring of %llu bytes)",
				 (unsigned long long)size);
	ring->entries = entries;
	return 0;
}

void dirty_ring_unmap(struct dirty_ring *ring)
{
	if (ring->entries)
		munmap(ring->entries, ring->count * sizeof(*ring->entries));
	ring->entries = NULL;
}

static void note(struct dirty_pages *pages, const struct kvm_dirty_gfn *entry)
{
	if (pages && entry->slot == pages->slot && entry->offset < pages->count)
		__atomic_fetch_or(&pages->bitmap[entry->offset / 64], 1ull << entry->offset % 64,
				  __ATOMIC_RELAXED);
}

uint32_t dirty_ring_harvest(struct dirty_ring *ring)
{
	uint32_t taken = 0;

	if (!ring->entries)
		return 0;
	pthread_mutex_lock(&ring->lock);
	for (; taken < ring->count; taken++) {
		struct kvm_dirty_gfn *entry = &ring->entries[ring->next & (ring->count - 1)];

		if (__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) != KVM_DIRTY_GFN_F_DIRTY)
			break;
		note(ring->pages, entry);
		__atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
		ring->next++;
	}
	pthread_mutex_unlock(&ring->lock);
	return taken;
}

void dirty_ring_note(struct dirty_ring *ring, struct dirty_pages *pages)
{
	pthread_mutex_lock(&ring->lock);
	ring->pages = pages;
	pthread_mutex_unlock(&ring->lock);
}

int dirty_rings_reset(int vm_fd)
{
	return ioctl(vm_fd, KVM_RESET_DIRTY_RINGS, 0) < 0 ? -errno : 0;
}
