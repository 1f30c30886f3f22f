// SPDX-License-Identifier: GPL-2.0-only
/* What people and test harnesses read of a report, whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "report_scenes.h"

#include "report/report_slots.h"

static report_renderer *const renderers[] = { report_text, report_json, report_ktap };

/* Lines that fit, carry no control character and do not end in blanks. */
static void assert_neat(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		assert_non_null(line);
		if (text_width(line) > TEXT_WIDTH)
			fail_msg("%zu columns: %s", text_width(line), line);
		for (size_t i = 0; i < length; i++)
			assert_false((unsigned char)line[i] < 0x20 || line[i] == 0x7f);
		if (length && line[length - 1] == ' ')
			fail_msg("blanks at the end of \"%s\"", line);
		free(line);
		assert_int_equal(text[length], '\n');
		text += length + 1;
	}
}

static void test_lazy_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_int_equal(strncmp(text, "PASS: ", 6), 0);
	assert_line(text, "\n  rmap      134750208  134750208       exact  128.5 MiB\n");
	assert_line(text, "Leave at least 160.6 MiB (168370176 bytes) free");
	assert_line(text, "\n  0.245% of the guest's 64 GiB\n");
	assert_null(strstr(text, "The guest's RAM"));
	assert_line(text, "exact");
	assert_line(text, "\n  PASS  rmap.exact           134750208 bytes, as predicted\n");
	assert_line(text, "\nPASS: 11 passed, 0 failed, 0 skipped; exit status 0\n");
}

/* The percentage is of the RAM that the guest has. */
static void test_memory_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	test->scene.memslots[1].plugged = 29 * GIB;
	text = scene_text(test, report_text);
	assert_int_equal(amount_at(test->report, "memory_bytes").value, 32 * GIB);
	assert_int_equal(report_memory(test->report).value, 32 * GIB);
	assert_line(text, "\n  0.490% of the guest's 32 GiB\n");
	assert_line(text, "\n  The guest's RAM is 32 GiB of these 64 GiB: an alias, a device and what");
	assert_neat(text);
	/* A report of before there was the member. */
	json_object_del(test->report, "memory_bytes");
	assert_int_equal(report_memory(test->report).value, 64 * GIB);
}

static void test_inexact_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	test->scene.results[3].held.bytes[ARRAY_RMAP] -= 4096;
	test->scene.results[3].held.bytes[ARRAY_TRACKING] += 8192;
	text = scene_text(test, report_text);
	assert_line(text, " -4096 ");
	assert_line(text, " +8192 ");
	assert_neat(text);
}

static void test_eager_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	eager_host(&test->scene);
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "FAIL: 1 of 11 checks: lazy.before\n");
	assert_line(text, "\n  FAIL  lazy.before ");
	assert_line(text, "-> Linux 5.14 or newer with kvm.tdp_mmu=1");
	assert_line(text, "eager");
	assert_line(text, "\nFAIL: 9 passed, 1 failed, 1 skipped; exit status 1\n");
}

static void test_guest_trouble_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	guest_trouble(&test->scene);
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "VMEXIT_INVALID");
	assert_line(text, "rip 0000000000103f2e  rsp 0000000000125000\n");
	assert_line(text, "not done");
}

/* Limits that this process can't see are neither refused nor taken for absent. */
static void test_unseen_limits_text(void **state)
{
	struct scene_test *test = *state;
	struct memory_room *room = &test->scene.run.room;
	char *text;

	lazy_success(&test->scene);
	room->known = true;
	assert_null(strstr(scene_text(test, report_text), "not seen"));
	strcpy(room->unseen, "limits above /sys/fs/cgroup are not seen from this process's namespace");
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "\n  memory     limits above /sys/fs/cgroup are not seen from this process's");
	room->known = false;
	assert_string_equal(value_string(scene_report(test), "host.memory_limit.unseen"), room->unseen);
}

