// SPDX-License-Identifier: GPL-2.0-only
/* minivmm report: reports that were saved, read again. No KVM. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_report.h"
#include "cmd/options.h"
#include "fleet/plot.h"

static const struct verb {
	const char *name;
	size_t least, most;		/* files; most 0: no limit */
	const char *formats;		/* NULL: it takes no --format */
	bool draws;			/* into a file that says by its name what it is */
	int (*run)(const struct report_arguments *arguments);
} verbs[] = {
	{ "show", 1, 1, REPORT_FORMATS, false, report_cmd_show },
	{ "diff", 2, 2, "text, json", false, report_cmd_diff },
	{ "merge", 1, 0, "text, json, csv", false, report_cmd_merge },
	{ "plot", 1, 0, NULL, true, report_cmd_plot },
	{ "html", 1, 0, NULL, false, report_cmd_html },
};

struct arguments {
	const struct verb *verb;
	struct options options;
	struct report_arguments report;
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static void take_argument(struct arguments *arguments, char *argument, struct argp_state *state)
{
	if (arguments->verb) {
		arguments->report.files[arguments->report.count++] = argument;
		return;
	}
	arguments->verb = find_verb(argument);
	if (!arguments->verb)
		argp_error(state, "%s: not one of show, diff, merge, plot, html", argument);
}

static void check(struct arguments *arguments, struct argp_state *state)
{
	const struct verb *verb = arguments->verb;
	struct report_arguments *report = &arguments->report;

	report->output = arguments->options.output;
	report->format = arguments->options.format;
	report->format_name = arguments->options.format_name;

	if (!verb)
		argp_usage(state);
	if (report->count < verb->least)
		argp_error(state, "%s: %s", verb->name,
			   verb->least == 1 ? "which FILE?" : "it takes two FILEs");
	if (verb->most && report->count > verb->most)
		argp_error(state, "%s: not more than %zu FILE%s", verb->name, verb->most,
			   verb->most == 1 ? "" : "s");
	if (verb->draws && !report->output)
		argp_error(state, "%s: where to? Give -o FILE.svg or -o FILE.png", verb->name);
	if (verb->draws && !plot_terminal(report->output))
		argp_error(state, "%s: -o %s: the name of a plot ends in .svg or .png", verb->name,
			   report->output);
	if (report->format_name && !options_offer(verb->formats, report->format_name))
		argp_error(state, "--format %s: %s %s%s", report->format_name, verb->name,
			   verb->formats ? "has " : "has no formats",
			   verb->formats ? verb->formats : "");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(arguments, argument, state);
		return 0;
	case ARGP_KEY_END:
		check(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char doc[] =
	"Shows, compares, sums up and draws reports that were saved with -o FILE; needs no KVM.\v"
	"show renders one report.\n"
	"diff compares two, and fails on a changed verdict or more bytes.\n"
	"merge groups reports by verdict, kernel, CPU and parameters, and lists outliers.\n"
	"plot draws, through gnuplot, one report's memory by phase or its sweep, or several side by "
	"side.\n"
	"html makes one page of them that opens anywhere.\n"
	"What minivmm plan has saved can be shown, and compared with another plan.\n\n"
	"Exit status: 0 done, whatever the reports' results; 1 diff found a changed verdict or more "
	"bytes; 2 usage error; 3 a file can't be read or written or is not a report.";

int cmd_report(int argc, char **argv)
{
	static const struct options_use use = {
		.formats = REPORT_FORMATS,
		.output_help = "Write to FILE, atomically: the plot, the page; otherwise the JSON",
		.format_help = "On stdout: text (default), json; show: ktap, csv, prom; merge: csv",
		.idle = IDLE_ALL,
	};
	const struct argp_child children[] = { { &options_common_argp, 0, "Options:", 1 }, { 0 } };
	const struct argp argp = {
		.parser = parse, .doc = doc, .children = children,
		.args_doc = "show FILE\ndiff A B\nmerge FILE...\nplot FILE... -o PLOT.svg|.png\n"
			    "html FILE... -o PAGE.html",
	};
	struct arguments arguments = { .options.use = &use };
	int status = EXIT_USAGE_ERROR;

	arguments.report.files = calloc((size_t)argc, sizeof(*arguments.report.files));
	if (!arguments.report.files)
		return cmd_no_memory("the arguments");
	if (!argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		status = arguments.verb->run(&arguments.report);
	free(arguments.report.files);
	return status;
}
