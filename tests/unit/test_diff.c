// SPDX-License-Identifier: GPL-2.0-only
/* What counts as a change between two reports, and what is only told. */
#include "report_scenes.h"

#include "fleet/diff.h"
#include "report/report_runs.h"

static json_t *a, *b, *diff;
static struct scene scene;

static int build_two(void **state)
{
	(void)state;
	lazy_success(&scene);
	a = build(&scene);
	b = json_deep_copy(a);
	return !a || !b;
}

static int drop_two(void **state)
{
	(void)state;
	json_decref(b);
	json_decref(diff);
	diff = NULL;
	destroy(&scene, a);
	return 0;
}

/* Compares them, and says whether there is a change of that kind and name. */
static bool compare(const char *kind, const char *name)
{
	const json_t *change;
	size_t i;

	json_decref(diff);
	diff = diff_build(a, "a.json", b, "b.json");
	assert_non_null(diff);
	json_array_foreach(value_at(diff, "changes"), i, change) {
		const char *is = value_string(change, "name");

		if (!strcmp(value_string(change, "kind"), kind) && is && !strcmp(is, name))
			return true;
	}
	return false;
}

static json_t *member(json_t *report, const char *array, size_t i)
{
	return json_array_get(json_object_get(report, array), i);
}

static void set(json_t *object, const char *key, json_t *value)
{
	assert_int_equal(json_object_set_new(object, key, value), 0);
}

static char *text_of_diff(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(diff_text(diff, out), 0);
	fclose(out);
	return text;
}

static void test_same(void **state)
{
	char *text;

	(void)state;
	assert_false(compare("verdict", "result"));
	assert_int_equal(json_array_size(value_at(diff, "changes")), 0);
	assert_false(diff_is_regression(diff));
	text = text_of_diff();
	assert_line(text, "SAME: ");
	free(text);
}

/* A copy of report with another transition time, in tenths of a second. */
static json_t *with_time(const json_t *report, int tenths)
{
	json_t *copy = json_deep_copy(report);

	set(json_object_get(copy, "transition"), "duration_ns", json_integer(tenths * 100000000ll));
	return copy;
}

/* The report of a run for each of five times. */
static json_t *five(const json_t *report, const int tenths[5])
{
	json_t *reports = json_array(), *merged;

	for (int i = 0; i < 5; i++)
		json_array_append_new(reports, with_time(report, tenths[i]));
	merged = report_of_runs(reports);
	json_decref(reports);
	assert_non_null(merged);
	return merged;
}

static void use(json_t **report, json_t *other)
{
	json_decref(*report);
	*report = other;
}

/* --runs: the median, the outlier; a difference counts where the ranges are apart. */
static void test_runs(void **state)
{
	json_t *one = json_deep_copy(a), *before = five(one, (const int[]){ 10, 11, 12, 11, 90 });
	const json_t *time = report_runs_time(before, "transition.duration_ns");
	int64_t number;
	char *text;

	(void)state;
	assert_true(value_int(time, "median_ns", &number) && number == 1100000000);
	assert_true(value_int(time, "spread_ns", &number) && number == 100000000);
	assert_true(value_int(time, "min_ns", &number) && number == 1000000000);
	assert_int_equal(json_array_size(value_at(time, "outliers")), 1);
	assert_int_equal(json_integer_value(json_array_get(value_at(time, "outliers"), 0)), 5);
	assert_non_null(report_runs_time(before, "phases.transition.duration_ns"));
	assert_null(report_runs_time(before, "config.vm.timeout"));
	json_decref(diff);
	use(&b, five(one, (const int[]){ 20, 21, 22, 23, 24 }));
	diff = diff_build(before, "a.json", b, "b.json");
	text = text_of_diff();
	assert_line(text, "x2.00, within noise");
	free(text);
	use(&before, five(one, (const int[]){ 10, 11, 12, 11, 10 }));
	json_decref(diff);
	diff = diff_build(before, "a.json", b, "b.json");
	text = text_of_diff();
	assert_line(text, "slower, beyond noise: transition.duration_ns");
	assert_line(text, "x2.00, slower, beyond noise");
	assert_false(diff_is_regression(diff));
	free(text);
	json_decref(before);
	json_decref(one);
}

/* The worst run decides, and what failed in any run has failed. */
static void test_worst_run(void **state)
{
	json_t *reports = json_array(), *merged;

	(void)state;
	set(a, "result", json_string("skip"));
	json_array_append_new(reports, json_deep_copy(a));
	json_array_append_new(reports, json_deep_copy(b));
	set(b, "result", json_string("fail"));
	set(b, "exit_status", json_integer(1));
	set(member(b, "checks", 2), "result", json_string("fail"));
	json_array_append_new(reports, json_deep_copy(b));
	set(member(b, "checks", 2), "result", json_string("pass"));
	set(member(b, "checks", 3), "result", json_string("fail"));
	json_array_append_new(reports, json_deep_copy(b));
	merged = report_of_runs(reports);
	assert_string_equal(value_string(merged, "result"), "fail");
	assert_string_equal(value_string(member(merged, "checks", 2), "result"), "fail");
	assert_string_equal(value_string(member(merged, "checks", 3), "result"), "fail");
	assert_string_equal(value_string(member(merged, "checks", 4), "result"), "pass");
	assert_string_equal(json_string_value(json_array_get(value_at(merged, "runs.results"), 0)), "skip");
	json_decref(merged);

	/* A signal hits a further run: what failed before it is still told. */
	set(b, "result", json_string("skip"));
	merged = report_of_runs_and(reports, json_deep_copy(b));
	assert_string_equal(value_string(merged, "result"), "fail");
	assert_int_equal(json_array_size(value_at(merged, "runs.results")), 5);
	assert_int_equal(json_array_size(reports), 4);
	assert_null(report_of_runs_and(reports, NULL));
	json_decref(merged);
	json_decref(reports);
}

