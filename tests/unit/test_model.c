// SPDX-License-Identifier: GPL-2.0-only
/* The model's sizes against figures seen on real kernels, and its choice by release. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "host/tally.h"
#include "model/model.h"

#define G (1ull << 30)

static struct model model_of(unsigned int major, unsigned int minor, enum answer tdp_mmu,
			     enum answer external)
{
	struct kernel_facts facts = { .major = major, .minor = minor, .tdp_mmu = tdp_mmu,
				      .tdp = ANSWER_YES, .external_tracking = external };
	struct model model;

	model_choose(&facts, &model);
	return model;
}

static struct footprint footprint_of(uint64_t base, uint64_t size, uint32_t flags)
{
	struct model model = model_of(6, 12, ANSWER_YES, ANSWER_NO);
	struct slot slot = { .base = base, .size = size, .kvm_flags = flags };
	struct footprint all;

	model_slot(&model, &slot, &all);
	return all;
}

/*
 * One aligned slot, the arrays' own pages as seen in /proc/vmallocinfo on 6.12, in KiB,
 * and the pages of the page-pointer arrays that come on top.
 */
static void test_aligned_slots(void **state)
{
	static const struct {
		uint64_t size, rmap, rmap_pointers, tracking, tracking_pointers;
	} seen[] = {
		{ 1 * G, 2056, 0, 512, 0 },
		{ 4 * G, 8212, 4, 2048, 0 },
		{ 64 * G, 131332, 64, 32768, 16 },
		{ 1024 * G, 2101256, 1024 + 2 + 2, 524288, 256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		struct footprint all = footprint_of(0, seen[i].size, 0);

		assert_int_equal(all.bytes[ARRAY_RMAP],
				 seen[i].rmap * 1024 + seen[i].rmap_pointers * 4096);
		assert_int_equal(all.bytes[ARRAY_TRACKING],
				 seen[i].tracking * 1024 + seen[i].tracking_pointers * 4096);
	}
}

/* By hand: 512 pages fit one pointer page (kmalloc'ed), 513 do not. */
static void test_pointer_arrays(void **state)
{
	(void)state;
	/* 1 GiB: 512 + 1 + 1 pages, no array above 512 pages. */
	assert_int_equal(footprint_of(0, G, 0).bytes[ARRAY_RMAP], 514 * 4096);
	assert_int_equal(footprint_of(0, G, 0).bytes[ARRAY_TRACKING], 128 * 4096);
	/* one page more: 513 pages and 2 of pointers, 513 2M heads: 2 pages. */
	assert_int_equal(footprint_of(0, G + 4096, 0).bytes[ARRAY_RMAP], (513 + 2 + 2 + 1) * 4096);
	/* 1 TiB: 524288 pages, 1024 of pointers, 2 of theirs. */
	assert_int_equal(footprint_of(0, 1024 * G, 0).bytes[ARRAY_RMAP],
			 (524288ull + 1024 + 2 + 1024 + 2 + 2) * 4096);
}

/* However small a slot is, since 5.18 each array has a page. */
static void test_smallest_slot(void **state)
{
	struct footprint all = footprint_of(4096, 4096, 0);

	(void)state;
	assert_int_equal(all.bytes[ARRAY_RMAP], 3 * 4096);
	assert_int_equal(all.bytes[ARRAY_TRACKING], 4096);
	assert_int_equal(all.bytes[ARRAY_LPAGE_INFO], 2 * 4096);
	assert_int_equal(all.bytes[ARRAY_DIRTY_BITMAP], 0);
	assert_int_equal(footprint_of(0, 4096, KVM_MEM_READONLY).bytes[ARRAY_DIRTY_BITMAP], 0);
	assert_int_equal(footprint_of(0, 4096, KVM_MEM_LOG_DIRTY_PAGES).bytes[ARRAY_DIRTY_BITMAP], 4096);
}

/* A slot that straddles a 2M and a 1G boundary has a head on either side. */
static void test_straddling(void **state)
{
	struct config config = { 0 };
	struct slot slot = { .base = G - 4096, .size = 8192 };
	struct layout layout = { .config = &config, .slots = &slot, .count = 1 };
	uint64_t heads[3];

	(void)state;
	model_rmap_heads(&layout, heads);
	assert_int_equal(heads[0], 2);
	assert_int_equal(heads[1], 2);
	assert_int_equal(heads[2], 2);
}

static void test_choice(void **state)
{
	(void)state;
	assert_false(model_of(5, 10, ANSWER_YES, ANSWER_NO).rmap_lazy);
	assert_false(model_of(5, 13, ANSWER_YES, ANSWER_NO).rmap_lazy);
	assert_true(model_of(5, 14, ANSWER_YES, ANSWER_NO).rmap_lazy);
	assert_false(model_of(5, 14, ANSWER_NO, ANSWER_NO).rmap_lazy);
	assert_false(model_of(6, 12, ANSWER_NO, ANSWER_NO).rmap_lazy);
	assert_false(model_of(5, 15, ANSWER_YES, ANSWER_NO).tracking_lazy);
	assert_true(model_of(5, 16, ANSWER_YES, ANSWER_NO).tracking_lazy);
	assert_false(model_of(6, 1, ANSWER_YES, ANSWER_YES).tracking_lazy);
	assert_true(model_of(6, 1, ANSWER_YES, ANSWER_NO).tracking_lazy);
	assert_true(model_of(6, 9, ANSWER_YES, ANSWER_YES).tracking_lazy);
	assert_true(model_of(7, 3, ANSWER_YES, ANSWER_YES).tracking_lazy);
	assert_true(model_of(6, 12, ANSWER_NO, ANSWER_YES).tracking_lazy);
	assert_false(model_of(5, 17, ANSWER_YES, ANSWER_NO).whole_pages);
	assert_true(model_of(5, 18, ANSWER_YES, ANSWER_NO).whole_pages);
	assert_int_equal(model_of(6, 16, ANSWER_YES, ANSWER_NO).transition_slab, 0);
	assert_int_equal(model_of(6, 17, ANSWER_YES, ANSWER_NO).transition_slab, 32768);
}

/* Eager and inlined: one function holds lpage_info and rmaps; the model tells them apart. */
static void test_measure_shared_function(void **state)
{
	struct model model = model_of(6, 12, ANSWER_NO, ANSWER_NO);
	struct config config = { 0 };
	struct slot slot = { .base = 0, .size = G };
	struct layout layout = { .config = &config, .slots = &slot, .count = 1 };
	struct footprint measured;
	struct tally tally = { 0 };

	(void)state;
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 1, 2), 0);
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 512, 1), 0);
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 1, 2), 0);
	tally_sort(&tally);
	assert_int_equal(model_measure(&model, &layout, &tally, &measured), 0);
	assert_int_equal(measured.bytes[ARRAY_LPAGE_INFO], 2 * 4096);
	assert_int_equal(measured.bytes[ARRAY_RMAP], 514 * 4096);
	tally_free(&tally);
}

