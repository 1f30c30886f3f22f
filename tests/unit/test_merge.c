// SPDX-License-Identifier: GPL-2.0-only
/* Many reports in one: who belongs together, and who stands out. */
#include "report_scenes.h"

#include "fleet/hosts.h"
#include "fleet/merge.h"
#include "fleet/summary.h"

static struct summary *summaries;
static size_t count;

static void add(const char *hostname, const char *kernel, const char *result, int64_t transition,
		int64_t duration)
{
	struct scene scene;
	json_t *report;
	char file[64];

	lazy_success(&scene);
	report = build(&scene);
	json_object_set_new(json_object_get(report, "host"), "kernel", json_string(kernel));
	json_object_set_new(json_object_get(report, "host"), "hostname", json_string(hostname));
	json_object_set_new(report, "result", json_string(result));
	json_object_set_new(json_object_get(json_object_get(report, "transition"), "rmap_bytes"),
			    "measured", json_integer(transition));
	json_object_set_new(json_object_get(report, "transition"), "duration_ns",
			    json_integer(duration));
	summaries = reallocarray(summaries, count + 1, sizeof(*summaries));
	assert_non_null(summaries);
	snprintf(file, sizeof(file), "%s.json", hostname);
	assert_int_equal(summary_read(report, file, &summaries[count++]), 0);
	destroy(&scene, report);
}

static int drop(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++)
		summary_free(&summaries[i]);
	free(summaries);
	summaries = NULL;
	count = 0;
	return 0;
}

static json_t *merge(void)
{
	json_t *merged = merge_build(summaries, count);

	assert_non_null(merged);
	return merged;
}

static const json_t *element(const json_t *merged, const char *array, size_t i)
{
	return json_array_get(value_at(merged, array), i);
}

static void assert_text(const json_t *value, const char *path, const char *want)
{
	const char *have = value_string(value, path);

	if (!have || strcmp(have, want))
		fail_msg("%s is %s, not %s", path, have ? have : "no text", want);
}

static void assert_number(const json_t *value, const char *path, int64_t want)
{
	int64_t have = 0;

	if (!value_int(value, path, &have) || have != want)
		fail_msg("%s is %lld, not %lld", path, (long long)have, (long long)want);
}

static void test_groups(void **state)
{
	json_t *merged;

	(void)state;
	add("c", "6.12", "pass", 134750208, 300);
	add("a", "6.9", "pass", 134750208, 100);
	add("b", "6.12", "pass", 134750208, 200);
	add("d", "6.12", "error", 134750208, 200);
	merged = merge();
	assert_number(merged, "reports", 4);
	assert_int_equal(json_array_size(value_at(merged, "groups")), 3);
	assert_text(element(merged, "groups", 0), "kernel", "6.9");
	assert_text(element(merged, "groups", 1), "result", "error");
	assert_number(element(merged, "groups", 2), "reports", 2);
	assert_number(element(merged, "groups", 2), "duration_ns.min", 200);
	assert_number(element(merged, "groups", 2), "duration_ns.max", 300);
	assert_number(element(merged, "groups", 2), "transition_bytes.measured.median",
		      134750208 + 33619968);
	assert_true(json_is_true(value_at(element(merged, "groups", 2), "exact")));
	assert_text(json_array_get(value_at(element(merged, "groups", 2), "members"), 0),
		    "hostname", "b");
	assert_int_equal(json_array_size(value_at(merged, "outliers")), 1);
	assert_text(element(merged, "outliers", 0), "hostname", "d");
	json_decref(merged);
}

/* Hosts with AMD CPUs come first where hosts differ in nothing else. */
static void test_vendors(void **state)
{
	json_t *merged;

	(void)state;
	add("a", "6.12", "pass", 134750208, 100);
	add("b", "6.12", "pass", 134750208, 100);
	free(summaries[0].facts[FACT_VENDOR]);
	summaries[0].facts[FACT_VENDOR] = strdup("intel");
	merged = merge();
	assert_int_equal(json_array_size(value_at(merged, "groups")), 2);
	assert_text(element(merged, "groups", 0), "cpu_vendor", "amd");
	assert_text(element(merged, "groups", 1), "cpu_vendor", "intel");
	json_decref(merged);
}

/* A VM is as large as its guest's RAM, whatever its slots cover. */
static void test_memory(void **state)
{
	struct summary summary;
	struct scene scene;
	json_t *report;

	(void)state;
	lazy_success(&scene);
	scene.memslots[1].kind = SLOT_DEVICE;
	report = build(&scene);
	assert_int_equal(summary_read(report, "a.json", &summary), 0);
	assert_string_equal(summary.facts[FACT_VM], "3 GiB in 2 slots");
	summary_free(&summary);
	destroy(&scene, report);
}

static void test_mismatch(void **state)
{
	json_t *merged;

	(void)state;
	add("a", "6.12", "fail", 134750208 + 4096, 100);
	merged = merge();
	assert_true(json_is_false(value_at(element(merged, "groups", 0), "exact")));
	json_decref(merged);
}

static void test_outliers(void **state)
{
	char name[16];
	json_t *merged;

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		add(name, "6.12", i == 7 ? "fail" : "pass", i == 8 ? 4096 : 134750208,
		    i == 9 ? 100000 : 1000 + i);
	}
	add("other", "6.13", "fail", 1, 1);	/* nobody to compare with */
	merged = merge();
	assert_int_equal(json_array_size(value_at(merged, "outliers")), 3);
	assert_text(element(merged, "outliers", 0), "hostname", "h7");
	assert_text(element(merged, "outliers", 0), "what", "verdict");
	assert_text(element(merged, "outliers", 0), "usual", "pass");
	assert_text(element(merged, "outliers", 1), "hostname", "h8");
	assert_text(element(merged, "outliers", 1), "what", "transition_bytes");
	assert_text(element(merged, "outliers", 2), "hostname", "h9");
	assert_number(element(merged, "outliers", 2), "value", 100000);
	json_decref(merged);
}

