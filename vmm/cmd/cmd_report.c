// SPDX-License-Identifier: GPL-2.0-only
/* minivmm report: works on saved reports. It needs no KVM. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/cmd_report.h"
#include "fleet/plot.h"

static const struct verb {
	const char *name;
	const char *files;		/* how its help calls them */
	size_t least, most;		/* files; most 0: no limit */
	unsigned int documents;		/* DOCUMENT() of each that it shows; 0: it has no --format */
	bool draws;			/* into a file whose name says what it is */
	int (*run)(const struct report_arguments *arguments);
	const char *output_help;	/* of -o */
	const char *doc;
	const char *verbose_help;	/* of -v; NULL: it does nothing */
} verbs[] = {
	{ "show", "FILE", 1, 1, (1u << DOCUMENT_COUNT) - 1, false, report_cmd_show,
	  "Write the report as JSON to FILE, atomically, or what --format prom or junit says",
	  "Renders what any command has saved with -o: a run, plan, stat, sweep, headroom, kernels, merge or diff. FILE may be - for "
	  "standard input.\v"
	  "Example: minivmm report show report.json --format csv\n\n"
	  "Exit status: 0 shown, whatever its result is; 2 usage error; 3 FILE can't be read or is not a report.", NULL },
	{ "diff", "A B", 2, 2, DOCUMENT(DIFF), false, report_cmd_diff,
	  "Write the comparison as JSON to FILE, atomically",
	  "Compares two reports of runs, or two plans: A is before, B after.\v"
	  "Example: minivmm report diff before.json after.json\n\n"
	  "Exit status: 0 the same verdicts and no more bytes; 1 a verdict changed, or B takes more bytes; 2 usage "
	  "error; 3 a file can't be read or is not a report.", NULL },
	{ "merge", "FILE...", 1, 0, DOCUMENT(MERGE), false, report_cmd_merge,
	  "Write the summary as JSON to FILE, atomically",
	  "Groups the reports of many hosts by verdict, kernel, CPU and parameters, and lists what stands out.\v"
	  "Example: minivmm report merge *.json --format csv\n\n"
	  "Exit status: 0 merged, whatever the reports' results are; 2 usage error; 3 a file can't be read or is not "
	  "a report: it is named, and the others are merged.",
	  "In the text, a line for each host of each group, with its file" },
	{ "plot", "FILE... -o PLOT.svg|.png", 1, 0, 0, true, report_cmd_plot,
	  "Write the plot to FILE, atomically; its name ends in .svg or .png",
	  "Draws, with gnuplot, the memory of one report by phase, or of several reports side by side, or a sweep.\v"
	  "Example: minivmm report plot report.json -o report.svg\n\n"
	  "Exit status: 0 drawn, 2 usage error, 3 a file can't be read or written, or there is no gnuplot.", NULL },
	{ "html", "FILE... -o PAGE.html", 1, 0, 0, false, report_cmd_html,
	  "Write the page to FILE, atomically; without it, to standard output",
	  "Writes one page about all reports, for any browser, without anything to load.\v"
	  "Example: minivmm report html *.json -o hosts.html\n\n"
	  "Exit status: 0 written, 2 usage error, 3 a file can't be read or written or is not a report.", NULL },
	{ "crash", "LOG... [RUN.jsonl]", 1, 0, DOCUMENT(CRASH), false, report_cmd_crash,
	  "Write the verdict as JSON to FILE, atomically",
	  "Says whether the kernel whose log this is crashed in KVM, and what minivmm did then. LOG is what journalctl, dmesg, a "
	  "syslog, pstore or a serial console has of it, or - for standard input; several are read as one. RUN.jsonl is what "
	  "the run had written with -o.\v"
	  "At the next boot: journalctl -b -1 | minivmm report crash - run.jsonl\n\n"
	  "Example: minivmm report crash dmesg.txt run.jsonl\n\n"
	  "Exit status: 0 no crash, 1 the kernel crashed in KVM, 2 usage error, 3 a file can't be read or written, 4 it crashed "
	  "elsewhere, or that can't be told.", NULL },
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
	struct suggestion suggestion = SUGGESTION(name);
	char names[128] = "";
	size_t at = 0;

	for (size_t i = 0; i < VERBS && at < sizeof(names); i++) {
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       verbs[i].name);
		suggest_try(&suggestion, verbs[i].name);
	}
	command_line_error(state, "%s: not one of %s%s%s%s", name, names, suggestion.best ? "; did you mean " : "",
		   suggestion.best ? suggestion.best : "", suggestion.best ? "?" : "");
}

