// SPDX-License-Identifier: GPL-2.0-only
/* Which pages the payload is told of when the VMM takes memory away. */
#include "memory_scenes.h"

#include "minivmm_abi.h"
#include "vm/losses.h"

#define TABLE (4 * K)		/* the table begins in "low", and ends in "more" */

static struct memslot_cfg memslots[] = {
	SLOT("low", .size = 64 * K), SLOT("more", .base = 64 * K, .size = M),
	SLOT("row", .base = 32 * M, .size = 64 * K, .stride = M, .count = 3),
	SLOT("mirror", .base = 48 * M, .size = 64 * K, .alias = (char *)"row", .alias_offset = 32 * K),
};

static uint64_t count(const struct vm *vm)
{
	return ((struct abi_losses *)vm_page(vm, TABLE))->count;
}

static const struct abi_loss *loss_of(const struct vm *vm, uint64_t gpa)
{
	uint64_t offset = offsetof(struct abi_losses, pages) + gpa / 4096 % ABI_LOSS_ENTRIES * sizeof(struct abi_loss);

	return (const struct abi_loss *)(vm_page(vm, TABLE + offset / 4096 * 4096) + offset % 4096);
}

/* These pages are marked so, and no others of guest memory: first and end, until an end of 0. */
static void assert_marked(const struct vm *vm, const uint64_t (*ranges)[2], uint32_t active, uint64_t last)
{
	for (uint64_t gpa = 32 * M; gpa < 64 * M; gpa += 4096) {
		const struct abi_loss *loss = loss_of(vm, gpa);
		bool in = false;

		for (size_t i = 0; ranges[i][1]; i++)
			in |= gpa >= ranges[i][0] && gpa < ranges[i][1];
		if (loss->active != (in ? active : 0) || loss->last != (in ? last : 0))
			fail_msg("gpa %#llx: active %u, last %llu", (unsigned long long)gpa, loss->active,
				 (unsigned long long)loss->last);
	}
}

static struct losses_part part_of(const struct stage *stage, size_t slot, uint64_t offset, uint64_t size)
{
	const struct slot *shows = &stage->layout.slots[slot];

	return (struct losses_part){ .slot = shows, .memory = vm_slot_memory(&stage->vm, shows) + offset, .size = size };
}

/* Part of the row's first two slots: 40K of the first, which the mirror shows but for the first 8K, and all of the second. */
static void each_slot_that_shows_the_memory_is_marked(void **state)
{
	static const uint64_t ranges[][2] = {
		{ 32 * M + 24 * K, 32 * M + 64 * K }, { 33 * M, 33 * M + 16 * K }, { 48 * M, 48 * M + 48 * K }, { 0, 0 },
	};
	struct stage stage;
	struct losses_part part;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	part = part_of(&stage, 2, 24 * K, 56 * K);
	losses_begin(&stage.vm, TABLE, &part);
	assert_int_equal(count(&stage.vm), 0);
	assert_marked(&stage.vm, ranges, 1, 0);
	losses_begin(&stage.vm, TABLE, &part);
	assert_marked(&stage.vm, ranges, 2, 0);
	losses_end(&stage.vm, TABLE, &part);
	losses_end(&stage.vm, TABLE, &part);
	assert_int_equal(count(&stage.vm), 2);
	assert_marked(&stage.vm, ranges, 0, 2);
	strike(&stage);
}

/* By the mirror, as if by the row itself; part of a page is the page. */
static void an_alias_takes_the_memory_away_that_it_shows(void **state)
{
	static const uint64_t ranges[][2] = {
		{ 32 * M + 36 * K, 32 * M + 44 * K }, { 48 * M + 4 * K, 48 * M + 12 * K }, { 0, 0 },
	};
	struct stage stage;
	struct losses_part part;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	part = part_of(&stage, 5, 4 * K, 5 * K);
	losses_begin(&stage.vm, TABLE, &part);
	losses_end(&stage.vm, TABLE, &part);
	assert_marked(&stage.vm, ranges, 0, 1);
	strike(&stage);
}

static void without_a_table_nothing_is_marked(void **state)
{
	static const uint64_t none[][2] = { { 0, 0 } };
	struct stage stage;
	struct losses_part part;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	part = part_of(&stage, 2, 0, 4 * K);
	losses_begin(&stage.vm, 0, &part);
	losses_end(&stage.vm, 0, &part);
	assert_int_equal(count(&stage.vm), 0);
	assert_marked(&stage.vm, none, 0, 0);
	strike(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slot_that_shows_the_memory_is_marked),
		cmocka_unit_test(an_alias_takes_the_memory_away_that_it_shows),
		cmocka_unit_test(without_a_table_nothing_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
