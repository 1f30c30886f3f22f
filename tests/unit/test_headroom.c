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

static struct headroom example(struct plan_cost *cost)
{
	*cost = (struct plan_cost){ .first_entry_bytes = 100 * M, .shadow_bytes = 10 * M };
	return (struct headroom){ .cost = cost, .booted = 5 * M, .nested = 107 * M,
				  .shadow_bytes = headroom_shadow(0, cost), .count = 1,
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
	assert_int_equal(headroom_shadow(0, &cost), 4 * 8 * K);
	assert_int_equal(headroom_shadow(256 * M, &cost), (128 + 4) * 8 * K);
	assert_int_equal(headroom_shadow(1024ull * 1024 * M, &cost), 10 * M);
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
		cmocka_unit_test(the_json_has_what_the_text_says),
	};

	return cmocka_run_group_tests_name("headroom", tests, NULL, NULL);
}
