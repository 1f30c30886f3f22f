// SPDX-License-Identifier: GPL-2.0-only
/* A tally merges what is equal, subtracts what was there before, and adds up bytes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "host/tally.h"

#define RMAP "memslot_rmap_alloc"
#define TRACKING "kvm_page_track_create_memslot"

static void assert_entry(const struct tally *tally, size_t at, const char *function,
			 uint64_t pages, int64_t count)
{
	assert_true(at < tally->count);
	assert_string_equal(tally->entries[at].function, function);
	assert_int_equal(tally->entries[at].pages, pages);
	assert_int_equal(tally->entries[at].count, count);
}

static void sorts_by_function_then_pages(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	assert_int_equal(tally_add(&tally, RMAP, 61, 2), 0);
	assert_int_equal(tally_add(&tally, TRACKING, 384, 1), 0);
	assert_int_equal(tally_add(&tally, RMAP, 3, 1), 0);
	tally_sort(&tally);
	assert_int_equal(tally.count, 3);
	assert_entry(&tally, 0, TRACKING, 384, 1);
	assert_entry(&tally, 1, RMAP, 3, 1);
	assert_entry(&tally, 2, RMAP, 61, 2);
	tally_free(&tally);
	assert_null(tally.entries);
}

static void merges_equal_keys_and_drops_zeros(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(tally_add(&tally, RMAP, 1, 1), 0);
	assert_int_equal(tally_add(&tally, TRACKING, 1, 1), 0);
	assert_int_equal(tally_add(&tally, TRACKING, 1, -1), 0);
	tally_sort(&tally);
	assert_int_equal(tally.count, 1);
	assert_entry(&tally, 0, RMAP, 1, 5);
	tally_free(&tally);
}

/* Equal keys too far apart for the look back still become one. */
static void merges_far_apart(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (int turn = 0; turn < 3; turn++)
		for (uint64_t pages = 1; pages <= 1000; pages++)
			assert_int_equal(tally_add(&tally, RMAP, pages, 1), 0);
	tally_sort(&tally);
	assert_int_equal(tally.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_entry(&tally, i, RMAP, i + 1, 3);
	tally_free(&tally);
}

static void room_follows_the_distinct_entries(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_int_equal(tally_add(&tally, RMAP, (uint64_t)i % 20, 1), 0);
	assert_true(tally.room <= 64);
	tally_sort(&tally);
	assert_int_equal(tally.count, 20);
	assert_entry(&tally, 7, RMAP, 7, 5000);
	tally_free(&tally);
}

static void long_names_are_cut_alike(void **state)
{
	static const char name[] = "a_kernel_function_with_a_name_much_longer_than_fits_here";
	struct tally tally = { 0 };

	(void)state;
	assert_int_equal(tally_add(&tally, name, 1, 1), 0);
	assert_int_equal(tally_add(&tally, name, 1, 1), 0);
	tally_sort(&tally);
	assert_int_equal(tally.count, 1);
	assert_int_equal(tally.entries[0].count, 2);
	tally_free(&tally);
}

static void diff_is_after_minus_before(void **state)
{
	struct tally before = { 0 }, after = { 0 }, diff = { 0 };

	(void)state;
	tally_add(&before, TRACKING, 384, 1);
	tally_add(&before, "kvm_dev_ioctl", 2, 1);
	tally_add(&before, RMAP, 1, 4);
	tally_add(&after, RMAP, 1536, 1);
	tally_add(&after, RMAP, 1, 6);
	tally_add(&after, "kvm_dev_ioctl", 2, 1);
	assert_int_equal(tally_diff(&after, &before, &diff), 0);
	assert_int_equal(diff.count, 3);
	assert_entry(&diff, 0, TRACKING, 384, -1);
	assert_entry(&diff, 1, RMAP, 1, 2);
	assert_entry(&diff, 2, RMAP, 1536, 1);
	assert_int_equal(tally_bytes(&diff, RMAP), (1536 + 2) * 4096);
	assert_int_equal(tally_bytes(&diff, TRACKING), -384 * 4096);
	assert_int_equal(tally_bytes(&diff, NULL), (1536 + 2 - 384) * 4096);
	tally_free(&diff);
	assert_int_equal(tally_diff(&after, &after, &diff), 0);
	assert_int_equal(diff.count, 0);
	tally_free(&diff);
	tally_free(&before);
	tally_free(&after);
}

static void empty_ones_are_fine(void **state)
{
	struct tally empty = { 0 }, diff;

	(void)state;
	tally_sort(&empty);
	assert_int_equal(tally_bytes(&empty, NULL), 0);
	assert_int_equal(tally_diff(&empty, &empty, &diff), 0);
	assert_int_equal(diff.count, 0);
	tally_free(&diff);
	tally_free(&empty);
}

static void absurd_sums_stay_at_the_limit(void **state)
{
	struct tally tally = { 0 };

	(void)state;
	tally_add(&tally, RMAP, UINT64_MAX, 1);
	assert_true(tally_bytes(&tally, RMAP) == INT64_MAX);
	tally_add(&tally, RMAP, 1ull << 50, 1);
	assert_true(tally_bytes(&tally, RMAP) == INT64_MAX);
	tally_add(&tally, TRACKING, UINT64_MAX, -1);
	assert_true(tally_bytes(&tally, TRACKING) == INT64_MIN);
	tally_free(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_by_function_then_pages),
		cmocka_unit_test(merges_equal_keys_and_drops_zeros),
		cmocka_unit_test(merges_far_apart),
		cmocka_unit_test(room_follows_the_distinct_entries),
		cmocka_unit_test(long_names_are_cut_alike),
		cmocka_unit_test(diff_is_after_minus_before),
		cmocka_unit_test(empty_ones_are_fine),
		cmocka_unit_test(absurd_sums_stay_at_the_limit),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
