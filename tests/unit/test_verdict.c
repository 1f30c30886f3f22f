// SPDX-License-Identifier: GPL-2.0-only
/* How a run ended and what its host is like make its verdict and its exit status, whatever its phases were for. */
#include "verdict_scenes.h"

#include <errno.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_green), T(test_no_kvm), T(test_require), T(test_no_nesting), T(test_eager_host),
		T(test_policy_eager_on_lazy_host), T(test_klog), T(test_guest_fault),
		T(an_array_that_the_kernel_refuses_explains_enomem), T(test_error_and_signal),
		T(a_phase_that_a_signal_ended_is_not_looked_at), T(test_blind), T(test_nested_off),
		T(test_nested_off_unknown),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
