// SPDX-License-Identifier: GPL-2.0-only
/* The pages of a phase that owns its memslot: those that KVM may map beside them, and how often rmaps are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "run/phase_pages.h"

#define PAGE 4096ull

__typeof__(memory_watch_moved) __wrap_memory_watch_moved;

static bool swaps;		/* the host, all the time */

const char *__wrap_memory_watch_moved(struct memory_watch *watch)
{
	(void)watch;
	return swaps ? "pages were swapped out (pswpout)" : NULL;
}

static void pages_beside(void **state)
{
	static const struct {
		uint64_t base, size, count, stride, beside;	/* in pages */
	} cases[] = {
		{ 0, 512, 256, 1, 0 },		/* whole groups of 8 */
		{ 0, 512, 5, 1, 3 },		/* the rest of the last group */
		{ 0, 5, 5, 1, 0 },		/* there is no more in the slot */
		{ 1, 516, 516, 1, 0 },		/* a slot that begins and ends within groups */
		{ 4, 512, 1, 1, 3 },		/* what is before the slot is not the slot's */
		{ 0, 512, 4, 2, 4 },		/* every other page of a group */
		{ 0, 512, 3, 8, 21 },		/* a page of each of three groups */
		{ 0, 512, 3, 20, 21 },		/* groups apart from each other */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct slot slot = { .base = cases[i].base * PAGE, .size = cases[i].size * PAGE };
		const struct phase_pages pages = { .slot = &slot, .count = cases[i].count, .stride = cases[i].stride * PAGE };

		assert_int_equal(phase_pages_beside(&pages), cases[i].beside);
	}
}

/* What is right says 256, of which one is wrong. */
static bool again(struct phase_pages *pages, int64_t counted)
{
	const int64_t numbers[2] = { counted, 0 };

	return phase_pages_count_again(pages, counted != 256, numbers, 2);
}

/* How often it is counted, if each count is wrong, by so much more than the one before it. */
static unsigned int count_wrong(struct phase_pages *pages, int64_t more)
{
	unsigned int counts = 1;
	int64_t counted = 257;

	*pages = (struct phase_pages){ .live = pages->live, .phase = pages->phase };
	while (again(pages, counted)) {
		counts++;
		counted += more;
	}
	return counts;
}

static void wrong_counts_are_counted_again(void **state)
{
	struct phase_result phase = { 0 };
	struct live_run live = { 0 };
	struct phase_pages pages = { .live = &live, .phase = &phase };

	(void)state;
	/* What is right is right, whatever the host does. */
	assert_false(again(&pages, 256));
	assert_null(phase.found.moved);
	/* Three that are wrong in the same way, without the host's doing, decide. */
	assert_int_equal(count_wrong(&pages, 0), 3);
	assert_null(phase.found.moved);
	/* If the counts differ, all of them must be wrong; three are alike only if they follow each other. */
	assert_int_equal(count_wrong(&pages, 1), 10);
	assert_null(phase.found.moved);
	pages.counts = 0;
	assert_true(again(&pages, 0));
	assert_true(again(&pages, 0));
	assert_true(again(&pages, 1));
	assert_true(again(&pages, 0));
	assert_true(again(&pages, 0));
	assert_false(again(&pages, 0));
	/* Where the host has a part in each of them nobody knows. */
	swaps = true;
	assert_int_equal(count_wrong(&pages, 0), 10);
	assert_non_null(strstr(phase.found.moved, "pswpout"));
	/* In two of five, the others decide; a right one does as well. */
	count_wrong(&pages, 0);
	pages.counts = 0;
	assert_true(again(&pages, 0));
	assert_non_null(phase.found.moved);
	assert_true(again(&pages, 0));
	swaps = false;
	assert_true(again(&pages, 0));
	assert_true(again(&pages, 0));
	assert_false(again(&pages, 0));
	assert_null(phase.found.moved);
	phase.found.moved = "pages were swapped out (pswpout)";
	assert_false(again(&pages, 256));
	assert_null(phase.found.moved);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(pages_beside), cmocka_unit_test(wrong_counts_are_counted_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
