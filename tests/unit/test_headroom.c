// SPDX-License-Identifier: GPL-2.0-only
/* How the smallest limit is searched, and what is said of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/value.h"
#include "cmd/headroom.h"

#define K 1024ull
#define M (1024 * K)

/* A run that survives from a limit on. */
struct fake {
	uint64_t needs;
	unsigned int tries, killed;
	int fails_at;		/* this try fails with -EINTR; 0: none */
};

static int try(uint64_t limit, void *data)
{
	struct fake *fake = data;

	fake->tries++;
	if (fake->fails_at && fake->tries == (unsigned int)fake->fails_at)
		return -EINTR;
	fake->killed += limit < fake->needs;
	return limit >= fake->needs;
}

static void the_limit_is_found_to_within_a_step(void **state)
{
	(void)state;
	/* Below, at and far above the first guess of 100M. */
	for (uint64_t needs = 3 * M; needs < 2000 * M; needs += 61 * M + 5 * K) {
		struct fake fake = { .needs = needs };
		uint64_t found = 0;

		assert_int_equal(headroom_search(2 * M, 100 * M, 128 * K, try, &fake, &found), 0);
		assert_in_range(found, needs, needs + 128 * K);
		assert_in_range(fake.tries, 1, 30);
	}
}

static void a_good_guess_takes_few_runs(void **state)
{
	struct fake fake = { .needs = 163 * M };
	uint64_t found;

	(void)state;
	assert_int_equal(headroom_search(4 * M, 163 * M + 300 * K, 128 * K, try, &fake, &found), 0);
	assert_in_range(fake.tries, 2, 6);
}

static void what_never_survives_is_an_error(void **state)
{
	struct fake fake = { .needs = UINT64_MAX };
	uint64_t found = 7;

	(void)state;
	assert_int_equal(headroom_search(0, M, 128 * K, try, &fake, &found), -ERANGE);
	assert_int_equal(found, 7);
}

static void an_error_ends_the_search(void **state)
{
	(void)state;
	for (int at = 1; at < 8; at++) {
		struct fake fake = { .needs = 50 * M, .fails_at = at };
		uint64_t found;

		assert_int_equal(headroom_search(0, 40 * M, 128 * K, try, &fake, &found), -EINTR);
		assert_int_equal(fake.tries, at);
	}
}

/* Of an L2 that writes so many bytes, a page every stride. */
static uint64_t shadow(uint64_t touch, uint64_t stride, const struct plan_cost *cost)
{
	const struct phase_cfg nested = { .what = DO_L2, .touch = touch, .stride = stride };

	return headroom_shadow(&nested, 4, cost);
}

static void own_tables_are_as_many_as_vcpus(void **state)
{
	const struct plan_cost cost = { .shadow_bytes = 10 * M };
	const struct phase_cfg nested = { .what = DO_L2, .stride = 4 * K, .own_tables = true };

	(void)state;
	assert_int_equal(headroom_shadow(&nested, 1, &cost), shadow(0, 4 * K, &cost));
	assert_int_equal(headroom_shadow(&nested, 5, &cost), 5 * shadow(0, 4 * K, &cost));
	assert_int_equal(headroom_shadow(&nested, 1000000, &cost), 10 * M);
}

static struct headroom example(struct plan_cost *cost)
{
	*cost = (struct plan_cost){ .first_entry_bytes = 100 * M, .shadow_bytes = 10 * M };
	return (struct headroom){ .cost = cost, .booted = 5 * M, .nested = 107 * M,
				  .shadow_bytes = shadow(0, 4 * K, cost), .count = 1,
				  .trials = { { .what = HEADROOM_NESTED, .limit = UINT64_MAX, .survived = true } } };
}

static void the_plan_is_exceeded_by_more_than_noise(void **state)
{
	struct plan_cost cost;
	struct headroom headroom = example(&cost);

	(void)state;
	/* 102M against 100M and four shadow pages of 8K: 2 % are allowed. */
	assert_false(headroom_exceeds_plan(&headroom));
	headroom.nested += 256 * K;
	assert_true(headroom_exceeds_plan(&headroom));
	headroom.nested = headroom.booted - M;
	assert_false(headroom_exceeds_plan(&headroom));
	/* Two percent of a small plan are less than what the kernel charges at once. */
	cost.first_entry_bytes = M;
	headroom.nested = headroom.booted + 2 * M;
	assert_false(headroom_exceeds_plan(&headroom));
	headroom.nested = headroom.booted + 3 * M;
	assert_true(headroom_exceeds_plan(&headroom));
}

