// SPDX-License-Identifier: GPL-2.0-only
/* What the JSON says of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "report_scenes.h"

static void assert_number(const json_t *report, const char *path, int64_t want)
{
	int64_t have = 0;

	if (!value_int(report, path, &have) || have != want)
		fail_msg("%s is %lld, not %lld", path, (long long)have, (long long)want);
}

static void assert_text(const json_t *report, const char *path, const char *want)
{
	const char *have = value_string(report, path);

	if (!have || strcmp(have, want))
		fail_msg("%s is %s, not %s", path, have ? have : "no string", want);
}

static void assert_unknown(const json_t *report, const char *path)
{
	if (!json_is_null(value_at(report, path)))
		fail_msg("%s is not null", path);
}

static const json_t *phase(const json_t *report, size_t i)
{
	return json_array_get(value_at(report, "phases"), i);
}

static void test_lazy_json(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	lazy_success(&test->scene);
	report = scene_report(test);
	assert_text(report, "schema", "minivmm.report/1");
	assert_string_equal(json_object_iter_key(json_object_iter(report)), "schema");
	assert_non_null(value_string(report, "tool.version"));
	assert_number(report, "seed", 42);
	assert_text(report, "started", "2026-01-01T00:00:00Z");
	assert_text(report, "host.kernel", "6.12.117+deb12-cloud-amd64");
	assert_true(value_is_true(report, "host.kvm.tdp_mmu"));
	assert_text(report, "host.rmap_policy", "lazy");
	assert_text(report, "host.sources.vmallocinfo", "ok");
	assert_text(report, "result", "pass");
	assert_number(report, "exit_status", 0);
	assert_unknown(report, "error");
	assert_unknown(report, "signal");
	assert_text(report, "guest.vendor", "svm");
	assert_unknown(report, "guest.trouble");
	assert_number(report, "guest.l2_entries", 4);
	assert_true(value_is_true(report, "model.rmap_lazy"));
	assert_number(report, "predicted.creation.rmap_bytes", 0);
	assert_number(report, "predicted.transition.rmap_bytes", 134750208);
}

static void test_lazy_transition(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	lazy_success(&test->scene);
	report = scene_report(test);
	assert_true(value_is_true(report, "transition.observed"));
	assert_text(report, "transition.phase", "transition");
	assert_text(report, "transition.trigger", "npt");
	assert_number(report, "transition.rmap_bytes.predicted", 134750208);
	assert_number(report, "transition.rmap_bytes.measured", 134750208);
	assert_number(report, "transition.tracking_bytes.predicted", 33619968);
	assert_number(report, "transition.tracking_bytes.measured", 33619968);
	assert_number(report, "transition.duration_ns", 62400000);
	/* measured less than before: a negative number, no wrap */
	test->scene.results[3].held.bytes[ARRAY_TRACKING] = 0;
	test->scene.results[2].held.bytes[ARRAY_TRACKING] = 4096;
	test->scene.run.guest.report.vendor = ABI_VENDOR_VMX;
	report = scene_report(test);
	assert_number(report, "transition.tracking_bytes.measured", -4096);
	assert_text(report, "transition.trigger", "ept");
	test->scene.results[2].measured = false;
	report = scene_report(test);
	assert_unknown(report, "transition.rmap_bytes.measured");
}

static void test_lazy_slots_and_phases(void **state)
{
	struct scene_test *test = *state;
	json_t *report;
	const json_t *slot;

	lazy_success(&test->scene);
	report = scene_report(test);
	slot = json_array_get(value_at(report, "slots"), 1);
	assert_text(slot, "name", "high");
	assert_number(slot, "id", 1);
	assert_number(slot, "base", 4 * GIB);
	assert_number(slot, "size", 61 * GIB);
	assert_number(slot, "predicted.lpage_info_bytes", 128 * 1024);
	assert_number(slot, "predicted.dirty_bitmap_bytes", 0);
	assert_text(phase(report, 0), "do", "create");
	assert_unknown(phase(report, 0), "expect");
	assert_unknown(phase(report, 0), "l2_entries");
	assert_number(phase(report, 0), "rmap_bytes", 0);
	assert_text(phase(report, 2), "rmap_state", "lazy");
	assert_text(phase(report, 2), "state_source", "rmaps_stat");
	assert_number(phase(report, 2), "l2_entries", 1);
	assert_number(phase(report, 2), "l2_pages", 0);
	assert_text(phase(report, 3), "rmap_state", "allocated");
	assert_text(phase(report, 3), "expect", "allocated");
	assert_unknown(phase(report, 4), "rmap_state");
	assert_unknown(phase(report, 4), "state_source");
}

