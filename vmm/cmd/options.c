// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"
#include "check/verdict.h"
#include "cmd/command_line.h"
#include "config/keys.h"
#include "report/report_runs.h"

enum row { KEY_FORMAT = 256, KEY_SEED, KEY_TIMEOUT, KEY_PROGRESS, KEY_TRACE, KEY_COLOR, KEY_REQUIRE, KEY_RUNS };

static const struct option_row {
	struct argp_option option;
	unsigned int unused;	/* enum options_unused: left out of help where it is set */
} table[OPTIONS_ROWS - 1] = {
	{ { "output", 'o', "FILE", 0, NULL, 1 }, 0 },
	{ { "format", KEY_FORMAT, "FORMAT", 0, NULL, 1 }, UNUSED_FORMAT },
	{ { "color", KEY_COLOR, "WHEN", 0,
	    "Colours in text: auto (on a terminal, unless NO_COLOR is set), always or never", 1 }, UNUSED_FORMAT },
	{ { "seed", KEY_SEED, "N", 0, "Seed of all random choices; it is in the report", 1 },
	  UNUSED_SEED },
	{ { "timeout", KEY_TIMEOUT, "DURATION", 0,
	    "How long each phase may take, whatever the config says: 500ms, 60s, 10m", 1 }, UNUSED_TIMEOUT },
	{ { "progress", KEY_PROGRESS, "WHEN", 0,
	    "On stderr: auto (on a terminal), never or plain", 1 }, UNUSED_PROGRESS },
	{ { "verbose", 'v', NULL, 0,
	    "Say on stderr what is being done, as --progress plain does", 1 }, UNUSED_PROGRESS },
	{ { "require", KEY_REQUIRE, "CHECK,...", 0,
	    "Fail if one of these checks is skipped, or is not part of the run (minivmm list checks)", 1 }, 0 },
	{ { "runs", KEY_RUNS, "N", 0,
	    "Run N times, each time with a new VM: median, spread and outliers of every time", 1 }, 0 },
	{ { "trace", KEY_TRACE, NULL, 0,
	    "Measure the transition from inside, with kprobes (root, tracefs): the time of each "
	    "slot", 1 }, 0 },
};

static void take_format(struct options *options, char *name, struct argp_state *state)
{
	const struct format *format = format_find(name, options->use->documents);
	char names[FORMATS_TEXT];

	if (!format)
		command_line_error(state, "--format %s: not one of %s", name,
			   format_names(names, options->use->documents));
	options->format = format;
	options->format_given = true;
}