/* argp has moved the options before them. The verb itself is no longer one of them. */
static void take_arguments(struct arguments *arguments, struct argp_state *state)
{
	char **words = state->argv + state->next;

	if (!arguments->verb)
		bad_verb(words[0], state);
	arguments->report.files = words;
	arguments->report.count = (size_t)(state->argc - state->next);
}

static void check_files(const struct verb *verb, size_t count, const struct argp_state *state)
{
	if (count < verb->least)
		command_line_error(state, "%s", verb->least == 1 ? "which FILE?" : "it takes two FILEs");
	if (verb->most && count > verb->most)
		command_line_error(state, "not more than %zu FILE%s", verb->most, verb->most == 1 ? "" : "s");
}

static void check_options(const struct verb *verb, const struct options *options,
			  const struct argp_state *state)
{
	char names[FORMATS_TEXT];

	if (verb->draws && !options->output)
		command_line_error(state, "where to? Give -o FILE.svg or -o FILE.png");
	if (verb->draws && !plot_terminal(options->output))
		command_line_error(state, "-o %s: the name of a plot ends in .svg or .png", options->output);
	if (options->format_given && !format_find(options->format->name, verb->documents))
		command_line_error(state, "--format %s: %s %s%s", options->format->name, verb->name,
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
		if (!arguments->verb)
			argp_usage(state);
		return 0;
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
	"crash finds in the log of a kernel that crashed whether that was in KVM.\n"
	"Each has its own --help. Reports of minivmm plan can be shown, and compared with each other.\n\n"
	"Example: minivmm report diff before.json after.json\n\n"
	"Exit status: 0 done, whatever the reports' results are; 1 diff found a changed verdict or "
	"more bytes, or crash a crash in KVM; 2 usage error; 3 a file can't be read or written or is not a report; 4 crash can't "
	"tell.";

/* Takes the verb out of argv. NULL: there is none, or it is not one of ours. */
static const struct verb *take_verb(const struct argp *argp, int *argc, char **argv)
{
	int at = command_line_first(argp, *argc, argv);
	const struct verb *verb = at < *argc ? find_verb(argv[at]) : NULL;

	if (!verb)
		return NULL;
	memmove(argv + at, argv + at + 1, (size_t)(*argc - at) * sizeof(*argv));
	*argc -= 1;
	return verb;
}

/* Each verb has a help of its own; without one, help is about all. */
static int parse_verb(struct arguments *arguments, int argc, char **argv)
{
	char formats[FORMATS_TEXT], program[64];
	struct options_use use = {
		.documents = verbs_documents(), .unused = UNUSED_ALL,
		.format_help = verbs_formats(formats),
		.output_help = "Write the plot, the page or the JSON to FILE, atomically",
	};
	struct argp_child children[] = {
		{ options_argp(&arguments->report.options, &use), 0, "Options:", 1 }, { 0 }
	};
	struct argp argp = {
		.parser = parse, .doc = doc, .children = children,
		.args_doc = "show FILE\ndiff A B\nmerge FILE...\nplot FILE... -o PLOT.svg|.png\n"
			    "html FILE... -o PAGE.html\ncrash LOG... [RUN.jsonl]",
	};
	const struct verb *verb = arguments->verb = take_verb(&argp, &argc, argv);

	if (verb) {
		snprintf(program, sizeof(program), "%s %s", argv[0], verb->name);
		argv[0] = program;
		use.format_help = format_help(formats, verb->documents, format_of(NULL));
		use.output_help = verb->output_help;
		use.verbose_help = verb->verbose_help;
		use.unused |= verb->documents ? 0 : UNUSED_FORMAT;
		children[0].argp = options_argp(&arguments->report.options, &use);
		argp.args_doc = verb->files;
		argp.doc = verb->doc;
	}
	return command_line_parse(&argp, argc, argv, arguments);
}

int cmd_report(int argc, char **argv)
{
	struct arguments arguments = { 0 };

	if (parse_verb(&arguments, argc, argv))
		return EXIT_USAGE_ERROR;
	return cmd_limit_files() ? EXIT_ENVIRONMENT : arguments.verb->run(&arguments.report);
}
