// SPDX-License-Identifier: GPL-2.0-only
/* Every check seen green, red and skipped, on runs made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "run/measure.h"

enum { CREATE, BOOT, CONTROL, TRANSITION, TEARDOWN, PHASES };

/* A run as configs/transition.ini makes it on a lazy host where all is well. */
struct world {
	struct config config;
	struct phase_cfg cfgs[3];
	struct phase_result phases[PHASES];
	struct run run;
};

static void all_sources_ok(struct snapshot *snapshot)
{
	for (int source = 0; source < SOURCE_COUNT; source++)
		snapshot->status[source].ok = true;
	snapshot->other_vms.known = true;
	/* It is asked only where the others leave something unexplained. */
	snapshot->status[SOURCE_MEMSLOTS].ok = false;
	snprintf(snapshot->status[SOURCE_MEMSLOTS].why, SOURCE_WHY, "not needed");
}

static void set_phase(struct world *w, int index, const char *what, struct phase_cfg *cfg)
{
	struct phase_result *phase = &w->phases[index];

	phase->cfg = cfg;
	phase->what = what;
	phase->name = cfg ? cfg->name : what;
	phase->done = phase->measured = true;
	phase->state = index < TRANSITION ? RMAP_LAZY : RMAP_ALLOCATED;
	all_sources_ok(&phase->snapshot);
}

static void good_host(struct run *run)
{
	snprintf(run->host.kernel, sizeof(run->host.kernel), "6.12.0-test");
	snprintf(run->host.module, sizeof(run->host.module), "kvm_amd");
	run->host.tdp_mmu = run->host.tdp = run->host.nested = ANSWER_YES;
	run->stage = STAGE_RAN;
	run->nesting = true;
	run->policy = RMAP_LAZY;
	run->transition = TRANSITION;
	run->model.rmap_lazy = run->model.tracking_lazy = true;
	run->at_transition.bytes[ARRAY_RMAP] = 1000 * 4096;
	run->at_transition.bytes[ARRAY_TRACKING] = 100 * 4096;
	run->heads[0] = 512000;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	for (int i = 0; i < 3; i++)
		snprintf(w->cfgs[i].name, sizeof(w->cfgs[i].name), "p%d", i);
	w->cfgs[0].what = DO_BOOT;
	w->cfgs[1].what = w->cfgs[2].what = DO_L2;
	w->cfgs[0].expect = w->cfgs[1].expect = EXPECT_LAZY;
	w->cfgs[2].expect = EXPECT_ALLOCATED;
	w->cfgs[2].nested_paging = true;
	w->cfgs[2].touch = 2 * 4096;
	w->config.phases = w->cfgs;
	w->config.phase_count = 3;
	set_phase(w, CREATE, "create", NULL);
	set_phase(w, BOOT, "boot", &w->cfgs[0]);
	set_phase(w, CONTROL, "l2", &w->cfgs[1]);
	set_phase(w, TRANSITION, "l2", &w->cfgs[2]);
	set_phase(w, TEARDOWN, "teardown", NULL);
	w->phases[CONTROL].l2_entries = w->phases[TRANSITION].l2_entries = 2;
	w->phases[TRANSITION].l2_pages = 2;
	w->phases[TRANSITION].snapshot.rmaps.allocated = true;
	w->phases[TRANSITION].snapshot.rmaps.heads[0] = 512000;
	w->run.config = &w->config;
	w->run.phases = w->phases;
	w->run.phase_count = PHASES;
	all_sources_ok(&w->run.before);
	good_host(&w->run);
	w->phases[TRANSITION].held = w->run.at_transition;
	*state = w;
	return 0;
}

static int cleanup(void **state)
{
	free(*state);
	return 0;
}

static struct verdict judge_all(const struct world *w)
{
	struct verdict verdict;

	verdict_judge(&w->run, &verdict);
	return verdict;
}

static const struct check *find(const struct verdict *verdict, const char *name)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (!strcmp(verdict->checks[i].name, name))
			return &verdict->checks[i];
	fail_msg("no check %s", name);
	return NULL;
}

static void expect(const struct verdict *verdict, const char *name, enum result result,
		   const char *reason)
{
	const struct check *check = find(verdict, name);

	if (check->result != result || !strstr(check->reason, reason))
		fail_msg("%s: %s: %s", name, result_name(check->result), check->reason);
}

static void expect_end(const struct verdict *verdict, enum result result, int exit_status)
{
	assert_string_equal(result_name(verdict->result), result_name(result));
	assert_int_equal(verdict->exit_status, exit_status);
}

static void test_all_green(void **state)
{
	struct verdict verdict = judge_all(*state);

	for (size_t i = 0; i < verdict.count; i++)
		expect(&verdict, verdict.checks[i].name, RESULT_PASS, "");
	expect_end(&verdict, RESULT_PASS, 0);
}

static void test_no_kvm(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->run.stage = STAGE_NOTHING;
	w->run.skipped = true;
	w->run.phase_count = 0;
	err_set(&w->run.err, 2, "open(/dev/kvm): No such file");
	err_remedy(&w->run.err, "modprobe");
	verdict = judge_all(w);
	expect(&verdict, "host.kvm", RESULT_SKIP, "open(/dev/kvm)");
	assert_string_equal(find(&verdict, "host.kvm")->remedy, "modprobe");
	expect(&verdict, "rmap.exact", RESULT_SKIP, "no VM was made");
	expect_end(&verdict, RESULT_SKIP, 4);
}

/* --require: what was not judged fails, and what passed or was not asked for stays. */
static void test_require(void **state)
{
	struct world *w = *state;
	struct verdict verdict = judge_all(w);

	verdict_require(&w->run, NULL, &verdict);
	expect_end(&verdict, RESULT_PASS, 0);
	verdict_require(&w->run, "rmap.exact,l2.ran", &verdict);
	expect_end(&verdict, RESULT_PASS, 0);
	verdict_require(&w->run, "l2.ran,discard.fresh", &verdict);
	expect(&verdict, "discard.fresh", RESULT_FAIL, "no part of this run");
	expect_end(&verdict, RESULT_FAIL, 1);
	w->run.stage = STAGE_NOTHING;
	w->run.skipped = true;
	w->run.phase_count = 0;
	err_set(&w->run.err, 2, "open(/dev/kvm): No such file");
	verdict = judge_all(w);
	verdict_require(&w->run, "rmap.exact", &verdict);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "required, but not judged: no VM was made");
	expect(&verdict, "tracking.exact", RESULT_SKIP, "no VM was made");
	expect_end(&verdict, RESULT_FAIL, 1);
}

