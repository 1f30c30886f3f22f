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

__typeof__(memory_moves_read) __wrap_memory_moves_read;

static bool swaps;		/* the host, all the time */

void __wrap_memory_moves_read(const char *root, struct memory_moves *moves)
{
	static uint64_t swapped;

	(void)root;
	*moves = (struct memory_moves){ .counts = { swaps ? ++swapped : swapped } };
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

/* How often it is counted, if each count is wrong. */
static unsigned int count_wrong(struct phase_pages *pages)
{
	unsigned int counts = 1;

	*pages = (struct phase_pages){ .phase = pages->phase };
	memory_moves_read("", &pages->moves);
	while (phase_pages_count_again(pages, true))
		counts++;
	return counts;
}

static void wrong_counts_are_counted_again(void **state)
{
	struct phase_result phase = { 0 };
	struct phase_pages pages = { .phase = &phase };

	(void)state;
	/* What is right is right, whatever the host does. */
	assert_false(phase_pages_count_again(&pages, false));
	assert_null(phase.found.moved);
	/* Three that are wrong without the host's doing decide. */
	assert_int_equal(count_wrong(&pages), 3);
	assert_null(phase.found.moved);
	/* Where the host has a part in each of them nobody knows. */
	swaps = true;
	assert_int_equal(count_wrong(&pages), 10);
	assert_non_null(strstr(phase.found.moved, "pswpout"));
	/* In two of five, the others decide; a right one does as well. */
	count_wrong(&pages);
	pages.counts = 0;
	assert_true(phase_pages_count_again(&pages, true));
	assert_non_null(phase.found.moved);
	assert_true(phase_pages_count_again(&pages, true));
	swaps = false;
	assert_true(phase_pages_count_again(&pages, true));
	assert_true(phase_pages_count_again(&pages, true));
	assert_false(phase_pages_count_again(&pages, true));
	assert_null(phase.found.moved);
	phase.found.moved = "pages were swapped out (pswpout)";
	assert_false(phase_pages_count_again(&pages, false));
	assert_null(phase.found.moved);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(pages_beside), cmocka_unit_test(wrong_counts_are_counted_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
