// SPDX-License-Identifier: GPL-2.0-only
/* A plan's kernels, page tables and headroom, by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/plan.h"

#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)

static struct plan_kernel kernel(const char *text)
{
	struct plan_kernel kernel;

	if (!plan_kernel_parse(text, &kernel))
		fail_msg("%s: not a version", text);
	return kernel;
}

static void versions_and_flavours(void **state)
{
	static const char *const wrong[] = { "", "6", "x", "6.x", ".12", "6.1.", "6.12rc", "-6.1",
					    "0.1", "5.15.167.4.1", "5.15.x" };
	struct plan_kernel deb = kernel("5.10.0-35-cloud-amd64");

	(void)state;
	assert_int_equal(kernel("6.12").facts.major, 6);
	assert_int_equal(kernel("6.12").facts.minor, 12);
	assert_int_equal(kernel("6.1").facts.external_tracking, ANSWER_NO);
	assert_int_equal(kernel("6.1-amd64").facts.external_tracking, ANSWER_YES);
	assert_int_equal(kernel("6.1-cloud-amd64").facts.external_tracking, ANSWER_NO);
	assert_int_equal(kernel("6.1.0-50-amd64").facts.external_tracking, ANSWER_YES);
	assert_int_equal(deb.facts.vcalloc, ANSWER_YES);
	assert_int_equal(kernel("5.10.100").facts.vcalloc, ANSWER_NO);
	assert_int_equal(kernel("5.10.210").facts.vcalloc, ANSWER_YES);
	assert_int_equal(kernel("5.13").facts.vcalloc, ANSWER_NO);
	/* Some 5.15 have it on: what takes the most is planned. */
	assert_int_equal(kernel("5.15").facts.tdp_mmu, ANSWER_YES);
	assert_int_equal(kernel("5.15.129").facts.tdp_mmu, ANSWER_NO);
	assert_int_equal(kernel("5.16").facts.tdp_mmu, ANSWER_YES);
	assert_true(kernel("newest").facts.major >= 7);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct plan_kernel none;

		if (plan_kernel_parse(wrong[i], &none))
			fail_msg("%s: a version?", wrong[i]);
	}
}

/* Every model that tests/matrix meets, and each with whoever has such kernels. */
static void all_kernels_have_a_model_of_their_own(void **state)
{
	struct plan_kernel kernels[PLAN_KERNELS];
	struct model models[PLAN_KERNELS];

	(void)state;
	plan_kernels(kernels);
	for (size_t i = 0; i < PLAN_KERNELS; i++) {
		assert_non_null(kernels[i].distributions);
		assert_true(kernels[i].assumed);
		model_choose(&kernels[i].facts, &models[i]);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(models[i].name, models[j].name) &&
			    !strcmp(models[i].why, models[j].why))
				fail_msg("%s is as %s", kernels[i].name, kernels[j].name);
	}
}

static void the_worst_comes_last(void **state)
{
	struct plan_kernel kernels[] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
	struct plan_cost costs[] = {
		{ .headroom_bytes = 1 }, { .headroom_bytes = 3 }, { .headroom_bytes = 2 },
	};

	(void)state;
	plan_worst_last(kernels, costs, 3);
	assert_string_equal(kernels[0].name, "a");
	assert_string_equal(kernels[1].name, "c");
	assert_string_equal(kernels[2].name, "b");
	assert_int_equal(costs[1].headroom_bytes, 2);
	assert_int_equal(costs[2].headroom_bytes, 3);
	/* The last of two equals stays. */
	costs[0].headroom_bytes = 3;
	plan_worst_last(kernels, costs, 3);
	assert_string_equal(kernels[2].name, "b");
	plan_worst_last(kernels, costs, 1);
	assert_string_equal(kernels[0].name, "a");
}