static void test_no_nesting(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->run.stage = STAGE_KVM;
	w->run.nesting = false;
	w->run.skipped = true;
	w->run.phase_count = 0;
	err_set(&w->run.no_nesting, 95, "does not run nested guests");
	err_remedy(&w->run.no_nesting, "nested=1");
	w->run.err = w->run.no_nesting;
	verdict = judge_all(w);
	expect(&verdict, "host.kvm", RESULT_PASS, "");
	expect(&verdict, "host.nested", RESULT_SKIP, "does not run nested");
	expect_end(&verdict, RESULT_SKIP, 4);
	/* The run was refused for another reason. */
	err_set(&w->run.err, 12, "this layout costs the kernel 1 GiB");
	err_remedy(&w->run.err, "a smaller layout");
	verdict = judge_all(w);
	expect(&verdict, "host.nested", RESULT_SKIP, "does not run nested");
	assert_string_equal(find(&verdict, "host.nested")->remedy, "nested=1");
}

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

static void make_eager(struct world *w)
{
	for (int i = CREATE; i <= TRANSITION; i++) {
		w->phases[i].state = RMAP_ALLOCATED;
		w->phases[i].held = w->run.at_transition;
	}
	w->run.at_creation = w->run.at_transition;
	w->run.at_transition = (struct footprint){ 0 };
	w->run.policy = RMAP_ALLOCATED;
	w->run.transition = -1;
	w->run.host.tdp_mmu = ANSWER_NO;
}

static void test_eager_host(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	make_eager(w);
	for (int i = CREATE; i <= TRANSITION; i++)
		w->phases[i].snapshot.rmaps = w->phases[TRANSITION].snapshot.rmaps;
	verdict = judge_all(w);
	expect(&verdict, "host.tdp-mmu", RESULT_FAIL, "tdp_mmu is off");
	expect(&verdict, "host.policy", RESULT_FAIL, "expected a lazy host; it is eager");
	expect(&verdict, "lazy.before", RESULT_FAIL, "before any nested guest");
	expect(&verdict, "phase.expect", RESULT_FAIL, "expect = lazy");
	expect_end(&verdict, RESULT_FAIL, 1);

	w->config.expect.policy = POLICY_ANY;
	verdict = judge_all(w);
	expect(&verdict, "host.policy", RESULT_PASS, "eager");
	expect(&verdict, "lazy.before", RESULT_SKIP, "eager host");
	expect(&verdict, "control.no-npt", RESULT_SKIP, "eager host");
	expect(&verdict, "transition.observed", RESULT_SKIP, "eager host");
	assert_string_equal(find(&verdict, "control.no-npt")->remedy,
			    "with no VM running reload kvm and kvm_amd with tdp_mmu=1 and npt/ept on");
	assert_non_null(strstr(find(&verdict, "host.tdp-mmu")->remedy, "tdp_mmu=1"));
	expect(&verdict, "rmap.exact", RESULT_PASS, "");
	expect_end(&verdict, RESULT_PASS, 0);

	snprintf(w->run.host.kernel, sizeof(w->run.host.kernel), "5.10.0-46-cloud-amd64");
	w->config.expect.policy = POLICY_LAZY;
	verdict = judge_all(w);
	expect(&verdict, "host.policy", RESULT_FAIL, "kernel 5.10");
	expect(&verdict, "host.policy", RESULT_FAIL, "5.14");
}

static void test_policy_eager_on_lazy_host(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->config.expect.policy = POLICY_EAGER;
	verdict = judge_all(w);
	expect(&verdict, "host.policy", RESULT_FAIL, "expected an eager host");
	expect_end(&verdict, RESULT_FAIL, 1);
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

static void test_wrong_bytes(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].held.bytes[ARRAY_RMAP] += 4096;
	w->phases[TRANSITION].held.bytes[ARRAY_TRACKING] -= 4096;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "(+4096)");
	expect(&verdict, "tracking.exact", RESULT_FAIL, "(-4096)");
	expect_end(&verdict, RESULT_FAIL, 1);
}

/* Bytes that may be another VM's are no FAIL; by address they are this VM's own, and are. */
static void test_other_vms(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct verdict verdict;

	phase->held.bytes[ARRAY_RMAP] += 4096;
	phase->held_source = SOURCE_VMALLOCINFO;
	phase->mixed = true;
	w->phases[BOOT].snapshot.other_vms = (struct other_vms){ true, 2, 1, { 0 } };
	snprintf(phase->snapshot.status[SOURCE_MEMSLOTS].why, SOURCE_WHY, "/proc/kcore: no");
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_SKIP, "2 other VMs are on this host");
	expect(&verdict, "rmap.exact", RESULT_SKIP, "/proc/kcore: no");
	expect(&verdict, "tracking.exact", RESULT_PASS, "as predicted");
	phase->held_source = SOURCE_MEMSLOTS;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "by the addresses of this VM's own arrays");
}

static void test_wrong_heads(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].snapshot.rmaps.heads[0]--;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "mmu_rmaps_stat counts 511999");
}

/* Two witnesses, lazy and not: bytes held while KVM says lazy. */
static void test_bytes_while_lazy(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[BOOT].held.bytes[ARRAY_RMAP] = 4096;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "phase p0");
}

static void test_leak(void **state)
{
	struct world *w = *state;
	struct snapshot *last = &w->phases[TEARDOWN].snapshot;
	struct verdict verdict;

	assert_int_equal(tally_add(&last->vmalloc, "memslot_rmap_alloc", 512, 1), 0);
	tally_sort(&last->vmalloc);
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "+2097152 bytes");
	expect(&verdict, "teardown.clean", RESULT_FAIL, "memslot_rmap_alloc");
	expect_end(&verdict, RESULT_FAIL, 1);
	tally_free(&last->vmalloc);
}