/* However long it is, a command that is to be copied stands on one line. */
static void test_replay_text(void **state)
{
	static const char command[] =
		"minivmm 'my configs/stress.ini' worker.move.rate=200/s memslot.high.size=128G -o "
		"/var/log/minivmm/report.json --timeout 10m --format text --seed 5 worker.a.first-round=14";
	char line[512], replay[] = "--seed 5 worker.a.first-round=14";
	struct scene_test *test = *state;
	struct check *check;
	char *text;

	lazy_success(&test->scene);
	add_check(&test->scene, "stress.clean", RESULT_FAIL, "worker.a failed", "");
	check = &test->scene.verdict.checks[test->scene.verdict.count - 1];
	snprintf(line, sizeof(line), "%.*s", (int)(strlen(command) - strlen(replay) - 1), command);
	check->command = line;
	check->replay = replay;
	text = scene_text(test, report_text);
	assert_non_null(strstr(text, "-> to replay it:\n"));
	assert_non_null(strstr(text, command));
	text = scene_text(test, report_ktap);
	assert_non_null(strstr(text, command));

	/* The second of two checks that failed does not say it again; it may have more to say. */
	add_check(&test->scene, "teardown.clean", RESULT_FAIL, "something is left", "report it");
	check = &test->scene.verdict.checks[test->scene.verdict.count - 1];
	check->command = line;
	check->replay = replay;
	text = scene_text(test, report_text);
	assert_non_null(strstr(text, "-> report it\n"));
	assert_null(strstr(strstr(text, command) + 1, command));
}

static void test_no_kvm_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_kvm(&test->scene);
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "SKIP: opening /dev/kvm: Permission denied\n"
			  "   -> add yourself to the group kvm: sudo usermod -aG kvm $USER\n");
	assert_line(text, "\nSKIP: 0 passed, 0 failed, 11 skipped; exit status 4\n");
}

static void test_no_sources_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_sources(&test->scene);
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "unavailable: Permission denied\n");
	assert_line(text, "not measured");
}

/* What an ordinary user gets to see: VmallocUsed, and so at least a hint. */
static void test_meminfo_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_sources(&test->scene);
	test->scene.run.before.status[SOURCE_MEMINFO].ok = true;
	test->scene.run.before.meminfo.vmalloc_used = 7307264 - 4096;
	for (size_t i = 0; i < test->scene.run.phase_count; i++)
		test->scene.results[i].snapshot.status[SOURCE_MEMINFO].ok = true;
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "\n  create          7.0 MiB      +4 KiB\n");
	assert_line(text, "\n  transition    167.3 MiB  +160.3 MiB\n");
}

static void test_signal_text(void **state)
{
	struct scene_test *test = *state;
	char *text;

	lazy_success(&test->scene);
	test->scene.config.seed = UINT64_MAX;
	test->scene.run.signal = SIGINT;
	test->scene.verdict.result = RESULT_ERROR;
	test->scene.verdict.exit_status = 130;
	text = scene_text(test, report_text);
	assert_line(text, "18446744073709551615");
	assert_line(text, "ERROR: ended early by SIGINT");
}

/* The CPU time of this process: on a busy machine it waits longer, but does not take more. */
static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In a file each slot stands for itself, and shows the same. */
static void assert_rows_unfold(const char *file)
{
	json_t *report = json_loads(file, 0, NULL);
	const json_t *slots = value_at(report, "slots"), *last = json_array_get(slots, 32763);
	int64_t number;
	char *text;

	assert_int_equal(json_array_size(slots), 32764);
	assert_string_equal(value_string(last, "name"), "dimm[32762]");
	assert_true(value_int(last, "base", &number) && number == 4 * GIB + 32762 * 8192);
	assert_true(value_int(last, "id", &number) && number == 32763);
	assert_true(value_int(last, "predicted.rmap_bytes", &number) && number == 3 * 4096);
	assert_null(json_object_get(last, "repeat"));
	text = render(report, report_text);
	assert_line(text, "dimm[0..32762]");
	free(text);
	json_decref(report);
}

static void test_many_slots(void **state)
{
	struct scene_test *test = *state;
	double start;
	char *text;

	many_slots(&test->scene);
	start = cpu_seconds();
	text = scene_text(test, report_text);
	assert_true(cpu_seconds() - start < 5);
	assert_int_equal(json_array_size(value_at(test->report, "slots")), 2);
	assert_line(text, "dimm[0..32762]");
	assert_true(strlen(text) < 8000);
	assert_neat(text);
	text = scene_text(test, report_json);
	assert_rows_unfold(text);
}