/* A planner's machine is often not the host that is planned for. */
static void a_machine_without_the_tdp_mmu_says_so(void **state)
{
	struct kernel_facts facts = { .major = 6, .minor = 12, .tdp_mmu = ANSWER_NO, .tdp = ANSWER_YES };
	struct plan_kernel running;

	(void)state;
	plan_kernel_running(&facts, "6.12.0-1", &running);
	assert_string_equal(running.name, "6.12.0-1");
	assert_false(running.assumed);
	assert_non_null(strstr(running.remark, "has the TDP MMU off"));
	plan_say_tdp_mmu(&running, true);
	assert_null(running.remark);
	assert_false(kernel_is_eager(&running.facts));
	/* The parameter could not be read: an assumption, which is told as such. */
	facts.assumed = ASSUMED_TDP_MMU;
	plan_kernel_running(&facts, "6.12.0-1", &running);
	assert_null(running.remark);
	facts = (struct kernel_facts){ .major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_NO };
	plan_kernel_running(&facts, "6.12.0-1", &running);
	assert_non_null(strstr(running.remark, "two-dimensional paging off"));
	plan_say_tdp_mmu(&running, true);
	assert_non_null(running.remark);
	facts.tdp = ANSWER_YES;
	plan_kernel_running(&facts, "6.12.0-1", &running);
	assert_null(running.remark);
}

#define NOTHING UINT64_MAX	/* plugged of a memslot; 0: all of it */

static void cost_of(struct memslot_cfg *memslots, size_t count, const char *version,
		    struct plan_cost *cost)
{
	struct config config = { .memslots = memslots, .memslot_count = count, .vm.vcpus = 2 };
	const struct plan_kernel which = kernel(version);
	struct errors errors = { 0 };
	struct layout layout;

	for (size_t i = 0; i < count; i++) {
		memslots[i].id = memslots[i].node = -1;
		if (!memslots[i].count)
			memslots[i].count = 1;
		memslots[i].stride = memslots[i].size;
		if (!memslots[i].plugged)
			memslots[i].plugged = memslots[i].size;
		else if (memslots[i].plugged == NOTHING)
			memslots[i].plugged = 0;
	}
	assert_int_equal(layout_build(&config, &LAYOUT_LIMITS_DEFAULT, &layout, &errors), 0);
	plan_cost(&layout, &which, cost);
	layout_free(&layout);
}

/* 64 GiB, aligned: 160 MiB at L2's first entry, which is more than the VM's memory/512. */
static void headroom_of_64g(void **state)
{
	struct memslot_cfg memslots[] = { { .name = "all", .size = 64 * G } };
	uint64_t tables = 32768 + 64 + 1, arrays = (131332 + 32768) * K;
	struct plan_cost cost;

	(void)state;
	cost_of(memslots, 1, "6.12", &cost);
	assert_int_equal(cost.memory, 64 * G);
	assert_int_equal(cost.tdp_bytes, (tables + 1) * 4096);
	assert_int_equal(cost.shadow_bytes, (2 * tables + 1) * 4096);
	assert_int_equal(cost.first_entry_bytes, arrays + 2 * 256 * K);
	assert_int_equal(cost.headroom_bytes, cost.first_entry_bytes + cost.shadow_bytes);
	assert_int_equal(cost.common_reserve, 128 * M);
	assert_int_equal(footprint_total(&cost.creation), 33 * 4096);
	/* Page-pointer arrays are the kernel's, and not the cgroup's. */
	assert_int_equal(footprint_total(&cost.transition), arrays + (64 + 16) * 4096);
	cost_of(memslots, 1, "newest", &cost);
	assert_int_equal(cost.first_entry_bytes, arrays + 2 * 256 * K + 32 * K);
	cost_of(memslots, 1, "5.10", &cost);
	assert_int_equal(footprint_total(&cost.transition), 0);
	assert_int_equal(cost.first_entry_bytes, 2 * 256 * K);
	cost_of(memslots, 1, "6.1-amd64", &cost);
	assert_int_equal(cost.first_entry_bytes, 131332 * K + 2 * 256 * K);
}

