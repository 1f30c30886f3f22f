// SPDX-License-Identifier: GPL-2.0-only
/* Which of a VM's arrays are left, where other VMs' arrays come to lie at the same addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/seen_arrays.h"

#define PAGE 4096ull

static struct vmap_area now[] = {
	{ .address = 0x1000, .pages = 1, .page_array = 0x8 },
	{ .address = 0x4000, .pages = 2, .page_array = 0x10 },
};
static struct vmap_areas areas = { .list = now, .count = 2 };

static void note(struct seen_arrays *seen)
{
	now[0] = (struct vmap_area){ .address = 0x1000, .pages = 1, .page_array = 0x8 };
	now[1] = (struct vmap_area){ .address = 0x4000, .pages = 2, .page_array = 0x10 };
	assert_int_equal(seen_arrays_renew(seen, 3), 0);
	seen_arrays_note(seen, &now[0]);
	seen_arrays_note(seen, NULL);
	seen_arrays_note(seen, &now[1]);
}

static void what_stays_is_left(void **state)
{
	struct seen_arrays seen = { 0 };

	(void)state;
	note(&seen);
	assert_int_equal(seen_arrays_left(&seen, &areas), 3 * PAGE);
	assert_int_equal(seen_arrays_left(&seen, &areas), 3 * PAGE);
	seen_arrays_free(&seen);
}

/* An area of the same address, size and list of pages, which is a slot's of another VM. */
static void what_is_another_vms_is_not(void **state)
{
	struct seen_arrays seen = { 0 };

	(void)state;
	note(&seen);
	vmap_area_take(&areas, 0x1000);
	vmap_area_take(&areas, 0x2000);		/* nothing is there */
	assert_int_equal(seen_arrays_left(&seen, &areas), 2 * PAGE);
	now[0].taken = false;
	assert_int_equal(seen_arrays_left(&seen, &areas), 2 * PAGE);
	seen_arrays_free(&seen);
}

/* What looks the same later is another array. */
static void what_was_gone_once_is_gone(void **state)
{
	struct seen_arrays seen = { 0 };

	(void)state;
	note(&seen);
	now[1].page_array = 0x18;
	assert_int_equal(seen_arrays_left(&seen, &areas), PAGE);
	now[1].page_array = 0x10;
	assert_int_equal(seen_arrays_left(&seen, &areas), PAGE);
	areas.count = 0;
	assert_int_equal(seen_arrays_left(&seen, &areas), 0);
	areas.count = 2;
	assert_int_equal(seen_arrays_left(&seen, &areas), 0);
	seen_arrays_free(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_is_left),
		cmocka_unit_test(what_is_another_vms_is_not),
		cmocka_unit_test(what_was_gone_once_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
