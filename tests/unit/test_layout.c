// SPDX-License-Identifier: GPL-2.0-only
/* Memslots become slots with addresses and ids, or every rule they break is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/layout.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)

#define NEXT -1
#define SLOT(slot_name, slot_id, ...) \
	{ .name = slot_name, .at = { "t.ini", 1 }, .id = slot_id, .node = -1, __VA_ARGS__ }

/* The defaults that config_load() sets. */
static void settle(struct memslot_cfg *memslots, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!memslots[i].count)
			memslots[i].count = 1;
		if (!memslots[i].stride)
			memslots[i].stride = memslots[i].size;
		if (!memslots[i].plugged)
			memslots[i].plugged = memslots[i].size;
	}
}

static void build(struct memslot_cfg *memslots, size_t count, struct config *config,
		  struct layout *layout)
{
	struct errors errors = { 0 };
	int code;

	*config = (struct config){ .memslots = memslots, .memslot_count = count };
	settle(memslots, count);
	code = layout_build(config, &LAYOUT_LIMITS_DEFAULT, layout, &errors);
	if (errors.count)
		fail_msg("%s", errors.lines[0]);
	assert_int_equal(code, 0);
}

static void expect_error(struct memslot_cfg *memslots, size_t count,
			 const struct layout_limits *limits, const char *line)
{
	struct config config = { .memslots = memslots, .memslot_count = count };
	struct errors errors = { 0 };
	struct layout layout;

	settle(memslots, count);
	assert_int_equal(layout_build(&config, limits, &layout, &errors), -EINVAL);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.lines[0], line);
	assert_null(layout.slots);
	assert_null(layout.by_base);
	errors_free(&errors);
}

static void rows_become_slots(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("high", NEXT, .base = 4 * G, .size = 61 * G, .flags = SLOT_DIRTY_LOG),
		SLOT("row", NEXT, .base = 0, .size = 2 * M, .stride = 4 * M, .count = 3,
		     .flags = SLOT_READONLY),
		SLOT("smm", NEXT, .base = 128 * G, .size = 4 * K, .space = SPACE_SMM),
	};
	char name[CONFIG_NAME_MAX + 16];
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	assert_int_equal(layout.count, 5);
	assert_int_equal(layout.normal_count, 4);
	assert_int_equal(layout.top, 128 * G + 4 * K);
	assert_ptr_equal(layout.config, &config);
	assert_int_equal(layout.slots[0].kvm_flags, KVM_MEM_LOG_DIRTY_PAGES);
	assert_int_equal(layout.slots[3].kvm_flags, KVM_MEM_READONLY);
	assert_int_equal(layout.slots[3].base, 8 * M);
	assert_int_equal(layout.slots[3].size, 2 * M);
	assert_int_equal(layout.slots[3].cfg, 1);
	assert_int_equal(layout.slots[3].index, 2);
	assert_string_equal(slot_name(&layout, &layout.slots[0], name), "high");
	assert_string_equal(slot_name(&layout, &layout.slots[3], name), "row[2]");
	assert_int_equal(layout.by_base[0], 1);
	assert_int_equal(layout.by_base[2], 3);
	assert_int_equal(layout.by_base[3], 0);
	layout_free(&layout);
	assert_int_equal(layout.count, 0);
}

static void ids_are_the_lowest_free_ones(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("first", NEXT, .base = 0, .size = M),
		SLOT("row", 1, .base = G, .size = M, .count = 2),
		SLOT("next", NEXT, .base = 2 * G, .size = M, .count = 2),
		SLOT("four", 4, .base = 3 * G, .size = M),
		SLOT("smm", NEXT, .base = 0, .size = M, .space = SPACE_SMM),
		SLOT("smm-1", 32763, .base = G, .size = M, .space = SPACE_SMM),
	};
	static const uint32_t ids[] = { 0, 1, 2, 3, 5, 4, 1 << 16, 32763 | 1 << 16 };
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	assert_int_equal(layout.count, COUNT(ids));
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_int_equal(layout.slots[i].id, ids[i]);
	layout_free(&layout);
}

