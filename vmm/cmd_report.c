// SPDX-License-Identifier: GPL-2.0-only
/* minivmm report: reports that were saved, read again. No KVM. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "report.h"

enum key { KEY_FORMAT = 256 };

struct arguments {
	const char *verb, *path;
	enum report_format format;
};

static error_t take_argument(struct arguments *arguments, char *argument, struct argp_state *state)
{
	if (!arguments->verb && strcmp(argument, "show"))
		argp_error(state, "%s: not one of show", argument);
	else if (!arguments->verb)
		arguments->verb = argument;
	else if (arguments->path)
		argp_error(state, "%s: one FILE at a time", argument);
	else
		arguments->path = argument;
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	int format;

	switch (key) {
	case KEY_FORMAT:
		format = report_format_parse(argument);
		if (format < 0)
			argp_error(state, "--format %s: not one of text, json, ktap", argument);
		arguments->format = (enum report_format)format;
		return 0;
	case ARGP_KEY_ARG:
		return take_argument(arguments, argument, state);
	case ARGP_KEY_END:
		if (!arguments->path)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int show(const char *path, enum report_format format)
{
	json_t *report;
	struct err err;
	int rc = report_load(path, &report, &err);

	if (rc) {
		fprintf(stderr, "minivmm: %s\n", err.text);
		if (err.remedy[0])
			fprintf(stderr, "minivmm: remedy: %s\n", err.remedy);
		return EXIT_ENVIRONMENT;
	}
	rc = report_render(report, format, stdout);
	json_decref(report);
	if (rc)
		fprintf(stderr, "minivmm: standard output: %s\n", strerror(-rc));
	return rc ? EXIT_ENVIRONMENT : EXIT_PASS;
}

int cmd_report(int argc, char **argv)
{
	const struct argp_option rows[] = {
		{ "format", KEY_FORMAT, "FORMAT", 0, "text (default), json or ktap", 0 }, { 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "show FILE",
		.doc = "Renders a report that was saved with -o FILE; needs no KVM.\v"
		       "Exit status: 0 shown, whatever the report's result; 2 usage error; 3 the "
		       "file can't be read or is not a report.",
	};
	struct arguments arguments = { 0 };

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE_ERROR;
	return show(arguments.path, arguments.format);
}