static int index_of(const char *name, const char *const names[3])
{
	for (int i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static void take_progress(struct options *options, const char *name, struct argp_state *state)
{
	int value = index_of(name, (const char *const[]){ "auto", "never", "plain" });

	if (value < 0)
		command_line_error(state, "--progress %s: not one of auto, never, plain", name);
	options->progress = (enum progress)value;
}

/* Ends the program at a name that is no check. */
static void check_name(const char *name, const struct argp_state *state)
{
	struct suggestion suggestion = SUGGESTION(name);

	for (size_t i = 0; i < verdict_check_count(); i++) {
		if (!strcmp(name, verdict_check_info(i)->name))
			return;
		suggest_try(&suggestion, verdict_check_info(i)->name);
	}
	command_line_error(state, "--require %s: no check has this name%s%s%s", name,
		   suggestion.best ? "; did you mean " : "; minivmm list checks has all",
		   suggestion.best ? suggestion.best : "", suggestion.best ? "?" : "");
}

static void take_require(struct options *options, const char *list, const struct argp_state *state)
{
	char name[64];

	for (const char *next = list; next; next = strchr(next, ','), next += next != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(next, ","), next);
		check_name(name, state);
	}
	options->require = list;
}

/* base/text.h reads these variables, which people set for all programs. */
static void take_color(const char *name, struct argp_state *state)
{
	int value = index_of(name, (const char *const[]){ "auto", "always", "never" });

	if (value < 0)
		command_line_error(state, "--color %s: not one of auto, always, never", name);
	if (value > 0)
		unsetenv(value == 1 ? "NO_COLOR" : "CLICOLOR_FORCE");
	if (value > 0)
		setenv(value == 1 ? "CLICOLOR_FORCE" : "NO_COLOR", "1", true);
}

/* -o -: standard output gets what the file would, and nothing else. */
static void take_standard_output(struct options *options)
{
	const struct format *json = format_find("json", options->use->documents);

	if (!options->output || strcmp(options->output, "-"))
		return;
	options->output = NULL;
	if (!options->format_given && json)
		options->format = json;
}

static void take_seed(struct options *options, const char *text, struct argp_state *state)
{
	if (!parse_u64(text, &options->seed) || options->seed > INT64_MAX)
		command_line_error(state, "--seed %s: not a number from 0 to %lld", text, (long long)INT64_MAX);
}

static void take_timeout(struct options *options, const char *text, struct argp_state *state)
{
	if (!parse_duration(text, &options->timeout_ns) || !options->timeout_ns ||
	    options->timeout_ns > key_find(KIND_VM, "timeout")->max)
		command_line_error(state, "--timeout %s: not a duration like 500ms, 60s or 10m, of a year at most", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case KEY_FORMAT:
		take_format(options, argument, state);
		return 0;
	case KEY_SEED:
		take_seed(options, argument, state);
		return 0;
	case KEY_TIMEOUT:
		take_timeout(options, argument, state);
		return 0;
	case KEY_PROGRESS:
		take_progress(options, argument, state);
		return 0;
	case KEY_COLOR:
		take_color(argument, state);
		return 0;
	case 'v':
		options->verbose = true;
		if (options->progress == PROGRESS_AUTO)
			options->progress = PROGRESS_PLAIN;
		return 0;
	case KEY_REQUIRE:
		take_require(options, argument, state);
		return 0;
	case KEY_RUNS:
		if (!parse_u64(argument, &options->runs) || !options->runs || options->runs > REPORT_RUNS)
			command_line_error(state, "--runs %s: not a number from 1 to %d", argument, REPORT_RUNS);
		return 0;
	case KEY_TRACE:
		options->trace = true;
		return 0;
	case ARGP_KEY_END:
		take_standard_output(options);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool has_option(const struct options_use *use, int key)
{
	switch (key) {
	case KEY_TRACE:
		return use->trace;
	case KEY_REQUIRE:
		return use->judges;
	case KEY_RUNS:
		return use->judges;
	default:
		return true;
	}
}

static const char *help_of(const struct options *options, const struct argp_option *row)
{
	switch (row->key) {
	case 'o':
		return options->use->output_help;
	case KEY_FORMAT:
		return options->format_help;
	case 'v':
		return options->use->verbose_help ? options->use->verbose_help : row->doc;
	default:
		return row->doc;
	}
}

const struct argp *options_argp(struct options *options, const struct options_use *use)
{
	struct argp_option *row = options->rows;
	char formats[FORMATS_TEXT];

	options->use = use;
	options->format = format_of(use->standard);
	snprintf(options->format_help, sizeof(options->format_help), "On stdout: %s",
		 use->format_help ? use->format_help :
				    format_help(formats, use->documents, options->format));
	for (size_t i = 0; i < OPTIONS_ROWS - 1; i++) {
		if (!has_option(use, table[i].option.key))
			continue;
		*row = table[i].option;
		row->doc = help_of(options, row);
		row->flags = table[i].unused & use->unused && !(row->key == 'v' && use->verbose_help) ?
			     OPTION_HIDDEN : 0;
		row++;
	}
	*row = (struct argp_option){ 0 };
	options->argp = (struct argp){ .options = options->rows, .parser = parse };
	return &options->argp;
}
