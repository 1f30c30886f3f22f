// SPDX-License-Identifier: GPL-2.0-only
/* The options every command takes: what they leave behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/options.h"

#define PARSE(...) parse((const char *[]){ "minivmm", __VA_ARGS__, NULL })

static struct options parse(const char **argv)
{
	struct options options = { 0 };
	int argc = 0;

	while (argv[argc])
		argc++;
	assert_int_equal(argp_parse(&options_argp, argc, (char **)argv, 0, NULL, &options), 0);
	return options;
}

static void test_verbose(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-v").progress, PROGRESS_PLAIN);
	assert_int_equal(PARSE("--progress", "auto", "-v").progress, PROGRESS_PLAIN);
	assert_int_equal(PARSE("--progress", "never", "-v").progress, PROGRESS_NEVER);
	assert_int_equal(PARSE("--trace").progress, PROGRESS_AUTO);
}

static void test_values(void **state)
{
	struct options options = PARSE("-o", "FILE", "--format", "csv", "--seed", "7", "--timeout",
				       "2s", "--trace");

	(void)state;
	assert_string_equal(options.output, "FILE");
	assert_int_equal(options.format, FORMAT_CSV);
	assert_string_equal(options.format_name, "csv");
	assert_int_equal(options.seed, 7);
	assert_string_equal(options.timeout, "2s");
	assert_int_equal(options.timeout_ns, 2000000000);
	assert_true(options.trace);
}

static void test_offer(void **state)
{
	(void)state;
	assert_true(options_offer("text, json", "json"));
	assert_false(options_offer("text, json", "csv"));
	assert_false(options_offer("text, json", "tex"));
	assert_false(options_offer("text, json", ""));
	assert_false(options_offer(NULL, "json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_offer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
