// SPDX-License-Identifier: GPL-2.0-only
/* The judge of tests/faults, seen red: every rule for a run in which a call failed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../faults/judge.c"

#define REPORT "{\"schema\": \"minivmm.report/1\", \"host\": {\"kernel\": \"6.12\"}, \"error\": null}"

/* A run that ended with status 0 and the report on stdout and in the file. */
static struct outcome good(void)
{
	return (struct outcome){
		.call = { .name = "read", .function = "read_text", .turn = 7, .code = EIO },
		.out = REPORT, .out_size = strlen(REPORT), .err = "",
		.shown = json_loads(REPORT, 0, NULL), .saved = json_loads(REPORT, 0, NULL),
		.file = true,
	};
}

static void release(struct outcome *outcome)
{
	json_decref(outcome->shown);
	json_decref(outcome->saved);
}

static void assert_wrong(struct outcome now, const char *words)
{
	struct outcome base = good();
	const char *wrong = judge(&base, &now);

	assert_non_null(wrong);
	assert_non_null(strstr(wrong, words));
	release(&base);
	release(&now);
}

static void assert_right(struct outcome now)
{
	struct outcome base = good();
	const char *wrong = judge(&base, &now);

	if (wrong)
		fail_msg("%s", wrong);
	release(&base);
	release(&now);
}

static struct outcome said(struct outcome now, int status, const char *err)
{
	now.status = status;
	now.err = err;
	now.err_size = strlen(err);
	return now;
}

/* Nothing was printed or saved. */
static struct outcome silent(struct outcome now)
{
	release(&now);
	now.shown = now.saved = NULL;
	now.file = false;
	now.out = "";
	now.out_size = 0;
	return now;
}

static void ends_that_are_none(void **state)
{
	struct outcome now = good();

	(void)state;
	now.timeout = true;
	assert_wrong(now, "hangs");
	now = good();
	now.signal = 11;
	assert_wrong(now, "signal");
	assert_wrong(said(good(), 99, "read: Input/output error"), "sanitizer");
	assert_wrong(said(good(), 127, "read: Input/output error"), "exit status that is none");
}

static void failures_that_nobody_tells(void **state)
{
	struct outcome now = good();

	(void)state;
	assert_wrong(now, "nothing says so");
	now = good();
	strcpy(now.call.name, "close");
	assert_right(now);
	assert_wrong(silent(said(good(), 3, "")), "neither stderr nor the report");
	assert_wrong(silent(said(good(), 3, "minivmm: it failed")), "neither stderr nor the report");
	assert_right(silent(said(good(), 3, "minivmm: read: Input/output error")));
	now = silent(said(good(), 2, "minivmm: Cannot allocate memory"));
	now.call.code = ENOMEM;
	assert_wrong(now, "not the user's fault");
}

static void a_report_that_knows_less_tells(void **state)
{
	struct outcome now = good();

	(void)state;
	json_object_set_new(json_object_get(now.shown, "host"), "kernel",
			    json_string("unavailable: no reason"));
	assert_right(now);
	now = good();
	json_object_set_new(json_object_get(now.shown, "host"), "kernel", json_null());
	assert_right(now);
	now = good();
	json_object_set_new(json_object_get(now.shown, "host"), "kernel", json_string("5.10"));
	assert_wrong(now, "nothing says so");
}

static void want_of_memory_may_pass_at_the_second_try(void **state)
{
	struct outcome now = good();

	(void)state;
	now.call.code = ENOMEM;
	assert_right(now);
	now = good();
	now.call.code = ENOMEM;
	json_object_set_new(now.saved, "more", json_true());
	assert_wrong(now, "nothing says so");
}

static void broken_output(void **state)
{
	struct outcome now = said(good(), 3, "Input/output error");

	(void)state;
	now.litter = true;
	assert_wrong(now, "temporary file");
	now = said(good(), 3, "Input/output error");
	json_decref(now.saved);
	now.saved = NULL;
	assert_wrong(now, "no whole report");
	now = said(good(), 3, "Input/output error");
	json_decref(now.shown);
	now.shown = NULL;
	assert_wrong(now, "stdout has something else");
	now = said(good(), 1, "Input/output error");
	json_decref(now.saved);
	now.saved = NULL;
	now.file = false;
	assert_wrong(now, "no report was saved");
}

static void things_that_are_left(void **state)
{
	struct outcome now = said(good(), 3, "Input/output error");

	(void)state;
	now.fds = 1;
	assert_wrong(now, "descriptors");
	now = said(good(), 3, "Input/output error");
	now.memory = 1;
	assert_wrong(now, "memory");
	now = said(good(), 3, "Input/output error");
	now.mapped_pages = 1;
	assert_wrong(now, "mapping");
	now = said(good(), 3, "Input/output error");
	now.vms = 1;
	assert_wrong(now, "VM");
	now = said(good(), 3, "Input/output error");
	now.traces = 1;
	assert_wrong(now, "probe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_that_are_none),
		cmocka_unit_test(failures_that_nobody_tells),
		cmocka_unit_test(a_report_that_knows_less_tells),
		cmocka_unit_test(want_of_memory_may_pass_at_the_second_try),
		cmocka_unit_test(broken_output),
		cmocka_unit_test(things_that_are_left),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
