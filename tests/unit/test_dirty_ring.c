// SPDX-License-Identifier: GPL-2.0-only
/* A vCPU's ring of dirty pages, made by hand: a file stands for the vCPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm/dirty_ring.h"

#define SIZE 4096u
#define ENTRIES (SIZE / sizeof(struct kvm_dirty_gfn))
#define OFFSET (KVM_DIRTY_LOG_PAGE_OFFSET * 4096)

static void fill(struct dirty_ring *ring, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		ring->entries[i % ENTRIES].flags = KVM_DIRTY_GFN_F_DIRTY;
}

static uint32_t count_reset(const struct dirty_ring *ring)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < ENTRIES; i++)
		count += ring->entries[i].flags == KVM_DIRTY_GFN_F_RESET;
	return count;
}

/* What rings name of one slot is noted; other slots, and pages that it does not have, are not. */
static void notes_the_pages_of_a_slot(void **state)
{
	static const struct kvm_dirty_gfn entries[] = {
		{ .slot = 3, .offset = 0 }, { .slot = 3, .offset = 69 }, { .slot = 2, .offset = 5 },
		{ .slot = 3, .offset = 70 }, { .slot = 3 | 1 << 16, .offset = 6 },
	};
	uint64_t bitmap[3] = { 0, 0, 0 };
	struct dirty_pages pages = { .slot = 3, .count = 70, .bitmap = bitmap };
	int fd = memfd_create("vcpu", 0);
	struct dirty_ring ring;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ftruncate(fd, OFFSET + SIZE), 0);
	assert_int_equal(dirty_ring_map(&ring, fd, SIZE, &err), 0);
	ring.pages = &pages;
	memcpy(ring.entries, entries, sizeof(entries));
	fill(&ring, 0, 5);
	assert_int_equal(dirty_ring_harvest(&ring), 5);
	assert_int_equal(bitmap[0], 1);
	assert_int_equal(bitmap[1], 1 << 5);
	assert_int_equal(bitmap[2], 0);
	dirty_ring_unmap(&ring);
	close(fd);
}

static void harvests_what_is_dirty(void **state)
{
	int fd = memfd_create("vcpu", 0);
	struct dirty_ring ring;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(ftruncate(fd, OFFSET + SIZE), 0);
	assert_int_equal(dirty_ring_map(&ring, fd, SIZE, &err), 0);
	assert_int_equal(ring.count, ENTRIES);
	assert_int_equal(dirty_ring_harvest(&ring), 0);
	fill(&ring, 0, 5);
	/* Behind a gap: not yet. */
	fill(&ring, 6, 1);
	assert_int_equal(dirty_ring_harvest(&ring), 5);
	assert_int_equal(count_reset(&ring), 5);
	assert_int_equal(dirty_ring_harvest(&ring), 0);
	fill(&ring, 5, 1);
	assert_int_equal(dirty_ring_harvest(&ring), 2);
	assert_int_equal(count_reset(&ring), 7);
	/* All of it, from the middle on: it ends after one turn. */
	fill(&ring, 7, ENTRIES);
	assert_int_equal(dirty_ring_harvest(&ring), ENTRIES);
	assert_int_equal(count_reset(&ring), ENTRIES);
	assert_int_equal(ring.next, ENTRIES + 7);
	dirty_ring_unmap(&ring);
	assert_null(ring.entries);
	assert_int_equal(dirty_ring_harvest(&ring), 0);
	assert_int_equal(dirty_rings_reset(fd), -ENOTTY);
	close(fd);
}

static void none_is_none(void **state)
{
	struct dirty_ring ring;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(dirty_ring_map(&ring, -1, 0, &err), 0);
	assert_null(ring.entries);
	assert_int_equal(dirty_ring_harvest(&ring), 0);
	dirty_ring_unmap(&ring);
	assert_int_equal(dirty_ring_map(&ring, -1, SIZE, &err), -EBADF);
	assert_string_equal(err.text, "mmap(dirty ring of 4096 bytes): Bad file descriptor");
	assert_null(ring.entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harvests_what_is_dirty),
		cmocka_unit_test(notes_the_pages_of_a_slot),
		cmocka_unit_test(none_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
