// SPDX-License-Identifier: GPL-2.0-only
/* The rmaps come with the first nested guest under nested paging: sooner, later, never and in vain are told apart. */
#include "verdict_scenes.h"

#include <errno.h>

#include "run/measure.h"

/* The boot phase as one of those that come close to a shadow root. */
static void test_controls(void **state)
{
	struct world *w = *state;
	struct verdict verdict = judge_all(w);

	for (size_t i = 0; i < verdict.count; i++)
		assert_string_not_equal(verdict.checks[i].name, "control.enable");

	w->cfgs[0].what = DO_ENABLE;
	verdict = judge_all(w);
	expect(&verdict, "control.enable", RESULT_PASS, "stayed lazy");
	w->phases[BOOT].l2_entries = 1;
	verdict = judge_all(w);
	expect(&verdict, "control.enable", RESULT_FAIL, "L2 was entered");
	w->phases[BOOT].l2_entries = 0;

	w->cfgs[0].what = DO_FAILED_ENTRY;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_FAIL, "was not tried");
	w->phases[BOOT].failed_entries = 1;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_PASS, "1 failed VM entry");
	w->phases[BOOT].l2_entries = 1;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_FAIL, "L2 ran");
	w->phases[BOOT].state = RMAP_ALLOCATED;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_FAIL, "the rmaps were allocated");
	w->phases[CREATE].state = RMAP_ALLOCATED;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_SKIP, "after the transition");
	w->run.phase_count = 1;
	verdict = judge_all(w);
	expect(&verdict, "control.failed-entry", RESULT_SKIP, "not completed");
}

/* A restored nested guest is one that runs. */
static void test_restore(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->cfgs[1].what = w->cfgs[2].what = DO_RESTORE;
	w->phases[CONTROL].l2_entries = w->phases[TRANSITION].l2_entries = 1;
	verdict = judge_all(w);
	expect(&verdict, "control.no-npt", RESULT_PASS, "1 entries");
	expect(&verdict, "transition.observed", RESULT_PASS, "");
	expect(&verdict, "l2.ran", RESULT_PASS, "2 entries in 2 phases");
	w->phases[TRANSITION].l2_pages = 0;
	verdict = judge_all(w);
	expect(&verdict, "l2.ran", RESULT_FAIL, "wrote 0 of 2 pages");
}

static void test_too_early(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[CONTROL].state = RMAP_ALLOCATED;
	w->phases[CONTROL].held = w->run.at_transition;
	w->run.transition = CONTROL;
	verdict = judge_all(w);
	expect(&verdict, "lazy.before", RESULT_FAIL, "phase p1");
	expect(&verdict, "control.no-npt", RESULT_FAIL, "yet the rmaps were allocated");
	expect(&verdict, "transition.observed", RESULT_FAIL, "in phase p1");
	expect(&verdict, "phase.expect", RESULT_FAIL, "phase p1: expect = lazy");
	expect_end(&verdict, RESULT_FAIL, 1);
}

/* A payload that says it ran L2 and did not. */
static void test_never(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].state = RMAP_LAZY;
	w->phases[TRANSITION].snapshot.rmaps.allocated = false;
	w->phases[TRANSITION].held = (struct footprint){ 0 };
	w->phases[TRANSITION].l2_entries = w->phases[TRANSITION].l2_pages = 0;
	w->run.transition = -1;
	verdict = judge_all(w);
	expect(&verdict, "transition.observed", RESULT_FAIL, "rmaps are lazy as before");
	expect(&verdict, "l2.ran", RESULT_FAIL, "entered 0 times");
	expect(&verdict, "phase.expect", RESULT_FAIL, "expect = allocated");
	expect_end(&verdict, RESULT_FAIL, 1);
}

static void test_pages_missing(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].l2_pages = 1;
	verdict = judge_all(w);
	expect(&verdict, "l2.ran", RESULT_FAIL, "wrote 1 of 2 pages");
}

/* The phase before the transition is one whose KVM_RUN has to fail, and did. */
static void make_failing(struct world *w, int error)
{
	w->cfgs[1].fails = w->phases[CONTROL].failed = error;
	w->cfgs[1].nested_paging = true;
	w->cfgs[1].expect = EXPECT_NOTHING;
	w->phases[CONTROL].l2_entries = 0;
}

