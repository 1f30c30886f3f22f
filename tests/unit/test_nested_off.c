// SPDX-License-Identifier: GPL-2.0-only
/* A guest that is given no nesting tries it: what proves that it is off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "check/check.h"

static void nested_off_says(const struct run *run, enum result result, const char *words)
{
	struct check check = { 0 };

	judge_nested_off(run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%s: %s, not \"%s\"", result_name(check.result), check.reason, words);
}

static void nested_off_is_off_only_by_a_fault(void **state)
{
	struct run run = { .stage = STAGE_CREATED };
	struct guest_outcome *guest = &run.guest;

	(void)state;
	nested_off_says(NULL, RESULT_SKIP, "can't be nested anyhow");
	guest->trouble = GUEST_REPORTED;
	guest->report.status = ABI_EXCEPTION;
	guest->report.vector = 13;
	nested_off_says(&run, RESULT_PASS, "#GP");
	/* An accident is no proof. */
	guest->report.vector = 14;
	snprintf(guest->text, sizeof(guest->text), "phase try: L1 took exception 14");
	nested_off_says(&run, RESULT_SKIP, "could not be tried: phase try: L1 took exception 14");
	guest->report.status = ABI_UNSUPPORTED;
	snprintf(guest->text, sizeof(guest->text), "yet one can be turned on");
	nested_off_says(&run, RESULT_FAIL, "yet one can be turned on");
	run = (struct run){ .stage = STAGE_RAN };
	nested_off_says(&run, RESULT_FAIL, "entered L2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_off_is_off_only_by_a_fault),
	};

	return cmocka_run_group_tests_name("nested off", tests, NULL, NULL);
}