/* Slots whose names differ are rows of their own, however alike they are otherwise. */
static void test_rows_have_one_name(void **state)
{
	json_t *report = json_pack("{s:[{s:s,s:s,s:i,s:i},{s:s,s:s,s:i,s:i},{s:s,s:s,s:i,s:i}]}", "slots",
				   "name", "a[0]", "space", "normal", "base", 0, "size", 4096,
				   "name", "a[1]", "space", "normal", "base", 4096, "size", 4096,
				   "name", "b[2]", "space", "normal", "base", 8192, "size", 4096);
	char *text = render(report, report_text_slots);

	(void)state;
	assert_line(text, "a[0..1]");
	assert_line(text, "b[2]");
	free(text);
	json_decref(report);
}

static void test_ktap(void **state)
{
	struct scene_test *test = *state;
	char *text;

	eager_host(&test->scene);
	text = scene_text(test, report_ktap);
	assert_int_equal(strncmp(text, "KTAP version 1\n1..11\n", 21), 0);
	assert_line(text, "\nok 1 host.kvm\n");
	assert_line(text, "\n# rmaps are there after create: 134750208 bytes\n"
			  "# remedy: Linux 5.14 or newer with kvm.tdp_mmu=1, or [expect] policy = "
			  "eager\nnot ok 4 lazy.before\n");
	assert_line(text, "\nok 6 transition.observed # SKIP eager host: nothing is left to "
			  "allocate\n");
	assert_line(text, "\n# FAIL: 1 of 11 checks: lazy.before\n"
			  "# Totals: pass:9 fail:1 xfail:0 xpass:0 skip:1 error:0\n");
	assert_null(strstr(text, " run"));
}

/* A run that broke is red, though no check failed. */
static void test_ktap_error(void **state)
{
	struct scene_test *test = *state;
	char *text;

	no_kvm(&test->scene);
	test->scene.verdict.result = RESULT_ERROR;
	test->scene.verdict.exit_status = 3;
	text = scene_text(test, report_ktap);
	assert_line(text, "\n1..12\n");
	assert_line(text, "\nnot ok 12 run # ERROR opening /dev/kvm: Permission denied\n"
			  "# ERROR: opening /dev/kvm: Permission denied\n");
	assert_line(text, " error:1\n");
}

/* Whatever a file holds, rendering ends well. */
static void test_foreign_reports(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "[1, 2]", "{\"checks\": 7, \"slots\": {}, \"phases\": \"no\"}",
		"{\"checks\": [1, null, {}, [], {\"name\": 3, \"result\": \"maybe\"}]}",
		"{\"checks\": [{\"name\": \"a#b\\nok 2 c\", \"result\": \"pass\"},"
		" {\"result\": \"skip\", \"reason\": \"one\\nnot ok 9 two\"}]}",
		"{\"slots\": [1, {\"name\": \"d[7]\", \"size\": 1},"
		" {\"name\": \"d[8]\", \"size\": 1}, {\"name\": \"[]\"},"
		" {\"name\": \"d[99999999999999999999]\", \"size\": 1},"
		" {\"size\": 9223372036854775807}, {\"size\": 9223372036854775807}]}",
		"{\"phases\": [null, {}, {\"rmap_bytes\": -9223372036854775808},"
		" {\"rmap_bytes\": 1.5, \"duration_ns\": -1}, {\"name\": \"\\u001b[2J\\u0085\"}]}",
		"{\"transition\": {\"observed\": 1, \"rmap_bytes\": 3}, \"result\": 5,"
		" \"seed\": 1e9}",
		"{\"transition\": {\"observed\": true}, \"result\": \"pass\","
		" \"host\": {\"sources\": {\"x\": null, \"\": 1}}, \"guest\": {"
		"\"trouble\": \"exit\", \"registers\": \"\\n\\n\"}}",
		"{\"result\": \"error\", \"error\": {\"text\": \"\", \"remedy\": \"\"},"
		" \"slots\": [[]]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *report = json_loads(texts[i], 0, NULL);

		assert_non_null(report);
		for (size_t k = 0; k < sizeof(renderers) / sizeof(renderers[0]); k++) {
			char *text = render(report, renderers[k]);

			if (renderers[k] == report_text)
				assert_neat(text);
			assert_null(strstr(text, "\nok 2 c"));
			assert_null(strstr(text, "\nnot ok 9"));
			free(text);
		}
		json_decref(report);
	}
}

