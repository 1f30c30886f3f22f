// SPDX-License-Identifier: GPL-2.0-only
/* The table of formats: which command has which, and what its help and its errors say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cmd/formats.h"
#include "cmd/sweep.h"
#include "report/report_render.h"
#include "report/stat.h"

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(format_find("json", DOCUMENT(DIFF))->render[DOCUMENT_DIFF], report_json);
	assert_ptr_equal(format_find("csv", DOCUMENT(SWEEP))->render[DOCUMENT_SWEEP], sweep_csv);
	assert_null(format_find("csv", DOCUMENT(STAT)));
	assert_null(format_find("ktap", DOCUMENT(PLAN)));
	assert_non_null(format_find("ktap", DOCUMENT(PLAN) | DOCUMENT(RUN)));
	assert_null(format_find("json", 0));
	assert_null(format_find("xml", DOCUMENT(RUN)));
	assert_null(format_find("tex", DOCUMENT(RUN)));
	assert_null(format_find("", DOCUMENT(RUN)));
}

static void test_default(void **state)
{
	(void)state;
	assert_string_equal(format_of(NULL)->name, "text");
	assert_string_equal(format_of(report_ktap)->name, "ktap");
	assert_string_equal(format_of(stat_text)->name, "text");
}

static void test_names(void **state)
{
	char text[FORMATS_TEXT];

	(void)state;
	assert_string_equal(format_names(text, DOCUMENT(RUN)), "text, json, ktap, csv, prom, junit");
	assert_string_equal(format_names(text, DOCUMENT(PLAN)), "text, json");
	assert_string_equal(format_names(text, DOCUMENT(STAT)), "text, json, prom");
	assert_string_equal(format_names(text, 0), "");
	assert_string_equal(format_help(text, DOCUMENT(MERGE), format_of(NULL)),
			    "text (default, for people), json (for programs), csv (for spreadsheets)");
}

/* Help that is cut off would lose a format: every kind of result fits, and all of them together. */
static void test_room(void **state)
{
	char text[FORMATS_TEXT];

	(void)state;
	format_help(text, (1u << DOCUMENT_COUNT) - 1, format_of(report_ktap));
	assert_in_range(strlen(text), 1, FORMATS_TEXT - 2);
	assert_non_null(strstr(text, "prom (for Prometheus)"));
	for (int kind = 0; kind < DOCUMENT_COUNT; kind++) {
		assert_non_null(format_find("text", 1u << kind));
		assert_non_null(format_find("json", 1u << kind));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
