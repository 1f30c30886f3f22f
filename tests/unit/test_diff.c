// SPDX-License-Identifier: GPL-2.0-only
/* What counts as a change between two reports, and what is only told. */
#include "report_scenes.h"

#include "fleet/diff.h"

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
		cmocka_unit_test_setup_teardown(test_bytes, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_predicted_bytes, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_verdicts, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_checks_that_come_and_go, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_circumstances, build_two, drop_two),
		cmocka_unit_test_setup_teardown(test_empty, build_two, drop_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