static void test_snapshots(void **state)
{
	struct scene_test *test = *state;
	json_t *report;
	const json_t *snapshot, *heads;

	lazy_success(&test->scene);
	test->scene.results[3].snapshot.status[SOURCE_MEMINFO].ok = false;
	test->scene.results[3].snapshot.klog.alarms = 2;
	snprintf(test->scene.results[3].snapshot.klog.first, 160, "WARNING: CPU: 0 \xc3");
	report = scene_report(test);
	snapshot = value_at(phase(report, 3), "snapshot");
	/* areas of one function add up, whatever their size */
	assert_number(snapshot, "vmallocinfo.kvm_arch_prepare_memory_region.bytes", 33 * 4096);
	assert_number(snapshot, "vmallocinfo.kvm_arch_prepare_memory_region.areas", 3);
	assert_number(snapshot, "vmallocinfo.memslot_rmap_alloc.bytes", 31232 * 4096);
	assert_unknown(snapshot, "meminfo");
	assert_text(snapshot, "rmaps_stat.state", "allocated");
	heads = value_at(snapshot, "rmaps_stat.heads");
	assert_int_equal(json_integer_value(json_array_get(heads, 0)), 16777216);
	assert_number(snapshot, "klog.alarms", 2);
	assert_text(snapshot, "klog.first", "WARNING: CPU: 0 ?");
	assert_unknown(report, "baseline.vmallocinfo");
	snapshot = value_at(phase(report, 1), "snapshot");
	assert_number(snapshot, "meminfo.vmalloc_used_bytes", 7307264);
	assert_text(snapshot, "rmaps_stat.state", "lazy");
	assert_unknown(snapshot, "rmaps_stat.heads");
	assert_unknown(snapshot, "klog.first");
	assert_text(report, "host.sources.meminfo", "unavailable: not read");
}

/* How a stress that failed is run again: the phase says so to programs, too. */
static void test_replay(void **state)
{
	struct stress_result stress = { .replay = "--seed 7 worker.move.first-round=3" };
	struct scene_test *test = *state;
	json_t *report;

	lazy_success(&test->scene);
	test->scene.results[3].stress = &stress;
	report = scene_report(test);
	assert_text(phase(report, 3), "replay", "--seed 7 worker.move.first-round=3");
	assert_unknown(phase(report, 2), "replay");
	test->scene.results[3].stress = NULL;
}

static void test_eager(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	eager_host(&test->scene);
	report = scene_report(test);
	assert_text(report, "host.rmap_policy", "eager");
	assert_true(json_is_false(value_at(report, "transition.observed")));
	assert_unknown(report, "transition.phase");
	assert_unknown(report, "transition.trigger");
	assert_unknown(report, "transition.duration_ns");
	assert_unknown(report, "transition.rmap_bytes.measured");
	assert_number(report, "transition.rmap_bytes.predicted", 0);
	assert_text(phase(report, 0), "rmap_state", "allocated");
}

static void test_guest_trouble(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	guest_trouble(&test->scene);
	report = scene_report(test);
	assert_text(report, "guest.trouble", "reported");
	assert_number(report, "guest.vcpu", 1);
	assert_unknown(report, "guest.errno");
	assert_text(report, "guest.report.exit_code", "0xffffffffffffffff");
	assert_int_equal(strlen(value_string(report, "guest.report.message")), 96);
	assert_true(json_is_false(value_at(phase(report, 3), "done")));
	assert_number(phase(report, 3), "l2_entries", 0);
}

static void test_no_kvm(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	no_kvm(&test->scene);
	report = scene_report(test);
	assert_text(report, "result", "skip");
	assert_number(report, "exit_status", 4);
	assert_text(report, "error.text", "opening /dev/kvm: Permission denied");
	assert_unknown(report, "model");
	assert_unknown(report, "predicted");
	assert_unknown(report, "transition.rmap_bytes.predicted");
	assert_unknown(json_array_get(value_at(report, "slots"), 0), "predicted.rmap_bytes");
	assert_unknown(report, "host.kvm.nested");
	assert_unknown(report, "guest.l2_pages");
	assert_int_equal(json_array_size(value_at(report, "phases")), 0);
	assert_text(report, "host.sources.meminfo", "unavailable: not read");
}

static void test_no_sources(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	no_sources(&test->scene);
	report = scene_report(test);
	assert_text(report, "host.sources.rmaps_stat", "unavailable: Permission denied");
	assert_unknown(phase(report, 1), "rmap_state");
	assert_unknown(phase(report, 1), "rmap_bytes");
	assert_unknown(phase(report, 1), "tracking_bytes");
	assert_unknown(phase(report, 1), "snapshot.vmallocinfo");
	assert_unknown(report, "transition.rmap_bytes.measured");
}

static void test_numbers_without_loss(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	lazy_success(&test->scene);
	test->scene.config.seed = UINT64_MAX;
	test->scene.run.signal = SIGINT;
	test->scene.verdict.result = RESULT_ERROR;
	test->scene.verdict.exit_status = 130;
	report = scene_report(test);
	assert_text(report, "seed", "18446744073709551615");
	assert_text(report, "signal", "SIGINT");
}

static int allocations_left;

static void *failing_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Wherever memory runs out, there is no report, no crash and no leak. */
static void test_out_of_memory(void **state)
{
	struct scene_test *test = *state;
	int limit;

	guest_trouble(&test->scene);
	for (limit = 0; !test->report && limit < 100000; limit++) {
		allocations_left = limit;
		json_set_alloc_funcs(failing_malloc, free);
		test->report = report_build(&test->scene.run, &test->scene.verdict);
		json_set_alloc_funcs(malloc, free);
	}
	assert_non_null(test->report);
	assert_true(limit > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(test_lazy_json),
		scene_test(test_lazy_transition),
		scene_test(test_lazy_slots_and_phases),
		scene_test(test_snapshots),
		scene_test(test_replay), scene_test(test_eager),
		scene_test(test_guest_trouble),
		scene_test(test_no_kvm),
		scene_test(test_no_sources),
		scene_test(test_numbers_without_loss),
		scene_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