static void neighbours_and_other_spaces_do_not_overlap(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("b", NEXT, .base = G, .size = G),
		SLOT("a", NEXT, .base = 0, .size = G),
		SLOT("c", NEXT, .base = 2 * G, .size = 4 * K),
		SLOT("smm", NEXT, .base = 0, .size = 4 * G, .space = SPACE_SMM),
		/* Rows may interleave. */
		SLOT("even", NEXT, .base = 8 * G, .size = 4 * K, .stride = 8 * K, .count = 100),
		SLOT("odd", NEXT, .base = 8 * G + 4 * K, .size = 4 * K, .stride = 8 * K,
		     .count = 100),
		/* The highest address there is. */
		SLOT("last", NEXT, .base = (1ull << 52) - 4 * K, .size = 4 * K),
	};
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	for (size_t i = 1; i < layout.normal_count; i++)
		assert_true(layout.slots[layout.by_base[i - 1]].base <
			    layout.slots[layout.by_base[i]].base);
	assert_int_equal(layout.top, 1ull << 52);
	layout_free(&layout);
}

static void every_hidden_overlap_is_found(void **state)
{
	/* The one that reaches furthest is not the neighbour. */
	struct memslot_cfg memslots[] = {
		SLOT("big", NEXT, .base = 0, .size = 4 * G),
		SLOT("row", NEXT, .base = 8 * G, .size = 4 * K, .count = 10),
		SLOT("late", NEXT, .base = 3 * G, .size = 4 * K),
	};

	(void)state;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.late.base: 3G: late at 0xc0000000-0xc0000fff overlaps big "
		     "at 0x0-0xffffffff");
	memslots[2].base = 8 * G + 12 * K;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.late.base: 8388620K: late at 0x200003000-0x200003fff "
		     "overlaps row[3] at 0x200003000-0x200003fff");
	/* A slot of nothing overlaps nothing: one error is enough. */
	memslots[2].size = memslots[2].stride = memslots[2].plugged = 0;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.late.size: 0: must be more than 0");
	memslots[2].size = memslots[2].stride = 4 * K;
	/* In SMM's space as well. */
	memslots[0].space = memslots[1].space = memslots[2].space = SPACE_SMM;
	memslots[2].base = 0;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.late.base: 0: late at 0x0-0xfff overlaps big "
		     "at 0x0-0xffffffff");
}

static void memory_is_what_the_guest_has(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("low", NEXT, .base = 0, .size = G, .count = 2),
		SLOT("smm", NEXT, .base = 0, .size = 2 * G, .alias = (char *)"low", .space = SPACE_SMM),
		SLOT("window", NEXT, .base = 8 * G, .size = M, .alias = (char *)"low"),
		SLOT("smram", NEXT, .base = 128 * G, .size = 128 * K, .space = SPACE_SMM),
		SLOT("bar", NEXT, .base = 64 * G, .size = 16 * G, .kind = SLOT_DEVICE),
		SLOT("hotplug", NEXT, .base = 16 * G, .size = 4 * G, .count = 2, .plugged = 3 * M),
	};
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	assert_int_equal(layout_memory(&layout), 2 * G + 128 * K + 6 * M);
	assert_int_equal(layout.slots[0].plugged, G);
	assert_int_equal(layout.slots[layout.count - 1].plugged, 3 * M);
	memslots[5].plugged = 0;
	assert_int_equal(layout_memory(&layout), 2 * G + 128 * K);
	layout_free(&layout);
}

static void no_more_is_plugged_than_fits(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("m", NEXT, .base = 0, .size = 4 * G, .plugged = 4 * G + 4 * K),
	};
	struct config config;
	struct layout layout;

	(void)state;
	expect_error(memslots, 1, &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.m.plugged: 4194308K: is more than the slot's size: 4G");
	memslots[0].plugged = 3 * G + M;
	memslots[0].backing = BACKING_HUGETLB_2M;
	expect_error(memslots, 1, &LAYOUT_LIMITS_DEFAULT, "t.ini:1: memslot.m.plugged: 3073M: must be "
		     "a multiple of 2M, the page size of its backing");
	memslots[0].plugged += M;
	build(memslots, 1, &config, &layout);
	layout_free(&layout);
	memslots[0].backing = BACKING_HUGETLB_1G;
	expect_error(memslots, 1, &LAYOUT_LIMITS_DEFAULT, "t.ini:1: memslot.m.plugged: 3074M: must be "
		     "a multiple of 1G, the page size of its backing");
}

