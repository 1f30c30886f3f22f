// SPDX-License-Identifier: GPL-2.0-only
/* The pages of a phase that owns its memslot: those that KVM may map beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "run/phase_pages.h"

#define PAGE 4096ull

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

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(pages_beside) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