/* The bytes of a VM that is allocated do not explain one that KVM calls lazy: a neighbour's may. */
static void test_bytes_of_another_state(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];

	phase->state_source = SOURCE_RMAPS_STAT;
	assert_true(measure_explained(&w->run, phase));
	phase->state = RMAP_LAZY;
	assert_false(measure_explained(&w->run, phase));
	/* Where they are all that tells, they tell both. */
	phase->state_source = SOURCE_VMALLOCINFO;
	assert_true(measure_explained(&w->run, phase));
}

/* kvm.tdp_mmu = 0, 5.16 or newer: the rmaps come with the slots, tracking with the shadow root. */
static void bring_rmaps_with_slots(struct world *w)
{
	struct run *run = &w->run;

	w->config.expect.policy = POLICY_ANY;
	run->policy = RMAP_ALLOCATED;
	run->transition = -1;
	run->model.rmap_lazy = false;
	run->at_creation.bytes[ARRAY_RMAP] = run->at_transition.bytes[ARRAY_RMAP];
	run->at_transition.bytes[ARRAY_RMAP] = 0;
	for (int i = CREATE; i <= TRANSITION; i++) {
		w->phases[i].state = RMAP_ALLOCATED;
		w->phases[i].held = run->at_creation;
	}
}

/*
 * Where the rmaps come with the slots: tracking before any nested guest is not a shadow root's, but
 * another VM's. And where there was one, another VM's tracking may have gone.
 */
static void test_a_nested_guest_makes_a_shadow_root(void **state)
{
	struct world *w = *state;
	struct run *run = &w->run;

	bring_rmaps_with_slots(w);
	for (int i = CREATE; i <= TRANSITION; i++) {
		struct phase_result *phase = &w->phases[i];

		assert_int_equal(measure_explained(run, phase), i != TRANSITION);
		phase->held.bytes[ARRAY_TRACKING] = run->at_transition.bytes[ARRAY_TRACKING];
		assert_int_equal(measure_explained(run, phase), i == TRANSITION);
	}
	/* What a guest of the user's does is not known here. */
	w->cfgs[2].goes_on = true;
	assert_true(measure_explained(run, &w->phases[TRANSITION]));
	w->phases[TRANSITION].held = run->at_creation;
	assert_true(measure_explained(run, &w->phases[TRANSITION]));
}

static void test_others_keep_still(void **state)
{
	struct stress_result stress = { .vms.made = 1 };
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];

	w->run.before.other_vms = (struct other_vms){ true, 1, 7, { true, 100 } };
	phase->snapshot.other_vms = (struct other_vms){ true, 1, 7, { true, 101 } };
	assert_false(measure_others_kept_still(&w->run, phase));	/* not asked */
	phase->snapshot.status[SOURCE_MEMSLOTS].ok = phase->snapshot.memslots.others_known = true;
	assert_true(measure_others_kept_still(&w->run, phase));
	phase->snapshot.memslots.others = 4096;
	assert_false(measure_others_kept_still(&w->run, phase));
	/* The other VMs had as many bytes before. */
	assert_int_equal(tally_add(&w->run.before.vmalloc, "memslot_rmap_alloc", 1, 1), 0);
	tally_sort(&w->run.before.vmalloc);
	assert_true(measure_arrays_before(&w->run));
	assert_false(measure_others_kept_still(&w->run, phase));
	w->run.before.status[SOURCE_MEMSLOTS].ok = w->run.before.memslots.others_known = true;
	w->run.before.memslots.others = 4096;
	assert_true(measure_others_kept_still(&w->run, phase));
	/* One lived for a moment. */
	phase->snapshot.other_vms.events.value = 103;
	assert_false(measure_others_kept_still(&w->run, phase));
	/* It was this run's own, of a stress phase. */
	phase->stress = &stress;
	assert_true(measure_others_kept_still(&w->run, phase));
	phase->snapshot.other_vms.events.value = 105;
	assert_false(measure_others_kept_still(&w->run, phase));
	phase->stress = NULL;
	phase->snapshot.other_vms.events.value = 101;
	/* One came or went. */
	phase->snapshot.other_vms.set = 8;
	assert_false(measure_others_kept_still(&w->run, phase));
	tally_free(&w->run.before.vmalloc);
}

/* A VM that left KVM's list while its arrays were still there takes them away later, with no event of its own. */
static void test_baseline_with_an_ending_vm(void **state)
{
	struct world *w = *state;
	struct snapshot *before = &w->run.before;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct phase_result *teardown = &w->phases[TEARDOWN];
	int64_t ownerless;

	w->run.model.whole_pages = true;
	before->other_vms = (struct other_vms){ true, 1, 7, { true, 100 } };
	phase->snapshot.other_vms = (struct other_vms){ true, 1, 7, { true, 101 } };
	phase->snapshot.status[SOURCE_MEMSLOTS].ok = phase->snapshot.memslots.others_known = true;
	before->status[SOURCE_MEMSLOTS].ok = before->memslots.others_known = true;
	assert_true(measure_ownerless(&w->run, &ownerless) && !ownerless);
	assert_true(measure_others_kept_still(&w->run, phase));
	assert_int_equal(tally_add(&before->vmalloc, "memslot_rmap_alloc", 2, 1), 0);
	tally_sort(&before->vmalloc);
	assert_true(measure_ownerless(&w->run, &ownerless));
	assert_int_equal(ownerless, 8192);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* No ending VM makes the arrays more than this one's. */
	assert_int_equal(tally_add(&phase->snapshot.vmalloc, "memslot_rmap_alloc", 1u << 30, 1), 0);
	tally_sort(&phase->snapshot.vmalloc);
	assert_true(measure_others_kept_still(&w->run, phase));
	/* The others got slots after vmallocinfo was read. */
	before->memslots.others = phase->snapshot.memslots.others = 12288;
	assert_true(measure_ownerless(&w->run, &ownerless));
	assert_int_equal(ownerless, -4096);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* No VM was there, and nobody can say whose they were. */
	before->status[SOURCE_MEMSLOTS].ok = phase->snapshot.status[SOURCE_MEMSLOTS].ok = false;
	assert_false(measure_ownerless(&w->run, &ownerless));
	before->other_vms.set = phase->snapshot.other_vms.set = 0;
	before->memslots.others = 0;
	assert_true(measure_ownerless(&w->run, &ownerless) && ownerless == 8192);
	assert_false(measure_other_vms(&w->run));
	assert_true(measure_arrays_before(&w->run));
	assert_true(measure_others_kept_still(&w->run, phase));
	/* Without debugfs nobody says that there was none. */
	before->other_vms.known = false;
	assert_false(measure_ownerless(&w->run, &ownerless));
	before->other_vms.known = true;
	/* An array for which there was no room in slab is more than what is predicted. */
	w->run.model.whole_pages = false;
	assert_false(measure_others_kept_still(&w->run, phase));
	w->run.model.whole_pages = true;
	tally_free(&phase->snapshot.vmalloc);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* After the teardown one page more than before is a leak, and one less is not. */
	teardown->snapshot.other_vms = (struct other_vms){ true, 0, 0, { true, 102 } };
	assert_int_equal(tally_add(&teardown->snapshot.vmalloc, "memslot_rmap_alloc", 1, 3), 0);
	tally_sort(&teardown->snapshot.vmalloc);
	assert_true(measure_others_kept_still(&w->run, teardown));
	teardown->snapshot.vmalloc.entries[0].count = 1;
	assert_false(measure_others_kept_still(&w->run, teardown));
	tally_free(&teardown->snapshot.vmalloc);
	tally_free(&before->vmalloc);
}