static void what_a_kernel_refuses_is_planned(void **state)
{
	struct memslot_cfg memslots[] = {
		{ .name = "low", .size = G }, { .name = "high", .base = 4 * G, .size = 1024 * G },
	};
	struct plan_cost cost;

	(void)state;
	cost_of(memslots, 2, "5.15.100", &cost);
	assert_non_null(cost.refusal.slot);
	assert_int_equal(cost.refusal.refused, ANSWER_YES);
	assert_int_equal(cost.refusal.array.bytes, 1ull << 31);
	assert_false(cost.refusal.at_creation);
	cost_of(memslots, 2, "5.15.130", &cost);
	assert_true(cost.refusal.at_creation);
	cost_of(memslots, 2, "5.15.0-126-generic", &cost);
	assert_int_equal(cost.refusal.refused, ANSWER_UNKNOWN);
	cost_of(memslots, 2, "5.18", &cost);
	assert_null(cost.refusal.slot);
	memslots[1].plugged = memslots[1].size -= 4096;
	cost_of(memslots, 2, "5.15.100", &cost);
	assert_null(cost.refusal.slot);
}

/* Slots that share a 2M or 1G region share its table; an alias is no memory, but is mapped. */
static void tables_are_shared(void **state)
{
	struct memslot_cfg memslots[] = {
		{ .name = "a", .size = 4 * K },
		{ .name = "b", .base = 8 * K, .size = 4 * K },
		{ .name = "edge", .base = G - 4 * K, .size = 8 * K },
		{ .name = "alias", .base = 8 * G, .size = 8 * K, .alias = (char *)"edge" },
		{ .name = "smm", .size = G, .alias = (char *)"edge", .space = SPACE_SMM },
	};
	struct plan_cost cost;

	(void)state;
	memslots[4].size = 8 * K;
	cost_of(memslots, 5, "6.12", &cost);
	assert_int_equal(cost.memory, 16 * K);
	/* 2M: 0, G - 2M, G, 8G; 1G: 0, 1, 8; 512G: 0; root */
	assert_int_equal(cost.tdp_bytes, (4 + 3 + 1 + 1) * 4096);
}

/* A device and what is not plugged cost arrays. Page tables map a device, and no memory that is not there. */
static void memory_is_the_guests_ram(void **state)
{
	struct memslot_cfg memslots[] = {
		{ .name = "low", .size = G },
		{ .name = "bar", .base = 64 * G, .size = 16 * G, .kind = SLOT_DEVICE },
		{ .name = "hotplug", .base = 128 * G, .size = 64 * G, .plugged = 2 * G },
	};
	struct plan_cost plain, cost;

	(void)state;
	cost_of(memslots, 3, "6.12", &cost);
	assert_int_equal(cost.memory, 3 * G);
	assert_int_equal(cost.common_reserve, 6 * M);
	/* 2M regions, 1G regions, the first 512G, the root. */
	assert_int_equal(cost.tdp_bytes, ((1 + 16 + 2) * 512 + (1 + 16 + 2) + 1 + 1) * 4096);
	memslots[2].plugged = NOTHING;
	cost_of(memslots, 3, "6.12", &cost);
	assert_int_equal(cost.memory, G);
	assert_int_equal(cost.tdp_bytes, (17 * 512 + 17 + 1 + 1) * 4096);
	memslots[1].kind = SLOT_RAM;
	memslots[2].plugged = 64 * G;
	cost_of(memslots, 3, "6.12", &plain);
	assert_int_equal(plain.memory, 81 * G);
	assert_int_equal(footprint_total(&cost.transition), footprint_total(&plain.transition));
	assert_int_equal(footprint_total(&cost.creation), footprint_total(&plain.creation));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_and_flavours),
		cmocka_unit_test(all_kernels_have_a_model_of_their_own),
		cmocka_unit_test(the_worst_comes_last),
		cmocka_unit_test(a_machine_without_the_tdp_mmu_says_so),
		cmocka_unit_test(headroom_of_64g),
		cmocka_unit_test(what_a_kernel_refuses_is_planned),
		cmocka_unit_test(tables_are_shared),
		cmocka_unit_test(memory_is_the_guests_ram),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
