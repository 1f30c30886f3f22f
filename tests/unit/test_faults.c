// SPDX-License-Identifier: GPL-2.0-only
/* Which arrays a first shadow root leaves behind when one of its slots is impossible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "model/faults.h"

#define GIB (1ull << 30)

/* Three of a GiB with ids 0 to 2, in rising order of base, and one that is too large. */
static struct slot slots[4];
static const struct layout layout = { .slots = slots, .count = 4 };
static const struct model lazy = { .rmap_lazy = true, .tracking_lazy = true, .whole_pages = true,
				   .slot_order = ORDER_BY_HASH };

static int setup(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	for (uint32_t i = 0; i < 4; i++)
		slots[i] = (struct slot){ .id = i, .base = i * GIB, .size = GIB };
	slots[3].size = 700 * GIB;
	return 0;
}

static uint64_t one(enum array array)
{
	struct footprint all;

	model_slot(&lazy, &slots[0], &all);
	return all.bytes[array];
}

static void assert_kept(enum slot_order order, unsigned int count)
{
	struct model model = lazy;
	struct footprint kept;

	model.slot_order = order;
	assert_true(faults_kept(&model, &layout, GIB, &kept));
	assert_int_equal(kept.bytes[ARRAY_RMAP], count * one(ARRAY_RMAP));
	assert_int_equal(kept.bytes[ARRAY_TRACKING], count * one(ARRAY_TRACKING));
	assert_int_equal(kept.bytes[ARRAY_LPAGE_INFO], 0);
}

/* hash_32(id, 7) is 0, 48, 97 and 18 for ids 0 to 3, 67 for 4 (include/linux/hash.h). */
static void the_table_of_ids_is_walked_by_hash(void **state)
{
	(void)state;
	assert_kept(ORDER_BY_HASH, 1);
	slots[3].id = 4;
	assert_kept(ORDER_BY_HASH, 2);
	slots[3].id = 2;
	slots[2].id = 3;
	assert_kept(ORDER_BY_HASH, 3);
	slots[3].id = 0;
	slots[0].id = 4;
	assert_kept(ORDER_BY_HASH, 0);
}

static void before_5_17_the_highest_comes_first(void **state)
{
	(void)state;
	assert_kept(ORDER_BY_BASE_DOWN, 0);
	slots[3].base = 0;
	slots[0].base = 800 * GIB;
	assert_kept(ORDER_BY_BASE_DOWN, 3);
}

static void smm_comes_last(void **state)
{
	(void)state;
	slots[3].id = 1u << 16;
	assert_kept(ORDER_BY_HASH, 3);
}

static void what_comes_with_the_slots_is_not_kept_but_there(void **state)
{
	struct model external = lazy;
	struct footprint kept;

	(void)state;
	external.tracking_lazy = false;
	assert_true(faults_kept(&external, &layout, GIB, &kept));
	assert_int_equal(kept.bytes[ARRAY_RMAP], one(ARRAY_RMAP));
	assert_int_equal(kept.bytes[ARRAY_TRACKING], 0);
}

static void nothing_fails_where_there_is_room(void **state)
{
	struct footprint kept;

	(void)state;
	/* 700 GiB take 1400 MiB of rmaps for their 4K frames. */
	assert_true(faults_kept(&lazy, &layout, 1399ull << 20, &kept));
	assert_false(faults_kept(&lazy, &layout, 1400ull << 20, &kept));
	slots[3].size = faults_possible_size(GIB);
	assert_false(faults_kept(&lazy, &layout, GIB, &kept));
	/* One page of heads more. */
	slots[3].size += 512 * 4096;
	assert_true(faults_kept(&lazy, &layout, GIB, &kept));
	slots[3].gone = true;
	assert_false(faults_kept(&lazy, &layout, GIB, &kept));
}

static bool refused(const struct model *model, struct refusal *refusal)
{
	return faults_refused(model, &layout, refusal);
}

/* 8 bytes for each 4 KiB: 1 TiB has an array of 2^31 bytes, one more than INT_MAX. */
static void an_array_of_more_than_int_max_is_refused(void **state)
{
	struct model model = lazy;
	struct refusal refusal;
	struct footprint kept;
	char text[256];

	(void)state;
	slots[3].size = 1024 * GIB;
	assert_false(refused(&model, &refusal));
	assert_false(faults_kept(&model, &layout, UINT64_MAX, &kept));
	model.refuses_large = ANSWER_YES;
	assert_true(refused(&model, &refusal));
	assert_ptr_equal(refusal.slot, &slots[3]);
	assert_int_equal(refusal.array.array, ARRAY_RMAP);
	assert_int_equal(refusal.array.bytes, 1ull << 31);
	assert_false(refusal.at_creation);
	faults_refusal_text(&refusal, text, sizeof(text));
	assert_string_equal(text, "its rmap array of 2147483648 bytes is more than INT_MAX, which this "
			    "kernel's kvcalloc() refuses: the first nested guest fails with ENOMEM");
	/* The first shadow root fails for want of it, whatever RAM there is. */
	assert_true(faults_kept(&model, &layout, UINT64_MAX, &kept));
	assert_int_equal(kept.bytes[ARRAY_RMAP], one(ARRAY_RMAP));
	slots[3].size -= 4096;
	assert_false(refused(&model, &refusal));
	assert_false(faults_kept(&model, &layout, UINT64_MAX, &kept));
}

static void on_an_eager_host_the_slot_is_refused(void **state)
{
	struct model model = lazy;
	struct refusal refusal;
	char text[256];

	(void)state;
	slots[3].size = 1024 * GIB;
	model.rmap_lazy = false;
	model.refuses_large = ANSWER_UNKNOWN;
	assert_true(refused(&model, &refusal));
	assert_true(refusal.at_creation);
	faults_refusal_text(&refusal, text, sizeof(text));
	assert_non_null(strstr(text, "on some kernels of this release: "
				     "KVM_SET_USER_MEMORY_REGION fails with ENOMEM"));
	/* 2 bytes for each 4 KiB: tracking is refused at 4 TiB, and before a lazy rmap array is. */
	model.rmap_lazy = true;
	model.tracking_lazy = false;
	slots[3].size = 4096 * GIB;
	assert_true(refused(&model, &refusal));
	assert_true(refusal.at_creation);
	assert_int_equal(refusal.array.array, ARRAY_TRACKING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_table_of_ids_is_walked_by_hash, setup),
		cmocka_unit_test_setup(before_5_17_the_highest_comes_first, setup),
		cmocka_unit_test_setup(smm_comes_last, setup),
		cmocka_unit_test_setup(what_comes_with_the_slots_is_not_kept_but_there, setup),
		cmocka_unit_test_setup(nothing_fails_where_there_is_room, setup),
		cmocka_unit_test_setup(an_array_of_more_than_int_max_is_refused, setup),
		cmocka_unit_test_setup(on_an_eager_host_the_slot_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