/* What is left after the teardown may be another VM's, unless the addresses tell. */
static void test_leak_beside_other_vms(void **state)
{
	struct world *w = *state;
	struct snapshot *after = &w->phases[TEARDOWN].snapshot;
	struct verdict verdict;

	assert_int_equal(tally_add(&after->vmalloc, "memslot_rmap_alloc", 512, 1), 0);
	tally_sort(&after->vmalloc);
	w->run.before.other_vms = (struct other_vms){ true, 1, 1, { 0 } };
	w->phases[TEARDOWN].mixed = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "1 other VM is on this host");
	after->memslots.left_known = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_PASS, "none of the arrays that this VM had");
	after->memslots.left = 8192;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "8192 bytes of this VM's arrays");
	/* One of the others kept changing: they may be its, at the same addresses. */
	after->memslots.left_known = false;
	after->status[SOURCE_MEMSLOTS] = (struct source_status){ .ok = true };
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "1 other VM is on this host, and whose the arrays are "
	       "can't be told: another VM kept changing while its memslots were read");
	/* The others were read, but the first of them came only when this VM's addresses could no longer be noted. */
	after->memslots.others_known = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "whose the arrays are can't be told: "
	       "the addresses of this VM's arrays were not noted before it ended");
	after->memslots.left_known = true;
	/* The others did nothing, so that all that is left was this VM's, wherever it lies. */
	after->memslots.left = 0;
	w->phases[TEARDOWN].mixed = false;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "bytes of KVM's arrays after the VM was destroyed");
	tally_free(&after->vmalloc);
}

static void test_klog(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TEARDOWN].snapshot.klog.alarms = 2;
	snprintf(w->phases[TEARDOWN].snapshot.klog.first, 160, "WARNING: at btrfs");
	verdict = judge_all(w);
	expect(&verdict, "klog.clean", RESULT_PASS, "note: 2 other alarms since the start, the first: "
	       "WARNING: at btrfs");
	w->phases[TEARDOWN].snapshot.klog.concerning = 1;
	snprintf(w->phases[TEARDOWN].snapshot.klog.first_concerning, 160, "WARNING: at mmu.c");
	verdict = judge_all(w);
	expect(&verdict, "klog.clean", RESULT_FAIL, "WARNING: at mmu.c");
	expect_end(&verdict, RESULT_FAIL, 1);
}

static void test_guest_fault(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->run.stage = STAGE_CREATED;
	w->run.guest.trouble = GUEST_REPORTED;
	snprintf(w->run.guest.text, sizeof(w->run.guest.text), "phase p1: L1 took exception 6 (#UD)");
	w->phases[CONTROL].done = false;
	w->run.phase_count = 3;
	w->run.transition = -1;
	verdict = judge_all(w);
	expect(&verdict, "guest.clean", RESULT_FAIL, "#UD");
	expect(&verdict, "l2.ran", RESULT_FAIL, "#UD");
	expect(&verdict, "control.no-npt", RESULT_SKIP, "not completed");
	expect(&verdict, "transition.observed", RESULT_SKIP, "not completed");
	expect_end(&verdict, RESULT_FAIL, 1);

	w->run.guest.trouble = GUEST_ABI;
	verdict = judge_all(w);
	expect_end(&verdict, RESULT_ERROR, 3);
}

/* 5.15 to 5.17 refuse an array of more than INT_MAX bytes: the FAIL says that it is this limit. */
static void an_array_that_the_kernel_refuses_explains_enomem(void **state)
{
	struct memslot_cfg memslot = { .name = "high", .size = 1ull << 40, .count = 1 };
	struct slot slot = { .size = 1ull << 40 };
	struct world *w = *state;
	struct verdict verdict;

	w->config.memslots = &memslot;
	w->config.memslot_count = 1;
	w->run.layout = (struct layout){ .slots = &slot, .count = 1, .config = &w->config };
	w->run.guest.trouble = GUEST_IOCTL;
	w->run.guest.error = ENOMEM;
	snprintf(w->run.guest.text, sizeof(w->run.guest.text), "phase p2: KVM_RUN: Cannot allocate memory");
	verdict = judge_all(w);
	expect(&verdict, "guest.clean", RESULT_FAIL, "Cannot allocate memory");
	assert_null(strstr(find(&verdict, "guest.clean")->reason, "INT_MAX"));
	w->run.model.refuses_large = ANSWER_YES;
	verdict = judge_all(w);
	expect(&verdict, "guest.clean", RESULT_FAIL, "Cannot allocate memory; memslot.high: its rmap array");
	expect(&verdict, "guest.clean", RESULT_FAIL, "of 2147483648 bytes is more than INT_MAX");
	assert_non_null(strstr(find(&verdict, "guest.clean")->remedy, "memslots of less than 1 TiB"));
}