static void shadow_pages_follow_what_is_touched(void **state)
{
	struct plan_cost cost = { .shadow_bytes = 10 * M };

	(void)state;
	assert_int_equal(shadow(0, 4 * K, &cost), 4 * 8 * K);
	assert_int_equal(shadow(256 * M, 4 * K, &cost), (128 + 4) * 8 * K);
	assert_int_equal(shadow(1024ull * 1024 * M, 4 * K, &cost), 10 * M);
	/* Pages far apart have a table each: 16 and that of L2's code, and at 1 GiB one more above each. */
	assert_int_equal(shadow(64 * K, 2 * M, &cost), (17 + 3) * 8 * K);
	assert_int_equal(shadow(64 * K, 1024 * M, &cost), (17 + 17 + 2) * 8 * K);
	assert_int_equal(shadow(64 * K, UINT64_MAX / 2, &cost), 10 * M);
}

static void a_guest_of_the_users_may_map_all(void **state)
{
	const struct plan_cost cost = { .shadow_bytes = 10 * M };
	const struct phase_cfg nested = { .what = DO_RUN, .goes_on = true, .stride = 4 * K };

	(void)state;
	assert_int_equal(headroom_shadow(&nested, 4, &cost), 10 * M);
}

/* What L2 is the first to write is guest memory, which the plan counts apart: L1 writes it before, in all runs. */
static void what_l2_writes_is_written_before(void **state)
{
	struct memslot_cfg slots[] = { { .name = "low", .size = M }, { .name = "high", .size = M } };
	char slot[] = "high";
	struct phase_cfg phases[] = {
		{ .name = "boot" },
		{ .name = "l2", .what = DO_L2, .touch = 64 * K, .stride = 8 * K, .slot = slot,
		  .expect = EXPECT_ALLOCATED, .nested_paging = true },
		{ .name = "later", .what = DO_TOUCH },
	};
	struct config config = { .memslots = slots, .memslot_count = 2, .phases = phases, .phase_count = 3 };
	struct config scenario;

	(void)state;
	assert_int_equal(headroom_scenario(&config, 1, &scenario), 0);
	assert_int_equal(scenario.phase_count, 3);
	assert_int_equal(scenario.phases[1].what, DO_TOUCH);
	assert_int_equal(scenario.phases[1].touch, 64 * K);
	assert_int_equal(scenario.phases[1].stride, 8 * K);
	assert_ptr_equal(scenario.phases[1].slot, slot);
	assert_int_equal(scenario.phases[1].expect, EXPECT_NOTHING);
	assert_string_equal(scenario.phases[2].name, "l2");
	assert_false(scenario.memslots[0].populate);
	headroom_scenario_free(&scenario);

	phases[1].touch = 0;
	assert_int_equal(headroom_scenario(&config, 1, &scenario), 0);
	assert_int_equal(scenario.phase_count, 2);
	headroom_scenario_free(&scenario);

	/* What a guest of the user's writes is not known. */
	phases[1].goes_on = true;
	assert_int_equal(headroom_scenario(&config, 1, &scenario), 0);
	assert_int_equal(scenario.phase_count, 2);
	assert_true(scenario.memslots[0].populate && scenario.memslots[1].populate);
	assert_false(slots[0].populate);
	headroom_scenario_free(&scenario);
}

static void the_json_has_what_the_text_says(void **state)
{
	const struct host host = { .kernel = "6.12", .hostname = "lab" };
	struct plan_cost cost;
	struct headroom headroom = example(&cost);
	json_t *json = headroom_json(&headroom, &host);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int64_t number;

	(void)state;
	assert_non_null(json);
	assert_true(value_int(json, "measured.headroom_bytes", &number));
	assert_int_equal(number, 102 * M);
	assert_true(value_int(json, "planned.headroom_bytes", &number));
	assert_int_equal(number, 100 * M + 32 * K);
	assert_true(json_is_null(value_at(json_array_get(value_at(json, "trials"), 0), "limit_bytes")));
	assert_int_equal(headroom_text(json, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "HEADROOM: the first nested guest took 102 MiB more than the booted VM, "
				     "planned 100.0 MiB;"));
	assert_non_null(strstr(text, "\n1 run, each in a cgroup of its own\n"));
	free(text);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_limit_is_found_to_within_a_step),
		cmocka_unit_test(a_good_guess_takes_few_runs),
		cmocka_unit_test(what_never_survives_is_an_error),
		cmocka_unit_test(an_error_ends_the_search),
		cmocka_unit_test(the_plan_is_exceeded_by_more_than_noise),
		cmocka_unit_test(shadow_pages_follow_what_is_touched),
		cmocka_unit_test(own_tables_are_as_many_as_vcpus),
		cmocka_unit_test(a_guest_of_the_users_may_map_all),
		cmocka_unit_test(what_l2_writes_is_written_before),
		cmocka_unit_test(the_json_has_what_the_text_says),
	};

	return cmocka_run_group_tests_name("headroom", tests, NULL, NULL);
}