static void test_bytes(void **state)
{
	json_t *phase = member(b, "phases", 3);
	char *text;

	(void)state;
	set(phase, "rmap_bytes", json_integer(134750208 + 8192));
	assert_true(compare("bytes", "phase.transition.rmap_bytes"));
	assert_true(diff_is_regression(diff));
	assert_true(value_is_true(diff, "more_bytes"));
	assert_false(value_is_true(diff, "verdict_changed"));
	text = text_of_diff();
	assert_line(text, "WORSE: ");
	assert_line(text, "+8 KiB");
	free(text);
	/* fewer bytes, and bytes that are not known, are told and no more */
	set(phase, "rmap_bytes", json_integer(4096));
	assert_true(compare("bytes", "phase.transition.rmap_bytes"));
	assert_false(diff_is_regression(diff));
	set(phase, "rmap_bytes", json_null());
	assert_true(compare("bytes", "phase.transition.rmap_bytes"));
	assert_false(diff_is_regression(diff));
}

static void test_predicted_bytes(void **state)
{
	(void)state;
	set(json_object_get(json_object_get(b, "predicted"), "transition"), "tracking_bytes",
	    json_integer(1ll << 40));
	assert_true(compare("bytes", "predicted.transition.tracking_bytes"));
	assert_true(diff_is_regression(diff));
}

static void test_verdicts(void **state)
{
	(void)state;
	set(member(b, "checks", 2), "result", json_string("skip"));
	assert_true(compare("verdict", "host.tdp-mmu"));
	assert_true(diff_is_regression(diff));
	set(member(b, "checks", 2), "result", json_string("pass"));
	set(member(b, "phases", 1), "rmap_state", json_string("allocated"));
	assert_true(compare("verdict", "phase.boot.rmap_state"));
	assert_true(diff_is_regression(diff));
}

static void test_checks_that_come_and_go(void **state)
{
	json_t *fresh = json_pack("{s:s, s:s}", "name", "new.check", "result", "pass");

	(void)state;
	json_array_append_new(json_object_get(b, "checks"), fresh);
	assert_true(compare("verdict", "new.check"));
	assert_false(diff_is_regression(diff));
	set(fresh, "result", json_string("fail"));
	assert_true(compare("verdict", "new.check"));
	assert_true(diff_is_regression(diff));
	set(fresh, "result", json_string("pass"));
	json_array_remove(json_object_get(b, "checks"), 0);
	assert_true(compare("verdict", "host.kvm"));
	assert_true(diff_is_regression(diff));
}

static void test_circumstances(void **state)
{
	json_t *slot = json_object_get(json_object_get(b, "config"), "memslot.high");
	char *text;

	(void)state;
	set(slot, "size", json_integer(1));
	set(slot, "new-key", json_true());
	set(json_object_get(b, "host"), "kernel", json_string("6.13"));
	set(json_object_get(json_object_get(b, "host"), "kvm"), "nested", json_false());
	set(b, "duration_ns", json_integer(1));
	json_array_remove(json_object_get(b, "phases"), 1);
	assert_true(compare("config", "memslot.high.size"));
	assert_false(diff_is_regression(diff));
	text = text_of_diff();
	assert_null(strstr(text, "SAME: "));
	assert_line(text, "The configs differ");
	free(text);
	assert_true(compare("config", "memslot.high.new-key"));
	assert_true(compare("host", "host.kernel"));
	assert_true(compare("host", "host.kvm.nested"));
	assert_true(compare("time", "duration_ns"));
	assert_true(compare("phase", "phase.boot"));
	assert_false(diff_is_regression(diff));
}

/* Whatever is in the files: no crash, and what is missing is a change. */
static void test_empty(void **state)
{
	json_t *whole = a;
	char *text;

	(void)state;
	a = json_object();
	assert_true(compare("verdict", "result"));
	assert_true(diff_is_regression(diff));
	text = text_of_diff();
	free(text);
	json_decref(b);
	b = json_pack("{s:[i, n, {s:i}], s:[s], s:s}", "phases", 1, "name", 3, "checks", "x",
		      "config", "none");
	assert_false(compare("verdict", "result"));
	text = text_of_diff();
	free(text);
	json_decref(a);
	a = whole;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_runs, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_worst_run, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_bytes, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_predicted_bytes, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_verdicts, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_checks_that_come_and_go, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_circumstances, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_empty, build_two, drop_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