/* Half of them against the other half: neither is the odd one. */
static void test_no_majority(void **state)
{
	json_t *merged;

	(void)state;
	add("a", "6.12", "pass", 134750208, 100);
	add("b", "6.12", "pass", 134750208, 100);
	add("c", "6.12", "skip", 134750208, 100);
	add("d", "6.12", "skip", 134750208, 100);
	merged = merge();
	assert_int_equal(json_array_size(value_at(merged, "outliers")), 0);
	json_decref(merged);
}

/* Names of hosts, sorted; "" has no hostname, but a file. */
static void assert_hosts(const char *const *names, size_t most, const char *want, size_t want_left)
{
	json_t *members = json_array();
	char *text = NULL;
	size_t size, left;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (; *names; names++)
		json_array_append_new(members, json_pack("{s:s, s:s}", "hostname", **names ? *names : "-",
							 "file", "saved.json"));
	left = hosts_put(out, members, most);
	fclose(out);
	assert_string_equal(text, want);
	assert_int_equal(left, want_left);
	free(text);
	json_decref(members);
}

#define HOSTS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* As clush -w takes them. */
static void test_hosts(void **state)
{
	(void)state;
	assert_hosts(HOSTS("a"), 8, "a", 0);
	assert_hosts(HOSTS("a", "b"), 8, "a, b", 0);
	assert_hosts(HOSTS("a", "a", "b"), 8, "a (2 reports), b", 0);
	assert_hosts(HOSTS("n1", "n1", "n1"), 8, "n1 (3 reports)", 0);
	assert_hosts(HOSTS("n1", "n1", "n2"), 8, "n1 (2 reports), n2", 0);
	assert_hosts(HOSTS("n1", "n2", "n2", "n3"), 8, "n[1-3]", 0);
	assert_hosts(HOSTS("n1", "n2", "n3"), 8, "n[1-3]", 0);
	assert_hosts(HOSTS("n1", "n3", "n4", "x"), 8, "n[1,3-4], x", 0);
	assert_hosts(HOSTS("n9", "n10", "n11"), 8, "n[9-11]", 0);
	assert_hosts(HOSTS("n09", "n10"), 8, "n[09-10]", 0);
	assert_hosts(HOSTS("n01", "n2"), 8, "n01, n2", 0);
	assert_hosts(HOSTS("r1n1.lab", "r1n2.lab", "r2n1.lab"), 8, "r1n[1-2].lab, r2n1.lab", 0);
	assert_hosts(HOSTS("1", "2"), 8, "1, 2", 0);
	assert_hosts(HOSTS("n1234567890123456789", "n1234567890123456790"), 8,
		     "n1234567890123456789, n1234567890123456790", 0);
	assert_hosts(HOSTS("a", "b", "c"), 2, "a, b", 1);
	assert_hosts(HOSTS("n1", "n3", "n5", "n7"), 2, "n[1,3]", 2);
	assert_hosts(HOSTS("n1", "n2", "n3", "x"), 1, "n[1-3]", 1);
	assert_hosts(HOSTS(""), 8, "saved.json", 0);
}

/* A column that was cut could show two kernels alike: in a narrow terminal they are below the table, in full. */
static void test_separated(void **state)
{
	json_t *merged;
	char *text;

	(void)state;
	add("n1", "6.12.118+deb13-cloud-amd64", "pass", 134750208, 100);
	add("n2", "6.12.118+deb13-cloud-amd64", "pass", 134750208, 100);
	add("n3", "6.12.117+deb13-cloud-amd64", "pass", 134750208, 100);
	merged = merge();
	setenv("COLUMNS", "60", true);
	text = render(merged, merge_text);
	assert_line(text, "    1  kernel 6.12.117+deb13-cloud-amd64; on n3 (n3.json)\n");
	assert_line(text, "    2  kernel 6.12.118+deb13-cloud-amd64; on n[1-2]\n");
	free(text);
	setenv("COLUMNS", "120", true);
	text = render(merged, merge_text);
	assert_line(text, "    2  on n[1-2]\n");
	free(text);
	text = render(merged, merge_text_all);
	assert_line(text, "    2  2 reports:\n");
	assert_line(text, "       n2  n2.json\n");
	free(text);
	unsetenv("COLUMNS");
	json_decref(merged);
}

static void test_nothing_known(void **state)
{
	json_t *empty = json_object(), *merged;
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	summaries = calloc(1, sizeof(*summaries));
	assert_non_null(summaries);
	assert_int_equal(summary_read(empty, "empty.json", &summaries[0]), 0);
	count = 1;
	merged = merge();
	assert_true(json_is_null(value_at(element(merged, "groups", 0), "exact")));
	assert_true(json_is_null(value_at(element(merged, "groups", 0), "kernel")));
	out = open_memstream(&text, &size);
	assert_int_equal(merge_text(merged, out), 0);
	merge_csv(merged, out);
	fclose(out);
	assert_line(text, "1 report, 1 group, 0 outliers\n");
	free(text);
	json_decref(merged);
	json_decref(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_groups, drop),
		cmocka_unit_test_teardown(test_vendors, drop),
		cmocka_unit_test(test_memory),
		cmocka_unit_test_teardown(test_mismatch, drop),
		cmocka_unit_test_teardown(test_outliers, drop),
		cmocka_unit_test_teardown(test_no_majority, drop),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test_teardown(test_separated, drop),
		cmocka_unit_test_teardown(test_nothing_known, drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
