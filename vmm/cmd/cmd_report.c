// SPDX-License-Identifier: GPL-2.0-only
/* minivmm report: works on saved reports. It needs no KVM. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/cmd_report.h"
#include "fleet/plot.h"

static const struct verb {
	const char *name;
	size_t least, most;		/* files; most 0: no limit */
	unsigned int documents;		/* DOCUMENT() of each that it shows; 0: it has no --format */
	bool draws;			/* into a file whose name says what it is */
	int (*run)(const struct report_arguments *arguments);
} verbs[] = {
	{ "show", 1, 1, DOCUMENT(RUN) | DOCUMENT(PLAN), false, report_cmd_show },
	{ "diff", 2, 2, DOCUMENT(DIFF), false, report_cmd_diff },
	{ "merge", 1, 0, DOCUMENT(MERGE), false, report_cmd_merge },
	{ "plot", 1, 0, 0, true, report_cmd_plot },
	{ "html", 1, 0, 0, false, report_cmd_html },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

struct arguments {
	const struct verb *verb;
	struct report_arguments report;
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(name, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static void bad_verb(const char *name, const struct argp_state *state)
{
	char names[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < VERBS && at < sizeof(names); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       verbs[i].name);
	argp_error(state, "%s: not one of %s", name, names);
}

/* argp has moved the options before them: what is left of argv is VERB FILE... */
static void take_arguments(struct arguments *arguments, struct argp_state *state)
{
	char **words = state->argv + state->next;

	arguments->verb = find_verb(words[0]);
	if (!arguments->verb)
		bad_verb(words[0], state);
	arguments->report.files = words + 1;
	arguments->report.count = (size_t)(state->argc - state->next - 1);
}

static void check_files(const struct verb *verb, size_t count, const struct argp_state *state)
{
	if (count < verb->least)
		argp_error(state, "%s: %s", verb->name,
			   verb->least == 1 ? "which FILE?" : "it takes two FILEs");
	if (verb->most && count > verb->most)
		argp_error(state, "%s: not more than %zu FILE%s", verb->name, verb->most,
			   verb->most == 1 ? "" : "s");
}

static void check_options(const struct verb *verb, const struct options *options,
			  const struct argp_state *state)
{
	char names[FORMATS_TEXT];

	if (verb->draws && !options->output)
		argp_error(state, "%s: where to? Give -o FILE.svg or -o FILE.png", verb->name);
	if (verb->draws && !plot_terminal(options->output))
		argp_error(state, "%s: -o %s: the name of a plot ends in .svg or .png", verb->name,
			   options->output);
	if (options->format_given && !format_find(options->format->name, verb->documents))
		argp_error(state, "--format %s: %s %s%s", options->format->name, verb->name,
			   verb->documents ? "has " : "has no formats",
			   format_names(names, verb->documents));
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->report.options;
		return 0;
	case ARGP_KEY_ARGS:
		take_arguments(arguments, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	case ARGP_KEY_END:
		check_files(arguments->verb, arguments->report.count, state);
		check_options(arguments->verb, &arguments->report.options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static unsigned int verbs_documents(void)
{
	unsigned int documents = 0;

	for (size_t i = 0; i < VERBS; i++)
		documents |= verbs[i].documents;
	return documents;
}

/* "show: text, json; diff: text, json" */
static char *verbs_formats(char text[FORMATS_TEXT])
{
	size_t at = 0;

	for (size_t i = 0; i < VERBS && at < FORMATS_TEXT; i++) {
		char names[FORMATS_TEXT];

		if (!verbs[i].documents)
			continue;
		at += (size_t)snprintf(text + at, FORMATS_TEXT - at, "%s%s: %s", at ? "; " : "",
				       verbs[i].name, format_names(names, verbs[i].documents));
	}
	return text;
}

static const char doc[] =
	"Shows, compares, summarises and plots reports that were saved with -o FILE. It needs no "
	"KVM.\v"
	"show renders one report.\n"
	"diff compares two reports, and fails if a verdict changed or bytes increased.\n"
	"merge groups reports by verdict, kernel, CPU and parameters, and lists outliers.\n"
	"plot draws, with gnuplot, the memory of one report by phase, or of several reports side by "
	"side, or a sweep.\n"
	"html writes one page about all of them, for any browser.\n"
	"Reports of minivmm plan can be shown, and compared with each other.\n\n"
	"Exit status: 0 done, whatever the reports' results are; 1 diff found a changed verdict or "
	"more bytes; 2 usage error; 3 a file can't be read or written or is not a report.";

int cmd_report(int argc, char **argv)
{
	char formats[FORMATS_TEXT];
	const struct options_use use = {
		.documents = verbs_documents(), .unused = UNUSED_ALL,
		.format_help = verbs_formats(formats),
		.output_help = "Write the plot, the page or the JSON to FILE, atomically",
	};
	struct arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.report.options, &use), 0, "Options:", 1 }, { 0 }
	};
	const struct argp argp = {
		.parser = parse, .doc = doc, .children = children,
		.args_doc = "show FILE\ndiff A B\nmerge FILE...\nplot FILE... -o PLOT.svg|.png\n"
			    "html FILE... -o PAGE.html",
	};

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE_ERROR;
	return arguments.verb->run(&arguments.report);
}