static void test_error_and_signal(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->run.stage = STAGE_NESTED;
	w->run.phase_count = 0;
	err_set(&w->run.err, 12, "KVM_CREATE_VM(0): no memory");
	verdict = judge_all(w);
	expect_end(&verdict, RESULT_ERROR, 3);
	w->run.signal = 2;
	verdict = judge_all(w);
	expect_end(&verdict, RESULT_ERROR, 130);
}

/* The phases before it are judged by what was seen of them. */
static void a_phase_that_a_signal_ended_is_not_looked_at(void **state)
{
	struct world *w = *state;
	struct phase_result *ended = &w->phases[TRANSITION];
	struct verdict verdict;

	w->run.signal = 15;
	w->run.stage = STAGE_CREATED;
	w->run.transition = -1;
	ended->done = ended->measured = false;
	ended->state = RMAP_UNKNOWN;
	ended->snapshot = (struct snapshot){ 0 };
	ended->unseen = true;
	verdict = judge_all(w);
	expect_end(&verdict, RESULT_ERROR, 143);
	expect(&verdict, "arrays.exact", RESULT_PASS, "");
	expect(&verdict, "lazy.before", RESULT_PASS, "");
	expect(&verdict, "rmap.exact", RESULT_SKIP, "never allocated");
	expect(&verdict, "transition.observed", RESULT_SKIP, "interrupted");
	for (size_t i = 0; i < verdict.count; i++)
		assert_null(strstr(verdict.checks[i].reason, "unavailable: "));
}

static void test_blind(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	for (int i = 0; i < PHASES; i++) {
		for (int source = 0; source < SOURCE_COUNT; source++) {
			w->phases[i].snapshot.status[source].ok = false;
			snprintf(w->phases[i].snapshot.status[source].why, SOURCE_WHY, "not root");
		}
		w->phases[i].state = RMAP_UNKNOWN;
		w->phases[i].measured = false;
	}
	w->run.policy = RMAP_UNKNOWN;
	w->run.transition = -1;
	verdict = judge_all(w);
	expect(&verdict, "lazy.before", RESULT_SKIP, "unavailable: not root");
	expect(&verdict, "transition.observed", RESULT_SKIP, "unavailable");
	expect(&verdict, "rmap.exact", RESULT_SKIP, "vmallocinfo unavailable");
	expect(&verdict, "teardown.clean", RESULT_SKIP, "unavailable");
	expect(&verdict, "klog.clean", RESULT_SKIP, "klog unavailable");
	assert_true(find(&verdict, "lazy.before")->remedy[0]);
	expect(&verdict, "l2.ran", RESULT_PASS, "");
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

/* What phases with a slot of their own have found. */
static void test_found(void **state)
{
	struct world *w = *state;
	struct found *log = &w->phases[BOOT].found, *memory = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[0].what = DO_DIRTY_LOG;
	w->cfgs[2].what = DO_DISCARD;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].touch = 4096;
	w->phases[TRANSITION].l2_pages = 3;
	w->phases[TRANSITION].repeats = 2;
	log->pages = 12;
	memory->pages = 34;
	snprintf(memory->ways, sizeof(memory->ways), "madvise, not thp");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "12 pages compared with the log in 1 phase");
	expect(&verdict, "discard.fresh", RESULT_PASS,
	       "34 pages compared with the VMM's mapping in 1 phase: madvise, not thp");
	expect(&verdict, "l2.ran", RESULT_PASS, "");

	snprintf(log->wrong, sizeof(log->wrong), "a page is missing");
	snprintf(memory->wrong, sizeof(memory->wrong), "a page is old");
	w->phases[TRANSITION].repeats = 1;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "a page is missing");
	expect(&verdict, "discard.fresh", RESULT_FAIL, "a page is old");
	expect(&verdict, "l2.ran", RESULT_FAIL, "3 of 2 pages");

	log->wrong[0] = memory->wrong[0] = '\0';
	w->phases[BOOT].done = w->phases[TRANSITION].done = false;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_SKIP, "no such phase was completed");
	expect(&verdict, "discard.fresh", RESULT_SKIP, "no such phase was completed");
}

/* L2 wrote 600 pages, 16K apart or side by side: KVM had a mapping of each, of whatever size. */
static void test_mapped(void **state)
{
	static const struct {
		uint64_t stride;
		int64_t small, large, beside;
		enum result result;
	} cases[] = {
		{ 4096, 600, 0, 0, RESULT_PASS }, { 16384, 600, 0, 0, RESULT_PASS },
		{ 4096, 0, 2, 0, RESULT_PASS }, { 4096, 88, 1, 0, RESULT_PASS }, { 16384, 0, 5, 0, RESULT_PASS },
		/* KVM may have prefetched others, and need not. */
		{ 4096, 607, 0, 7, RESULT_PASS }, { 4096, 600, 0, 7, RESULT_PASS }, { 16384, 4800, 0, 4200, RESULT_PASS },
		{ 4096, 608, 0, 7, RESULT_FAIL }, { 4096, 599, 0, 7, RESULT_FAIL },
		/* Nothing was unmapped, too little, too much. */
		{ 4096, 0, 0, 0, RESULT_FAIL }, { 4096, 599, 0, 0, RESULT_FAIL }, { 4096, 601, 0, 0, RESULT_FAIL },
		{ 4096, 0, 1, 0, RESULT_FAIL }, { 4096, 0, 3, 0, RESULT_FAIL }, { 4096, -1, 2, 0, RESULT_FAIL },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[2].what = DO_DISCARD;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].how = HOW_MADVISE;
	w->cfgs[2].touch = 600 * 4096;
	w->cfgs[2].slot = (char *)"data";
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "no phase took L2's pages back");
	found->unmapped_known = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->cfgs[2].stride = cases[i].stride;
		found->unmapped[0] = cases[i].small;
		found->unmapped[1] = cases[i].large;
		found->beside = cases[i].beside;
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, "");
	}
	snprintf(found->unmapped_why, sizeof(found->unmapped_why), "no such file");
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "no such file");
}

/* What DAMON saw of a phase's pages, in percent. */
static void see(struct world *w, int index, unsigned int running, unsigned int stopped)
{
	struct aging *aging = &w->phases[index].found.aging;

	*aging = (struct aging){
		.known = true, .samples = 20, .sweeps = 120, .flushes = 60, .running = { running, 100 - running },
		.stopped = { stopped, 100 - stopped },
	};
}