/* Before 5.18, and late 5.10: an array of at most 4 MiB is slab, wherever kvcalloc found room. */
static void test_slab(void **state)
{
	struct kernel_facts facts = { .major = 5, .minor = 10, .tdp_mmu = ANSWER_YES,
				      .tdp = ANSWER_YES };
	struct slot slot = { .base = 0, .size = 3 * G, .kvm_flags = KVM_MEM_LOG_DIRTY_PAGES };
	struct config config = { 0 };
	struct layout layout = { .config = &config, .slots = &slot, .count = 1 };
	struct footprint all, measured;
	struct tally tally = { 0 };
	struct model model;

	(void)state;
	model_choose(&facts, &model);
	assert_string_equal(model.name, "pre-5.14/slab");
	model_slot(&model, &slot, &all);
	/* 6 MiB of 4K heads, in 1536 pages and 3 of pointers; 1.5 MiB of tracking; 192 KiB of bitmap. */
	assert_int_equal(all.bytes[ARRAY_RMAP], 1539 * 4096);
	assert_int_equal(all.bytes[ARRAY_TRACKING], 0);
	assert_int_equal(all.bytes[ARRAY_DIRTY_BITMAP], 0);
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 1536, 1), 0);
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 3, 1), 0);
	tally_sort(&tally);
	assert_int_equal(model_measure(&model, &layout, &tally, &measured), 0);
	assert_memory_equal(&measured, &all, sizeof(all));
	/* No room: 2M heads, tracking and the bitmap come from vmalloc and change nothing. */
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 3, 1), 0);
	assert_int_equal(tally_add(&tally, "kvm_page_track_create_memslot", 384, 1), 0);
	assert_int_equal(tally_add(&tally, "__kvm_set_memory_region", 48, 1), 0);
	tally_sort(&tally);
	assert_int_equal(model_measure(&model, &layout, &tally, &measured), 0);
	assert_memory_equal(&measured, &all, sizeof(all));
	/* But what no array explains does. */
	assert_int_equal(tally_add(&tally, "kvm_page_track_create_memslot", 384, 1), 0);
	assert_int_equal(tally_add(&tally, "kvm_arch_prepare_memory_region", 7, 1), 0);
	tally_sort(&tally);
	assert_int_equal(model_measure(&model, &layout, &tally, &measured), 0);
	assert_int_equal(measured.bytes[ARRAY_TRACKING], 384 * 4096);
	assert_int_equal(measured.bytes[ARRAY_RMAP], (1539 + 7) * 4096);
	tally_free(&tally);
	facts.vcalloc = ANSWER_YES;
	model_choose(&facts, &model);
	assert_true(model.whole_pages);
	assert_string_equal(model.name, "pre-5.14");
}