static void test_allocation_fails(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[CONTROL];
	struct verdict verdict;

	make_failing(w, ENOMEM);
	phase->predicted = &phase->again;
	phase->again.kept.bytes[ARRAY_RMAP] = phase->held.bytes[ARRAY_RMAP] = 8192;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_PASS, "phase p1: KVM_RUN failed with ENOMEM, the rmaps stay lazy, 8 KiB kept");
	expect(&verdict, "l2.ran", RESULT_PASS, "2 entries in 1 phase, 2 pages");
	phase->held.bytes[ARRAY_RMAP] = 4096;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_FAIL, "after the failure rmap arrays hold 4096 bytes, predicted 8192");
	phase->held.bytes[ARRAY_RMAP] = 8192;
	phase->held.bytes[ARRAY_TRACKING] = 4096;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_FAIL, "tracking arrays hold 4096 bytes, predicted 0");
	phase->measured = false;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_SKIP, "");
	phase->measured = true;
	phase->state = RMAP_ALLOCATED;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_FAIL, "yet the rmaps count as allocated");
	phase->failed = 0;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_FAIL, "KVM_RUN should have failed with ENOMEM: it did not");
}

static void test_no_shadow_page(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[CONTROL];
	struct verdict verdict;

	/* Three pages are written of its four, and the last one in the next phase. */
	make_failing(w, ENOSPC);
	w->cfgs[1].touch = 4 * 4096;
	w->cfgs[1].expect = EXPECT_ALLOCATED;
	w->run.transition = CONTROL;
	phase->held = w->run.at_transition;
	phase->state = RMAP_ALLOCATED;
	phase->snapshot.rmaps = w->phases[TRANSITION].snapshot.rmaps;
	phase->l2_entries = 5;
	phase->l2_pages = 3;
	w->phases[TRANSITION].l2_pages = 3;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_PASS, "phase p1: KVM_RUN failed with ENOSPC");
	expect(&verdict, "l2.ran", RESULT_PASS, "2 entries in 1 phase, 3 pages");
	expect(&verdict, "transition.observed", RESULT_PASS, "p1");
	expect(&verdict, "lazy.before", RESULT_PASS, "");
	w->phases[TRANSITION].l2_pages = 2;
	verdict = judge_all(w);
	expect(&verdict, "l2.ran", RESULT_FAIL, "wrote 2 of 3 pages");
	phase->failed = ENOMEM;
	verdict = judge_all(w);
	expect(&verdict, "phase.fails", RESULT_FAIL, "KVM_RUN should have failed with ENOSPC: it did not");
}

/* Where counters are all there is, they tell nothing before a vCPU has run. */
static void test_counters_only(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[CREATE].state = RMAP_UNKNOWN;
	w->run.phases[BOOT].state = RMAP_UNKNOWN;
	w->run.phases[CONTROL].state = RMAP_UNKNOWN;
	measure_transition(&w->run);
	verdict = judge_all(w);
	/* It may have come any time. */
	expect(&verdict, "transition.observed", RESULT_SKIP, "");

	make_eager(w);
	for (int i = CREATE; i <= TRANSITION; i++)
		w->phases[i].snapshot.status[SOURCE_RMAPS_STAT].ok = false;
	w->phases[CREATE].state = RMAP_UNKNOWN;
	w->run.model.rmap_lazy = false;
	w->config.expect.policy = POLICY_ANY;
	measure_transition(&w->run);
	verdict = judge_all(w);
	expect(&verdict, "host.policy", RESULT_PASS, "eager");
	expect(&verdict, "transition.observed", RESULT_SKIP, "eager host");
	expect(&verdict, "phase.expect", RESULT_PASS, "1 phase");
	expect_end(&verdict, RESULT_PASS, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_controls), T(test_restore), T(test_counters_only), T(test_too_early), T(test_never),
		T(test_pages_missing), T(test_allocation_fails), T(test_no_shadow_page),
	};

	return cmocka_run_group_tests_name("verdict_transition", tests, NULL, NULL);
}
