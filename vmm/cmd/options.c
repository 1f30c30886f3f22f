// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "config/keys.h"

enum row { KEY_FORMAT = 256, KEY_SEED, KEY_TIMEOUT, KEY_PROGRESS, KEY_TRACE };

static const struct argp_option common_rows[] = {
	{ "output", 'o', "FILE", 0, "Write the JSON report to FILE, atomically; FILE.jsonl: a line a second of stress, then the report", 1 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "On stdout: text (default), json, ktap, csv or prom", 1 },
	{ "seed", KEY_SEED, "N", 0, "Seed of everything random, in the report as well", 1 },
	{ "timeout", KEY_TIMEOUT, "DURATION", 0, "A phase may take so long: 500ms, 60s, 10m", 1 },
	{ "progress", KEY_PROGRESS, "WHEN", 0,
	  "On stderr: auto (on a terminal), never or plain", 1 },
	{ "verbose", 'v', NULL, 0, "Say on stderr what is being done, as --progress plain does", 1 },
	{ 0 },
};

static const struct argp_option trace_rows[] = {
	{ "trace", KEY_TRACE, NULL, 0,
	  "Look inside the transition with kprobes (root, tracefs): the time of each slot", 1 },
	{ 0 },
};

static const struct options_use all = { .formats = REPORT_FORMATS };

bool options_offer(const char *formats, const char *name)
{
	/* Names of formats do not contain each other. */
	return formats && strstr(formats, name) && report_format_parse(name) >= 0;
}

static void take_format(struct options *options, char *name, struct argp_state *state)
{
	const char *formats = options->use ? options->use->formats : all.formats;

	if (!options_offer(formats, name))
		argp_error(state, "--format %s: not one of %s", name, formats);
	options->format = (enum report_format)report_format_parse(name);
	options->format_name = name;
}

static int parse_progress(const char *name)
{
	static const char *const names[] = { "auto", "never", "plain" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	int value;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case KEY_FORMAT:
		take_format(options, argument, state);
		return 0;
	case KEY_SEED:
		if (!parse_u64(argument, &options->seed) || options->seed > INT64_MAX)
			argp_error(state, "--seed %s: not a number from 0 to %lld", argument,
				   (long long)INT64_MAX);
		return 0;
	case KEY_TIMEOUT:
		if (!parse_duration(argument, &options->timeout_ns) || !options->timeout_ns ||
		    options->timeout_ns > key_find(KIND_VM, "timeout")->max)
			argp_error(state, "--timeout %s: not a duration like 500ms, 60s or 10m, of "
				   "a year at most", argument);
		options->timeout = argument;
		return 0;
	case KEY_PROGRESS:
		value = parse_progress(argument);
		if (value < 0)
			argp_error(state, "--progress %s: not one of auto, never, plain", argument);
		options->progress = (enum progress)value;
		return 0;
	case 'v':
		if (options->progress == PROGRESS_AUTO)
			options->progress = PROGRESS_PLAIN;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_trace(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = options;
		return 0;
	case KEY_TRACE:
		options->trace = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_idle(const struct options_use *use, int key)
{
	switch (key) {
	case KEY_SEED:
		return use->idle & IDLE_SEED;
	case KEY_TIMEOUT:
		return use->idle & IDLE_TIMEOUT;
	case KEY_PROGRESS:
		return use->idle & IDLE_PROGRESS;
	case 'v':
		return use->idle & IDLE_VERBOSE;
	default:
		return false;
	}
}

/* What the command's --help says instead of a row's text, NULL: the same. To be freed. */
static char *other_help(const struct options_use *use, int key)
{
	char *help = NULL;

	if (is_idle(use, key))
		return strdup("Taken, without effect here");
	if (key == 'o' && use->output_help)
		return strdup(use->output_help);
	if (key != KEY_FORMAT)
		return NULL;
	if (use->format_help)
		return strdup(use->format_help);
	return asprintf(&help, "On stdout: %s; default: text", use->formats) < 0 ? NULL : help;
}

static char *filter_help(int key, const char *text, void *input)
{
	const struct options *options = input;
	char *other = options && options->use ? other_help(options->use, key) : NULL;

	return other ? other : (char *)text;
}

const struct argp options_common_argp = {
	.options = common_rows, .parser = parse_common, .help_filter = filter_help,
};

const struct argp options_argp = {
	.options = trace_rows, .parser = parse_trace,
	.children = (const struct argp_child[]){ { &options_common_argp, 0, NULL, 0 }, { 0 } },
};