/* A slot of 56 MiB in a difference in which other VMs, all with tracking, have a part. */
static enum answer tracked_beside(bool with_slot, int64_t came, int64_t tracking_came)
{
	struct tally delta = { 0 };
	enum answer answer;

	assert_int_equal(tally_add(&delta, "kvm_arch_prepare_memory_region", 1, 2 + 2 * came), 0);
	if (with_slot)
		assert_int_equal(tally_add(&delta, "kvm_page_track_create_memslot", 7, 1), 0);
	assert_int_equal(tally_add(&delta, "kvm_page_track_create_memslot", 8, tracking_came), 0);
	assert_int_equal(tally_add(&delta, "kvm_page_track_create_memslot", 1, tracking_came), 0);
	tally_sort(&delta);
	answer = model_slot_is_tracked(&delta, 7);
	tally_free(&delta);
	return answer;
}

static void test_a_slot_is_told_from_other_vms(void **state)
{
	struct tally none = { 0 }, theirs = { 0 };

	(void)state;
	assert_int_equal(tracked_beside(true, 0, 0), ANSWER_YES);
	assert_int_equal(tracked_beside(false, 0, 0), ANSWER_NO);
	/* One came, one went, and of one only a part was freed. */
	assert_int_equal(tracked_beside(false, 1, 1), ANSWER_NO);
	assert_int_equal(tracked_beside(true, -1, -1), ANSWER_YES);
	assert_int_equal(tracked_beside(true, 0, -1), ANSWER_YES);
	assert_int_equal(tracked_beside(false, -1, -1), ANSWER_UNKNOWN);
	/* Nothing is named, or another's array of that size went. */
	assert_int_equal(model_slot_is_tracked(&none, 7), ANSWER_UNKNOWN);
	assert_int_equal(tally_add(&theirs, "kvm_page_track_create_memslot", 7, -1), 0);
	assert_int_equal(tally_add(&theirs, "kvm_arch_prepare_memory_region", 1, 2), 0);
	assert_int_equal(model_slot_is_tracked(&theirs, 7), ANSWER_UNKNOWN);
	tally_free(&theirs);
}

/* A cgroup pays for the arrays, not for their page-pointer arrays. */
static void test_charged(void **state)
{
	struct model model = model_of(6, 12, ANSWER_YES, ANSWER_NO);
	struct slot slot = { .base = 0, .size = 64 * G };
	struct config config = { 0 };
	struct layout layout = { .config = &config, .slots = &slot, .count = 1 };
	struct footprint creation, transition;

	(void)state;
	model_charged(&model, &layout, &creation, &transition);
	assert_int_equal(transition.bytes[ARRAY_RMAP], 131332 * 1024);
	assert_int_equal(transition.bytes[ARRAY_TRACKING], 32768 * 1024);
	assert_int_equal(creation.bytes[ARRAY_LPAGE_INFO], 33 * 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_slots),
		cmocka_unit_test(test_pointer_arrays),
		cmocka_unit_test(test_smallest_slot),
		cmocka_unit_test(test_straddling),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_measure_shared_function),
		cmocka_unit_test(test_slab),
		cmocka_unit_test(test_a_slot_is_told_from_other_vms),
		cmocka_unit_test(test_charged),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
