// SPDX-License-Identifier: GPL-2.0-only
/* The options and arguments that commands have in common: what they set, and what help shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "cmd/config_arguments.h"
#include "cmd/options.h"
#include "report/report_render.h"

#define PARSE(...) parse((const char *[]){ "minivmm", __VA_ARGS__, NULL })

static const struct options_use run_use = {
	.documents = DOCUMENT(RUN), .trace = true, .output_help = "the report",
};

static int length(const char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return argc;
}

static struct options parse(const char **argv)
{
	struct options options = { 0 };
	const struct argp *argp = options_argp(&options, &run_use);

	assert_int_equal(argp_parse(argp, length(argv), (char **)argv, 0, NULL, &options), 0);
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
	assert_ptr_equal(options.format->render[DOCUMENT_RUN], report_csv);
	assert_true(options.format_given);
	assert_int_equal(options.seed, 7);
	assert_int_equal(options.timeout_ns, 2000000000);
	assert_true(options.trace);
	options = PARSE("--seed", "7");
	assert_ptr_equal(options.format->render[DOCUMENT_RUN], report_text);
	assert_false(options.format_given);
}

static const struct argp_option *row(const struct options *options, const char *name)
{
	for (const struct argp_option *row = options->rows; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

/* Help leaves out what the command does not use; argp takes it all the same. */
static void test_help(void **state)
{
	const struct options_use use = {
		.documents = DOCUMENT(RUN), .standard = report_ktap,
		.unused = UNUSED_SEED | UNUSED_PROGRESS, .output_help = "the report",
	};
	struct options options = { 0 };

	(void)state;
	options_argp(&options, &use);
	assert_int_equal(row(&options, "seed")->flags, OPTION_HIDDEN);
	assert_int_equal(row(&options, "progress")->flags, OPTION_HIDDEN);
	assert_int_equal(row(&options, "verbose")->flags, OPTION_HIDDEN);
	assert_int_equal(row(&options, "timeout")->flags, 0);
	assert_null(row(&options, "trace"));
	assert_string_equal(row(&options, "output")->doc, "the report");
	assert_non_null(strstr(row(&options, "format")->doc, "ktap (default, "));
	assert_string_equal(options.format->name, "ktap");
	options_argp(&options, &run_use);
	assert_non_null(row(&options, "trace"));
	assert_int_equal(row(&options, "seed")->flags, 0);
}

static struct config_arguments arguments(bool builtin, const char **argv)
{
	struct config_arguments config = { .path = "builtin:smoke", .builtin = builtin };

	assert_int_equal(argp_parse(&config_argp, length(argv), (char **)argv, 0, NULL, &config), 0);
	return config;
}

#define ARGUMENTS(builtin, ...) arguments(builtin, (const char *[]){ "minivmm", __VA_ARGS__ })

static void test_config_arguments(void **state)
{
	struct config_arguments config = ARGUMENTS(false, "a.ini", "vm.vcpus=2", "vm.nested=no", NULL);

	(void)state;
	assert_string_equal(config.path, "a.ini");
	assert_int_equal(config.count, 2);
	assert_string_equal(config.overrides[1], "vm.nested=no");
	config = ARGUMENTS(false, "a=b.ini", NULL);
	assert_string_equal(config.path, "a=b.ini");
	assert_int_equal(config.count, 0);
	config = ARGUMENTS(true, "vm.vcpus=2", NULL);
	assert_string_equal(config.path, "builtin:smoke");
	assert_int_equal(config.count, 1);
	config = arguments(true, (const char *[]){ "minivmm", NULL });
	assert_int_equal(config.count, 0);
}

/* --timeout replaces the timeout of every phase, whatever the config says, built in or not. */
static void test_load(void **state)
{
	const struct options options = { .seed = 7, .timeout_ns = 4000000000, .trace = true };
	struct config_arguments from = { .path = "builtin:smoke" };
	struct errors errors = { 0 };
	struct config config;

	(void)state;
	assert_int_equal(config_arguments_load(&from, &options, &config, &errors), 0);
	assert_int_equal(config.vm.timeout, 4000000000);
	for (size_t i = 0; i < config.phase_count; i++)
		assert_int_equal(config.phases[i].timeout, 4000000000);
	assert_int_equal(config.seed, 7);
	assert_true(config.trace);
	config_free(&config);
	from.builtin = true;
	assert_int_equal(config_arguments_load(&from, &options, &config, &errors), 0);
	assert_int_equal(config.phases[0].timeout, 4000000000);
	config_free(&config);
	assert_int_equal(config_arguments_load(&from, NULL, &config, &errors), 0);
	assert_int_equal(config.vm.timeout, 60000000000);
	assert_int_equal(config.phases[0].timeout, 3000000000);
	assert_false(config.trace);
	config_free(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbose),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_config_arguments),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