static void an_alias_shows_no_more_than_there_is(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("window", NEXT, .base = 8 * G, .size = G, .alias = (char *)"low"),
		SLOT("low", NEXT, .base = 0, .size = G, .count = 2),
		SLOT("smm", NEXT, .base = 0, .size = G, .count = 2, .alias = (char *)"low",
		     .space = SPACE_SMM),
	};
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	layout_free(&layout);
	memslots[2].count = 3;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.smm.size: 1G: times count, this is more than the memory of "
		     "memslot.low, which it shows: 2G");
	memslots[2].count = 1;
	memslots[2].alias_offset = 2 * G;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.smm.alias-offset: 2G: is beyond the memory of memslot.low, "
		     "which it shows: 2G");
	memslots[2].alias_offset = G + 4 * K;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.smm.size: 1G: is more than the memory of memslot.low from "
		     "alias-offset on, which it shows: 1048572K");
	memslots[2].alias_offset = G;
	build(memslots, COUNT(memslots), &config, &layout);
	assert_int_equal(layout_memory(&layout), 2 * G);
	layout_free(&layout);
	memslots[2].alias = (char *)"window";
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.smm.alias: window: is an alias, too");
	memslots[2].alias = (char *)"lost";
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.smm.alias: lost: there is no [memslot.lost]");
}

static void limits_are_the_hosts(void **state)
{
	static const struct layout_limits small = { .max_slots = 8, .phys_bits = 40 };
	static const struct layout_limits no_width = { .max_slots = 8, .phys_bits = 64 };
	struct memslot_cfg memslots[] = {
		SLOT("a", NEXT, .base = 0, .size = 4 * K, .count = 8),
		SLOT("smm", NEXT, .base = 0, .size = 4 * K, .count = 8, .space = SPACE_SMM),
	};
	struct config config = { .memslots = memslots, .memslot_count = 2 };
	struct errors errors = { 0 };
	struct layout layout;

	(void)state;
	settle(memslots, 2);
	assert_int_equal(layout_build(&config, &small, &layout, &errors), 0);
	layout_free(&layout);
	memslots[1].count = 9;
	expect_error(memslots, 2, &small, "t.ini:1: memslot.smm.count: 9: with these there are "
		     "more than 8 slots in space smm (KVM_CAP_NR_MEMSLOTS)");
	memslots[1].count = 1;
	memslots[1].id = 8;
	expect_error(memslots, 2, &small, "t.ini:1: memslot.smm.id: 8: there is no id 8; the last "
		     "one is 7 (KVM_CAP_NR_MEMSLOTS - 1)");
	memslots[1].id = -1;
	memslots[1].base = 1ull << 40;
	expect_error(memslots, 2, &small, "t.ini:1: memslot.smm.base: 1T: the slot would end at "
		     "0x10000000fff, which is beyond 40 address bits");
	memslots[1].base = UINT64_MAX - 8 * K + 1;
	assert_int_equal(layout_build(&config, &no_width, &layout, &errors), 0);
	layout_free(&layout);
	memslots[1].size = memslots[1].stride = 12 * K;
	expect_error(memslots, 2, &no_width, "t.ini:1: memslot.smm.base: 18014398509481976K: the "
		     "slot would end beyond 2^64");
	/* More than fits into an int, or memory. */
	memslots[1].base = 0;
	memslots[1].count = UINT64_MAX;
	memslots[1].stride = 0;
	memslots[1].size = 4 * K;
	config.memslot_count = 2;
	assert_int_equal(layout_build(&config, &small, &layout, &errors), -EINVAL);
	errors_free(&errors);
}

static void the_largest_slot_is_fine(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("a", NEXT, .base = 0, .size = SLOT_SIZE_MAX),
		SLOT("huge", NEXT, .base = 16ull << 40, .size = 2 * G,
		     .backing = BACKING_HUGETLB_1G),
	};
	struct config config;
	struct layout layout;

	(void)state;
	build(memslots, COUNT(memslots), &config, &layout);
	layout_free(&layout);
	memslots[0].size = memslots[0].stride = 8ull << 40;
	expect_error(memslots, COUNT(memslots), &LAYOUT_LIMITS_DEFAULT,
		     "t.ini:1: memslot.a.size: 8T: KVM takes at most 8 TiB - 4 KiB "
		     "(8796093018112 bytes) in a slot");
}