/* The remedy of a check that was skipped goes with its reason, not with another one. */
static void test_a_remedy_fits_the_reason(void **state)
{
	static const char *const rows[][2] = {
		{ "\"result\": \"skip\"", "boot another" },
		{ "\"result\": \"error\", \"error\": {\"text\": \"x\", \"remedy\": \"y\"}", "y" },
		{ "\"result\": \"error\", \"error\": {\"text\": \"populating: timed out\"}", NULL },
		{ "\"result\": \"error\", \"guest\": {\"text\": \"another ABI\"}", NULL },
		{ "\"result\": \"error\", \"signal\": \"SIGTERM\"", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *report = json_pack("{s:[{s:s, s:s, s:s}]}", "checks", "result", "skip",
					   "reason", "no", "remedy", "boot another");
		char text[256];
		json_t *more;

		snprintf(text, sizeof(text), "{%s}", rows[i][0]);
		more = json_loads(text, 0, NULL);
		assert_int_equal(json_object_update(report, more), 0);
		if (!rows[i][1])
			assert_null(report_remedy(report));
		else
			assert_string_equal(report_remedy(report), rows[i][1]);
		json_decref(more);
		json_decref(report);
	}
}

/* Long and wide contents stay aligned and within the width. */
static void test_wide_contents(void **state)
{
	struct scene_test *test = *state;
	char *text;

	many_slots(&test->scene);
	snprintf(test->scene.memslots[1].name, CONFIG_NAME_MAX, "a-name-of-31-characters-is-long");
	snprintf(test->scene.phases[2].name, CONFIG_NAME_MAX, "another-name-of-31-characters-x");
	test->scene.results[3].name = test->scene.phases[2].name;
	test->scene.memslots[1].base = 0xffffffffff000;
	for (size_t i = 1; i < test->scene.run.layout.count; i++)
		test->scene.slots[i].base += 0xfff0000000000;
	memset(test->scene.verdict.checks[0].reason, 'x', sizeof(test->scene.verdict.checks[0].reason) - 1);
	test->scene.verdict.checks[1].result = RESULT_FAIL;
	memset(test->scene.verdict.checks[1].remedy, 'y', sizeof(test->scene.verdict.checks[1].remedy) - 1);
	snprintf(test->scene.run.host.hostname, sizeof(test->scene.run.host.hostname), "h\xc3\xb6st");
	text = scene_text(test, report_text);
	assert_neat(text);
	assert_line(text, "h\xc3\xb6st");
}

static void test_stream_errors(void **state)
{
	struct scene_test *test = *state;
	json_t *report;

	lazy_success(&test->scene);
	report = scene_report(test);
	for (size_t i = 0; i < sizeof(renderers) / sizeof(renderers[0]); i++) {
		FILE *full = fopen("/dev/full", "w");

		assert_non_null(full);
		assert_int_equal(report_render(report, renderers[i], full), -ENOSPC);
		fclose(full);
	}
}

/* TEST_REPORT_SHOW=1: the renderings, to be looked at. */
static void show(void)
{
	static void (*const scenes[])(struct scene *) = {
		lazy_success, eager_host, guest_trouble, no_kvm, no_sources, many_slots,
	};

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct scene scene;
		json_t *report;

		scenes[i](&scene);
		report = build(&scene);
		report_render(report, report_text, stdout);
		report_render(report, report_ktap, stdout);
		putchar('\n');
		destroy(&scene, report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(test_lazy_text),
		scene_test(test_memory_text),
		scene_test(test_inexact_text),
		scene_test(test_eager_text),
		scene_test(test_guest_trouble_text),
		scene_test(test_unseen_limits_text),
		scene_test(test_replay_text),
		scene_test(test_no_kvm_text),
		scene_test(test_no_sources_text),
		scene_test(test_meminfo_text),
		scene_test(test_signal_text),
		scene_test(test_many_slots),
		cmocka_unit_test(test_rows_have_one_name),
		scene_test(test_ktap),
		scene_test(test_ktap_error),
		cmocka_unit_test(test_foreign_reports),
		cmocka_unit_test(test_a_remedy_fits_the_reason),
		scene_test(test_wide_contents),
		scene_test(test_stream_errors),
	};

	if (getenv("TEST_REPORT_SHOW")) {
		show();
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
