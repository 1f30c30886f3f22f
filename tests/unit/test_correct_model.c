// SPDX-License-Identifier: GPL-2.0-only
/* A kernel that is eager or lazy without a sign of it, on captured hosts: the bytes decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "run/correct_model.h"
#include "run/measure.h"

#define HOSTS "tests/fixtures/hosts/"
#define GIB (1ull << 30)

/* On a host without /sys nothing is known but the version. */
static const struct kernel_facts unknown_6_12 = { .major = 6, .minor = 12,
	.tdp_mmu = ANSWER_UNKNOWN, .tdp = ANSWER_UNKNOWN, .external_tracking = ANSWER_UNKNOWN,
	.vcalloc = ANSWER_UNKNOWN };
static const struct kernel_facts unknown_6_1 = { .major = 6, .minor = 1,
	.tdp_mmu = ANSWER_UNKNOWN, .tdp = ANSWER_UNKNOWN, .external_tracking = ANSWER_NO,
	.vcalloc = ANSWER_UNKNOWN };
static const struct kernel_facts eager_6_12 = { .major = 6, .minor = 12,
	.tdp_mmu = ANSWER_NO, .tdp = ANSWER_YES, .external_tracking = ANSWER_UNKNOWN,
	.vcalloc = ANSWER_UNKNOWN };

/* It is taken for eager, and nobody knows. */
static const struct kernel_facts perhaps_eager_6_12 = { .major = 6, .minor = 12,
	.tdp_mmu = ANSWER_NO, .tdp = ANSWER_YES, .external_tracking = ANSWER_UNKNOWN,
	.vcalloc = ANSWER_UNKNOWN, .assumed = ASSUMED_TDP_MMU };
static const struct kernel_facts lazy_6_12 = { .major = 6, .minor = 12,
	.tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES, .external_tracking = ANSWER_UNKNOWN,
	.vcalloc = ANSWER_UNKNOWN };

struct world {
	struct config config;
	struct slot slots[2];
	struct phase_result phases[2];
	struct run run;
};

static void take(const char *host, struct snapshot *snapshot)
{
	char root[128];
	struct sources sources;

	snprintf(root, sizeof(root), HOSTS "%s", host);
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, snapshot);
	sources_close(&sources);
	assert_true(snapshot->status[SOURCE_VMALLOCINFO].ok);
}

/* The phase create of a run of the captured layout. */
static void set(struct world *w, const struct kernel_facts *facts, const char *before,
		const char *after)
{
	struct run *run = &w->run;

	*w = (struct world){
		.slots = { { .size = 3 * GIB }, { .base = 4 * GIB, .size = 61 * GIB } },
	};
	run->config = &w->config;
	run->layout = (struct layout){ .slots = w->slots, .count = 2 };
	run->phases = w->phases;
	run->phase_count = 1;
	run->stage = STAGE_RAN;
	w->phases[0].name = w->phases[0].what = "create";
	model_choose(facts, &run->model);
	model_layout(&run->model, &run->layout, &run->at_creation, &run->at_transition);
	take(before, &run->before);
	take(after, &w->phases[0].snapshot);
	/* The captured hosts ran this VM only. */
	run->before.other_vms = w->phases[0].snapshot.other_vms = (struct other_vms){ .known = true };
	measure_phase(run, &w->phases[0]);
	correct_model(run);
	measure_transition(run);
}

static void strike(struct world *w)
{
	snapshot_free(&w->run.before);
	snapshot_free(&w->phases[0].snapshot);
}

static void judged(const struct world *w, judge *by, enum result result, const char *words)
{
	struct check check = { 0 };

	by(&w->run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%s: %s, not \"%s\"", result_name(check.result), check.reason, words);
}

static void an_eager_host_shows_itself(void **state)
{
	struct world w;

	(void)state;
	set(&w, &unknown_6_12, "6.12-before", "6.12-eager");
	assert_false(w.run.model.rmap_lazy);
	assert_true(w.run.model.tracking_lazy);
	assert_non_null(strstr(w.run.model.why, "; but rmaps came with the memslots"));
	assert_int_equal(w.run.policy, RMAP_ALLOCATED);
	assert_int_equal(w.run.at_transition.bytes[ARRAY_RMAP], 0);
	judged(&w, judge_rmap_exact, RESULT_PASS, "as predicted");
	judged(&w, judge_tracking_exact, RESULT_SKIP, "no shadow root");
	judged(&w, judge_arrays_exact, RESULT_PASS, "as predicted");
	strike(&w);
}