/* What this KVM, or this kind of memory, has not. */
static void kinds_a_host_lacks(void **state)
{
	const struct layout_limits limits = {
		.max_slots = 8, .phys_bits = 40, .no_readonly = "no read-only slots here",
		.no_smm = "no SMM here", .no_guest_memfd = "no guest_memfd here",
	};
	struct memslot_cfg memslot = SLOT("a", NEXT, .base = 0, .size = 4 * K, .flags = SLOT_READONLY);
	struct memslot_cfg pair[] = {
		SLOT("gmem", NEXT, .base = 0, .size = 4 * K, .backing = BACKING_GUEST_MEMFD),
		SLOT("twin", NEXT, .base = G, .size = 4 * K, .alias = (char *)"gmem"),
	};

	(void)state;
	expect_error(&memslot, 1, &limits,
		     "t.ini:1: memslot.a.flags: readonly: no read-only slots here");
	memslot.flags = 0;
	memslot.space = SPACE_SMM;
	expect_error(&memslot, 1, &limits, "t.ini:1: memslot.a.space: smm: no SMM here");
	memslot.space = SPACE_NORMAL;
	memslot.backing = BACKING_GUEST_MEMFD;
	expect_error(&memslot, 1, &limits,
		     "t.ini:1: memslot.a.backing: guest-memfd: no guest_memfd here");
	memslot.flags = SLOT_DIRTY_LOG;
	expect_error(&memslot, 1, &LAYOUT_LIMITS_DEFAULT, "t.ini:1: memslot.a.flags: dirty-log: KVM allows "
		     "no flags on guest-memfd memory");
	expect_error(pair, 2, &LAYOUT_LIMITS_DEFAULT, "t.ini:1: memslot.twin.alias: gmem: memslot.gmem "
		     "has guest-memfd memory, which KVM gives to one slot only");
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* As many slots as KVM takes, in both shapes; a tenth of the time is usual, with sanitizers. */
static void many_slots_take_no_time(void **state)
{
	enum { SLOTS = 32764 };
	struct memslot_cfg row[] = { SLOT("row", NEXT, .base = 0, .size = 4 * K, .count = SLOTS) };
	struct memslot_cfg *single = calloc(SLOTS, sizeof(*single));
	struct config config;
	struct layout layout;
	double start = seconds();

	(void)state;
	assert_non_null(single);
	build(row, 1, &config, &layout);
	assert_int_equal(layout.slots[SLOTS - 1].id, SLOTS - 1);
	assert_int_equal(layout.normal_count, SLOTS);
	layout_free(&layout);
	for (unsigned int i = 0; i < SLOTS; i++) {
		single[i] = (struct memslot_cfg)SLOT("", NEXT, .base = 8 * K * (i ^ 0x2aa),
						     .size = 4 * K);
		snprintf(single[i].name, sizeof(single[i].name), "s%u", i);
		if (i)
			single[i].alias = (char *)"s0";
	}
	build(single, SLOTS, &config, &layout);
	assert_int_equal(layout.slots[layout.by_base[0]].base, 0);
	layout_free(&layout);
	free(single);
	assert_true(seconds() - start < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_slots),
		cmocka_unit_test(ids_are_the_lowest_free_ones),
		cmocka_unit_test(neighbours_and_other_spaces_do_not_overlap),
		cmocka_unit_test(every_hidden_overlap_is_found),
		cmocka_unit_test(memory_is_what_the_guest_has),
		cmocka_unit_test(no_more_is_plugged_than_fits),
		cmocka_unit_test(an_alias_shows_no_more_than_there_is),
		cmocka_unit_test(limits_are_the_hosts),
		cmocka_unit_test(the_largest_slot_is_fine),
		cmocka_unit_test(kinds_a_host_lacks),
		cmocka_unit_test(many_slots_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