/* In phase p0 L1 writes the pages that L2 writes in phase p2. */
static void set_aging(struct world *w)
{
	w->cfgs[0].what = w->cfgs[2].what = DO_AGE;
	w->cfgs[0].load = LOAD_L1;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[0].slot = w->cfgs[2].slot = (char *)"data";
	w->cfgs[0].touch = w->cfgs[2].touch = 1 << 20;
}

static void test_aging(void **state)
{
	static const struct {
		unsigned int control[2], l2[2];
		enum result result;
		const char *text;
	} cases[] = {
		{ { 100, 0 }, { 100, 0 }, RESULT_PASS, "accesses in 100 % of what it looked at while L2 wrote its pages, and in 0 %" },
		{ { 80, 10 }, { 50, 25 }, RESULT_PASS, "50 %" },
		/* L1's phase is no more than what L2's is compared with. */
		{ { 0, 0 }, { 100, 0 }, RESULT_PASS, "100 %" }, { { 100, 100 }, { 100, 0 }, RESULT_PASS, "100 %" },
		{ { 100, 0 }, { 0, 0 }, RESULT_FAIL, "phase p2: while L2 wrote 256 pages of memslot.data 120 times, DAMON saw "
						     "accesses in 0 % of what it looked at, and in 0 % while all vCPUs were "
						     "stopped; of L1's, in phase p0, 100 % and 0 %: KVM does not tell the "
						     "kernel what L2 accesses" },
		{ { 100, 0 }, { 100, 100 }, RESULT_FAIL, "what L2 does not access any more still counts as accessed" },
		{ { 100, 0 }, { 25, 0 }, RESULT_FAIL, "25 %" }, { { 100, 0 }, { 100, 50 }, RESULT_FAIL, "50 %" },
		/* Neither yes nor no. */
		{ { 100, 0 }, { 26, 0 }, RESULT_SKIP, "26 % of L2's pages that it looked at, and in 0 %" },
		{ { 100, 0 }, { 100, 49 }, RESULT_SKIP, "49 %" },
		/* This host's DAMON sees nothing of a guest, or always something. */
		{ { 0, 0 }, { 0, 0 }, RESULT_SKIP, "there is no phase in which it saw L1's of the same pages as they were" },
		{ { 100, 100 }, { 100, 100 }, RESULT_SKIP, "there is no phase in which it saw L1's" },
		{ { 49, 0 }, { 0, 0 }, RESULT_SKIP, "there is no phase in which it saw L1's" },
	};
	struct world *w = *state;
	struct verdict verdict;

	set_aging(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		see(w, BOOT, cases[i].control[0], cases[i].control[1]);
		see(w, TRANSITION, cases[i].l2[0], cases[i].l2[1]);
		verdict = judge_all(w);
		expect(&verdict, "aging.seen", cases[i].result, cases[i].text);
	}
	/* Other pages say nothing of these. */
	see(w, BOOT, 100, 0);
	see(w, TRANSITION, 0, 0);
	w->cfgs[0].slot = (char *)"other";
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "there is no phase in which it saw L1's");
	w->cfgs[0].slot = (char *)"data";
	w->cfgs[0].touch = 2 << 20;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "there is no phase in which it saw L1's");
}

/* Without proof that L2 accessed each page after each sample, and had to look at its tables, nothing is judged as unseen. */
static void test_aging_on_a_busy_host(void **state)
{
	struct world *w = *state;
	struct aging *aging = &w->phases[TRANSITION].found.aging;
	struct verdict verdict;

	set_aging(w);
	see(w, BOOT, 100, 0);
	see(w, TRANSITION, 0, 0);
	aging->sweeps = 40;
	aging->flushes = 20;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_FAIL, "");
	aging->sweeps = 39;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "in 20 samples L2 wrote them 39 times, and TLBs were flushed 20 times: that says nothing");
	aging->sweeps = 40;
	aging->flushes = 19;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "that says nothing");
	/* DAMON aggregated nothing. */
	see(w, TRANSITION, 100, 0);
	aging->stopped = (struct damon_seen){ 0 };
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "that says nothing");
	*aging = (struct aging){ .why = "nobody may" };
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "phase p2: nobody may");
	w->phases[TRANSITION].done = false;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "no such phase was completed");
}

/* What KVM mapped by huge pages before it was logged, it must map so again. */
static void test_huge_again(void **state)
{
	static const struct {
		bool known;
		int64_t before, after;
		enum result result;
	} cases[] = {
		{ true, 2, 2, RESULT_PASS }, { true, 2, 3, RESULT_PASS }, { true, 2, 1, RESULT_FAIL },
		{ true, 16, 0, RESULT_FAIL },
		/* The host split its huge pages meanwhile, or had none. */
		{ false, 2, 0, RESULT_SKIP }, { false, 0, 0, RESULT_SKIP },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[2].what = DO_DIRTY_LOG;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].slot = (char *)"data";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		found->huge_known = cases[i].known;
		found->huge_before = cases[i].before;
		found->huge_after = cases[i].after;
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, "");
	}
}

/* 31 pages with 1 to 31 mappings, in the columns of their highest bits or, as Linux has it until 7.2, of their lowest. */
static void test_alias_counts(void **state)
{
	static const struct {
		int64_t lost[RMAPS_COLUMNS];
		enum result result;
		const char *reason;
	} cases[] = {
		{ { -31, 1, 2, 4, 8, 16 }, RESULT_PASS, "mapped 1 to 31 times" },
		{ { -31, 16, 8, 4, 2, 1 }, RESULT_PASS, "a bug that Linux has until 7.2" },
		/* A mapping is missing, a page; one is there twice; nothing was lost. */
		{ { -31, 2, 2, 4, 7, 16 }, RESULT_FAIL, "lost -31 2 2 4 7 16 0" },
		{ { -30, 1, 2, 4, 8, 15 }, RESULT_FAIL, "" },
		{ { -31, 16, 8, 4, 1, 1, 1 }, RESULT_FAIL, "" },
		{ { 0 }, RESULT_FAIL, "" },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[2].what = DO_ALIAS_COUNTS;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].slot = (char *)"data";
	w->phases[TRANSITION].repeats = 1;
	w->phases[TRANSITION].l2_pages = 2 * 496;
	found->pages = 93;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "");
	found->aliases_known = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(found->aliases, cases[i].lost, sizeof(found->aliases));
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, cases[i].reason);
		expect(&verdict, "discard.fresh", RESULT_PASS, "93 pages");
		expect(&verdict, "l2.ran", RESULT_PASS, "");
	}
	snprintf(found->wrong, sizeof(found->wrong), "an alias is old");
	verdict = judge_all(w);
	expect(&verdict, "discard.fresh", RESULT_FAIL, "an alias is old");
}