/* The compiler has inlined the rmaps into lpage_info's function, as in 5.10. */
static void inlined_rmaps_show_as_well(void **state)
{
	struct world w;

	(void)state;
	set(&w, &unknown_6_1, "5.10-before", "5.10-eager");
	assert_false(w.run.model.rmap_lazy);
	assert_false(w.run.model.tracking_lazy);
	assert_int_equal(w.run.policy, RMAP_ALLOCATED);
	assert_int_equal(footprint_total(&w.run.at_transition), 0);
	judged(&w, judge_rmap_exact, RESULT_PASS, "as predicted");
	judged(&w, judge_tracking_exact, RESULT_PASS, "with the memslots");
	judged(&w, judge_arrays_exact, RESULT_PASS, "as predicted");
	strike(&w);
}

static void a_lazy_host_shows_itself(void **state)
{
	struct world w;

	(void)state;
	set(&w, &perhaps_eager_6_12, "6.12-before", "6.12-lazy");
	assert_true(w.run.model.rmap_lazy);
	assert_non_null(strstr(w.run.model.why, "; but rmaps did not come with the memslots"));
	assert_int_equal(w.run.policy, RMAP_LAZY);
	assert_int_not_equal(w.run.at_transition.bytes[ARRAY_RMAP], 0);
	strike(&w);
}

/* kvm.tdp_mmu is on, and yet the rmaps came with the memslots: a bug, not another kind of host. */
static void a_model_that_is_sure_stays(void **state)
{
	struct world w;

	(void)state;
	set(&w, &lazy_6_12, "6.12-before", "6.12-eager");
	assert_true(w.run.model.rmap_lazy);
	assert_int_equal(w.run.policy, RMAP_ALLOCATED);
	judged(&w, judge_policy, RESULT_FAIL, "allocates rmaps with each memslot");
	strike(&w);
}

static void a_model_that_is_right_stays(void **state)
{
	struct world w;
	struct model model;

	(void)state;
	model_choose(&unknown_6_12, &model);
	set(&w, &unknown_6_12, "6.12-before", "6.12-lazy");
	assert_memory_equal(&w.run.model, &model, sizeof(model));
	strike(&w);
	model_choose(&eager_6_12, &model);
	set(&w, &eager_6_12, "6.12-before", "6.12-eager");
	assert_memory_equal(&w.run.model, &model, sizeof(model));
	strike(&w);
}

/* The memslots' own arrays, whatever other VMs do. */
static void arrays_by_address_decide(void **state)
{
	struct memslots *memslots;
	struct world w;

	(void)state;
	set(&w, &unknown_6_12, "6.12-before", "6.12-lazy");
	memslots = &w.phases[0].snapshot.memslots;
	w.phases[0].snapshot.status[SOURCE_MEMSLOTS].ok = true;
	memslots->rmap = w.run.at_transition.bytes[ARRAY_RMAP];
	memslots->lpage_info = w.run.at_creation.bytes[ARRAY_LPAGE_INFO];
	w.phases[0].mixed = true;
	measure_phase(&w.run, &w.phases[0]);
	correct_model(&w.run);
	assert_false(w.run.model.rmap_lazy);
	assert_true(w.run.model.tracking_lazy);
	strike(&w);
}

/* Bytes that no model explains, such as those of other VMs, change nothing: the checks judge them. */
static void a_model_stays_where_none_fits(void **state)
{
	struct world w;

	(void)state;
	set(&w, &unknown_6_12, "6.12-before", "6.12-hotplug");
	assert_true(w.run.model.rmap_lazy);
	strike(&w);
	set(&w, &eager_6_12, "6.12-before", "6.12-dirty-log");
	assert_false(w.run.model.rmap_lazy);
	strike(&w);
}

/* Without vmallocinfo, a source that shows the rmaps still says that they came with the memslots. */
static void the_state_alone_decides(void **state)
{
	struct world w;

	(void)state;
	set(&w, &unknown_6_12, "6.12-before", "6.12-lazy");
	w.phases[0].snapshot.status[SOURCE_VMALLOCINFO].ok = false;
	w.phases[0].snapshot.status[SOURCE_RMAPS_STAT].ok = true;
	w.phases[0].snapshot.rmaps.allocated = true;
	w.phases[0].measured = false;
	measure_phase(&w.run, &w.phases[0]);
	correct_model(&w.run);
	assert_false(w.run.model.rmap_lazy);
	assert_true(w.run.model.tracking_lazy);
	assert_int_equal(w.run.at_transition.bytes[ARRAY_RMAP], 0);
	strike(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_eager_host_shows_itself),
		cmocka_unit_test(inlined_rmaps_show_as_well),
		cmocka_unit_test(a_lazy_host_shows_itself),
		cmocka_unit_test(a_model_that_is_right_stays),
		cmocka_unit_test(arrays_by_address_decide),
		cmocka_unit_test(a_model_that_is_sure_stays),
		cmocka_unit_test(a_model_stays_where_none_fits),
		cmocka_unit_test(the_state_alone_decides),
	};

	return cmocka_run_group_tests_name("correct_model", tests, NULL, NULL);
}
