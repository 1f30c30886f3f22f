// SPDX-License-Identifier: GPL-2.0-only
/* A guest of the user's is judged by what it is expected to do and what KVM counts: it says nothing itself. */
#include "verdict_scenes.h"

/* A guest of the user's: only `expect` says what it does, and only KVM counts. */
static void make_linux(struct world *w)
{
	w->config.guest.payload = PAYLOAD_LINUX;
	for (int i = 0; i < 3; i++) {
		w->cfgs[i].what = DO_RUN;
		w->cfgs[i].goes_on = true;
		w->cfgs[i].nested_paging = true;
	}
	w->cfgs[2].touch = 0;
	w->phases[CONTROL].l2_entries = 0;
	w->phases[TRANSITION].l2_pages = 0;
	for (int i = 0; i < PHASES; i++)
		w->phases[i].snapshot.kvm_stats.counters[COUNTER_NESTED_RUN] =
			(struct figure){ .known = true, .value = i < TRANSITION ? 0 : 2 };
}

static void tracking_tells_of_a_linux_guests_shadow_root(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct verdict verdict;

	make_linux(w);
	bring_rmaps_with_slots(w);
	w->run.model.tracking_lazy = true;
	w->cfgs[2].expect = EXPECT_NOTHING;
	verdict = judge_all(w);
	expect(&verdict, "tracking.exact", RESULT_SKIP, "no shadow root");
	phase->held.bytes[ARRAY_TRACKING] = w->run.at_transition.bytes[ARRAY_TRACKING];
	verdict = judge_all(w);
	expect(&verdict, "tracking.exact", RESULT_PASS, "with the first shadow root");
	/* It does not where no nested guest ran, or in part. */
	phase->held.bytes[ARRAY_TRACKING] -= 4096;
	verdict = judge_all(w);
	expect(&verdict, "tracking.exact", RESULT_FAIL, "predicted 0");
	phase->held.bytes[ARRAY_TRACKING] += 4096;
	phase->l2_entries = 0;
	verdict = judge_all(w);
	expect(&verdict, "tracking.exact", RESULT_FAIL, "predicted 0");
}

static void a_linux_guest_is_judged_by_what_it_is_expected_to_do(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_linux(w);
	verdict = judge_all(w);
	expect(&verdict, "lazy.before", RESULT_PASS, "");
	expect(&verdict, "transition.observed", RESULT_PASS, "phase p2");
	expect(&verdict, "rmap.exact", RESULT_PASS, "as predicted");
	expect(&verdict, "l2.ran", RESULT_PASS, "2 entries in 1 phase");
	/* A phase after that may expect them, too, and need not run L2. */
	w->cfgs[1].expect = EXPECT_ALLOCATED;
	w->phases[CONTROL].state = RMAP_ALLOCATED;
	w->phases[CONTROL].l2_entries = 2;
	w->phases[CONTROL].held = w->run.at_transition;
	w->phases[TRANSITION].l2_entries = 0;
	w->run.transition = CONTROL;
	verdict = judge_all(w);
	expect(&verdict, "l2.ran", RESULT_PASS, "2 entries in 1 phase");
}

static void a_linux_guest_that_nests_too_soon_or_never_fails(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_linux(w);
	w->phases[CONTROL].state = RMAP_ALLOCATED;
	w->run.transition = CONTROL;
	verdict = judge_all(w);
	expect(&verdict, "lazy.before", RESULT_FAIL, "phase p1");
	expect(&verdict, "transition.observed", RESULT_FAIL, "in phase p1");
	expect(&verdict, "phase.expect", RESULT_FAIL, "phase p1");
	w->phases[CONTROL].state = w->phases[TRANSITION].state = RMAP_LAZY;
	w->phases[TRANSITION].l2_entries = 0;
	w->run.transition = -1;
	verdict = judge_all(w);
	expect(&verdict, "transition.observed", RESULT_FAIL, "lazy as before");
	expect(&verdict, "l2.ran", RESULT_FAIL, "entered 0 times");
}

static void what_a_linux_guest_does_unasked_is_no_failure(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_linux(w);
	w->cfgs[2].expect = EXPECT_NOTHING;
	verdict = judge_all(w);
	expect(&verdict, "lazy.before", RESULT_PASS, "");
	expect(&verdict, "transition.observed", RESULT_PASS, "phase p2");
	expect(&verdict, "l2.ran", RESULT_SKIP, "no phase runs L2");
	w->phases[TRANSITION].state = RMAP_LAZY;
	w->phases[TRANSITION].held = (struct footprint){ 0 };
	w->run.transition = -1;
	verdict = judge_all(w);
	expect(&verdict, "transition.observed", RESULT_SKIP, "no phase runs L2");
	assert_true(find(&verdict, "transition.observed")->remedy[0]);
}

static void without_kvms_counter_a_linux_guests_entries_are_unknown(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_linux(w);
	w->phases[TRANSITION].l2_entries = 0;
	w->phases[TRANSITION].snapshot.kvm_stats.counters[COUNTER_NESTED_RUN].known = false;
	verdict = judge_all(w);
	expect(&verdict, "l2.ran", RESULT_SKIP, "nested_run");
	assert_true(find(&verdict, "l2.ran")->remedy[0]);
}

/* Also where the phase was to run a nested guest: nothing of what it is for was seen. */
static void a_test_kernel_that_skips_its_tests_is_a_skip(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_linux(w);
	w->config.guest.payload = PAYLOAD_MULTIBOOT;
	w->phases[TRANSITION].done = false;
	w->phases[TRANSITION].state = RMAP_LAZY;
	w->phases[TRANSITION].held = (struct footprint){ 0 };
	w->phases[TRANSITION].l2_entries = 0;
	w->run.transition = -1;
	w->phases[TRANSITION].snapshot.rmaps.allocated = false;
	w->run.stage = STAGE_CREATED;
	w->run.guest.trouble = GUEST_SKIPPED;
	snprintf(w->run.guest.text, sizeof(w->run.guest.text), "phase p2: skipped");
	verdict = judge_all(w);
	expect(&verdict, "guest.clean", RESULT_SKIP, "phase p2: skipped");
	expect(&verdict, "l2.ran", RESULT_SKIP, "phase p2: skipped");
	expect(&verdict, "transition.observed", RESULT_SKIP, "phase p2: skipped");
	assert_int_equal(verdict.result, RESULT_SKIP);
	assert_int_equal(verdict.exit_status, 4);
	/* What it did before it gave up may still be wrong. */
	w->phases[CONTROL].state = RMAP_ALLOCATED;
	verdict = judge_all(w);
	assert_int_equal(verdict.result, RESULT_FAIL);
	w->phases[CONTROL].state = RMAP_LAZY;
	w->run.guest.trouble = GUEST_REPORTED;
	verdict = judge_all(w);
	expect(&verdict, "guest.clean", RESULT_FAIL, "phase p2: skipped");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_linux_guest_is_judged_by_what_it_is_expected_to_do),
		T(tracking_tells_of_a_linux_guests_shadow_root), T(a_linux_guest_that_nests_too_soon_or_never_fails),
		T(what_a_linux_guest_does_unasked_is_no_failure),
		T(without_kvms_counter_a_linux_guests_entries_are_unknown),
		T(a_test_kernel_that_skips_its_tests_is_a_skip),
	};

	return cmocka_run_group_tests_name("verdict_guests", tests, NULL, NULL);
}