/* Each write of L2 to L1's nested tables must be one that KVM saw. */
static void test_tables(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct verdict verdict;

	w->cfgs[2].what = DO_TABLES;
	w->cfgs[2].slot = (char *)"pool";
	phase->table_writes = phase->table_writes_seen = 3;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_PASS, "3 of 3 writes");
	phase->table_writes_seen = 2;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "the first page of memslot.pool");
	phase->table_writes = phase->table_writes_seen = 0;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_SKIP, "no such phase was completed");
}

/* What workers compared with the log while the guest wrote on counts for it as well. */
static void test_live_log(void **state)
{
	struct world *w = *state;
	struct worker_cfg cfg = { .name = "get", .op = OP_dirty_log_get };
	struct worker_result workers[2] = { { .cfg = &cfg }, { .cfg = &cfg, .rounds = 7 } };
	struct stress_result stress = { .workers = workers, .count = 2 };
	struct verdict verdict;

	w->cfgs[2].what = DO_STRESS;
	w->phases[TRANSITION].stress = &stress;
	verdict = judge_all(w);
	for (size_t i = 0; i < verdict.count; i++)
		assert_string_not_equal(verdict.checks[i].name, "dirty.complete");
	w->config.workers = &cfg;
	w->config.worker_count = 1;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_SKIP, "no such phase was completed");
	workers[0].logged = 2;
	workers[1].logged = 3;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "5 pages compared with the log while the guest wrote on");
	w->cfgs[0].what = DO_DIRTY_LOG;
	w->phases[BOOT].found.pages = 12;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "12 pages compared with the log in 1 phase, and 5 while");

	workers[1].failures = 1;
	workers[1].unlogged = true;
	snprintf(workers[1].failure, sizeof(workers[1].failure), "of 4 pages 1 is missing");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "worker.get: of 4 pages 1 is missing");
	expect(&verdict, "stress.clean", RESULT_FAIL, "of 4 pages 1 is missing");
	snprintf(w->phases[BOOT].found.wrong, sizeof(w->phases[BOOT].found.wrong), "a page too many");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "phase p0: a page too many");
	w->config.worker_count = 0;
}

/* What a run with a stress phase is held to, besides. */
static void test_stress(void **state)
{
	struct world *w = *state;
	struct worker_cfg cfg = { .name = "move" };
	struct worker_result worker = { .cfg = &cfg, .rounds = 7 };
	struct stress_result stress = { .workers = &worker, .count = 1, .vms.made = 3,
					.vms.transitions = 2 };
	struct slab_figures *slab = &w->phases[TEARDOWN].snapshot.slabs[0];
	struct verdict verdict;

	w->cfgs[2].what = DO_STRESS;
	w->cfgs[2].load = LOAD_L2;
	w->phases[TRANSITION].stress = &stress;
	w->run.before.slabs[0] = *slab = (struct slab_figures){ .known = true, .objects = 64,
								.object_size = 128 };
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_PASS, "7 rounds");
	expect(&verdict, "vms.transition", RESULT_PASS, "3 VMs made, 2 of them");
	expect(&verdict, "memory.intact", RESULT_PASS, "2 pages");
	expect(&verdict, "slab.clean", RESULT_PASS, "");
	assert_null(find(&verdict, "stress.clean")->command);

	/* The run ended in the pass that comes before the workers. */
	worker.rounds = 0;
	stress.workers = (struct worker_result[]){ worker, { .guest = true, .rounds = 1 } };
	stress.count = 2;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_SKIP, "no worker was started");
	stress.started_ns = 1;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_PASS, "0 rounds of workers, 1 passes");
	worker.rounds = 7;
	stress.workers = &worker;
	stress.count = 1;

	slab->objects = 64 + 10000000;
	w->config.command = (char *)"minivmm stress.ini";
	worker.failures = 2;
	snprintf(worker.failure, sizeof(worker.failure), "no such slot");
	snprintf(stress.replay, sizeof(stress.replay), "--seed 1 worker.move.first-round=6");
	stress.vms.wrong = 1;
	snprintf(stress.vms.first, sizeof(stress.vms.first), "allocated before");
	w->run.guest.trouble = GUEST_REPORTED;
	w->run.guest.report.status = ABI_BAD_MEMORY;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_FAIL, "worker.move failed 2 times in 7 rounds, "
	       "first: no such slot");
	assert_string_equal(find(&verdict, "stress.clean")->replay, stress.replay);
	assert_string_equal(find(&verdict, "stress.clean")->command, "minivmm stress.ini");
	assert_string_equal(find(&verdict, "memory.intact")->command, "minivmm stress.ini");
	assert_null(find(&verdict, "memory.intact")->replay);
	expect(&verdict, "vms.transition", RESULT_FAIL, "allocated before");
	expect(&verdict, "memory.intact", RESULT_FAIL, "");
	expect(&verdict, "slab.clean", RESULT_FAIL, "10000000 objects more");
	assert_string_equal(find(&verdict, "slab.clean")->remedy, "");

	slab->merged = true;
	stress.vms.wrong = 0;
	stress.vms.untold = 1;
	verdict = judge_all(w);
	expect(&verdict, "slab.clean", RESULT_SKIP, "merged");
	assert_string_equal(find(&verdict, "slab.clean")->remedy, "boot with slab_nomerge");
	expect(&verdict, "vms.transition", RESULT_SKIP, "no source");
}

/* Descriptors and vCPUs' pages that outlive the VM; kernel memory, as the own cgroup tells. */
static void test_leftovers(void **state)
{
	struct world *w = *state;
	struct snapshot *after = &w->phases[TEARDOWN].snapshot;
	struct figure *charged = &after->cgroup.items[CGROUP_VMALLOC];
	struct verdict verdict;

	after->process.descriptors = 2;
	after->process.kvm_mappings = 1;
	after->status[SOURCE_VMALLOCINFO].ok = false;
	w->run.before.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, 4096 };
	*charged = (struct figure){ true, 4096 * 9 };
	after->cgroup.lag = 4096 * 8;
	verdict = judge_all(w);
	expect(&verdict, "process.clean", RESULT_FAIL, "+2 open descriptors, +1 mappings");
	expect(&verdict, "teardown.clean", RESULT_PASS, "own cgroup");
	charged->value += 4096;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "+36864 bytes");
}

/* smoke's check: `hidden` is the run of the VM without nesting. */
static void expect_nested_off(const struct world *w, const struct run *hidden, enum result result,
			      const char *reason)
{
	struct verdict verdict;

	verdict_judge(&w->run, &verdict);
	verdict_add_nested_off(&w->run, hidden, &verdict);
	expect(&verdict, "nested.off", result, reason);
	assert_int_equal(verdict.exit_status, result == RESULT_FAIL);
}

static void test_nested_off_unknown(void **state)
{
	struct world *w = *state;
	struct verdict verdict = judge_all(w);

	w->run.signal = 15;
	verdict_add_nested_off(&w->run, NULL, &verdict);
	expect(&verdict, "nested.off", RESULT_SKIP, "unknown: the run was interrupted");
	w->run.signal = 0;
	w->run.stage = STAGE_NOTHING;
	w->run.skipped = true;
	err_set(&w->run.err, 13, "open(/dev/kvm): Permission denied");
	err_remedy(&w->run.err, "run as root");
	verdict = judge_all(w);
	verdict_add_nested_off(&w->run, NULL, &verdict);
	expect(&verdict, "nested.off", RESULT_SKIP, "unknown: open(/dev/kvm): Permission denied");
	assert_string_equal(find(&verdict, "nested.off")->remedy, "run as root");
}

static void test_nested_off(void **state)
{
	struct world *w = *state;
	struct run hidden = w->run;
	struct snapshot *last;

	expect_nested_off(w, NULL, RESULT_SKIP, "can't be nested anyhow");
	expect_nested_off(w, &hidden, RESULT_FAIL, "yet the guest entered L2");
	hidden.stage = STAGE_CREATED;
	expect_nested_off(w, &hidden, RESULT_SKIP, "could not be tried");
	hidden.guest.report.status = ABI_UNSUPPORTED;
	snprintf(hidden.guest.text, sizeof(hidden.guest.text), "EFER.SVME stays set");
	expect_nested_off(w, &hidden, RESULT_FAIL, "EFER.SVME stays set");
	hidden.guest.report.status = ABI_EXCEPTION;
	hidden.guest.report.vector = 6;
	expect_nested_off(w, &hidden, RESULT_SKIP, "could not be tried");
	hidden.guest.report.vector = 13;
	expect_nested_off(w, &hidden, RESULT_PASS, "takes #GP");
	hidden.guest.report.l2_entries = 1;
	expect_nested_off(w, &hidden, RESULT_FAIL, "yet the guest entered L2");

	/* The kernel complained, but only after the first VM was gone. */
	hidden.guest.report.l2_entries = 0;
	hidden.phases = calloc(PHASES, sizeof(*hidden.phases));
	assert_non_null(hidden.phases);
	memcpy(hidden.phases, w->phases, PHASES * sizeof(*hidden.phases));
	last = &hidden.phases[TEARDOWN].snapshot;
	last->klog.concerning = 1;
	snprintf(last->klog.first_concerning, sizeof(last->klog.first_concerning), "WARNING: CPU: 0 PID: 7");
	expect_nested_off(w, &hidden, RESULT_FAIL, "1 alarms in the kernel log while the guest tried, "
						   "the first: WARNING: CPU: 0");
	last->status[SOURCE_KLOG].ok = false;
	snprintf(last->status[SOURCE_KLOG].why, SOURCE_WHY, "/dev/kmsg: Permission denied");
	expect_nested_off(w, &hidden, RESULT_PASS, "takes #GP; what the kernel logged meanwhile is not "
						   "known: /dev/kmsg: Permission denied");
	hidden.guest.unfiltered = EINVAL;
	expect_nested_off(w, &hidden, RESULT_PASS, "denied; its vCPU had no seccomp filter: Invalid argument");
	free(hidden.phases);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, cleanup)

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
		T(test_all_green), T(test_no_kvm), T(test_require), T(test_no_nesting), T(test_controls),
		T(test_restore), T(test_eager_host), T(test_counters_only),
		T(test_policy_eager_on_lazy_host), T(test_too_early), T(test_never),
		T(test_pages_missing), T(test_allocation_fails), T(test_no_shadow_page), T(test_wrong_bytes), T(test_other_vms), T(test_wrong_heads),
		T(test_bytes_while_lazy), T(test_leak), T(test_leak_beside_other_vms),
		T(test_others_keep_still), T(test_baseline_with_an_ending_vm), T(test_bytes_of_another_state),
		T(test_a_nested_guest_makes_a_shadow_root), T(test_klog), T(test_guest_fault),
		T(an_array_that_the_kernel_refuses_explains_enomem),
		T(test_error_and_signal),
		T(a_phase_that_a_signal_ended_is_not_looked_at), T(test_blind),
		T(test_stress), T(test_live_log), T(test_found), T(test_tables), T(test_mapped), T(test_leftovers), T(test_nested_off),
		T(test_aging), T(test_aging_on_a_busy_host), T(test_huge_again), T(test_alias_counts),
		T(test_nested_off_unknown),
		T(a_linux_guest_is_judged_by_what_it_is_expected_to_do),
		T(tracking_tells_of_a_linux_guests_shadow_root),
		T(a_linux_guest_that_nests_too_soon_or_never_fails),
		T(what_a_linux_guest_does_unasked_is_no_failure),
		T(without_kvms_counter_a_linux_guests_entries_are_unknown),
		T(a_test_kernel_that_skips_its_tests_is_a_skip),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
