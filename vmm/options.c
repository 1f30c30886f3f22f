// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <string.h>

#include "units.h"

enum key { KEY_FORMAT = 256, KEY_SEED, KEY_TIMEOUT, KEY_PROGRESS, KEY_TRACE };

static const struct argp_option rows[] = {
	{ "output", 'o', "FILE", 0, "Write the JSON report to FILE, atomically; FILE.jsonl: a line a second of stress, then the report", 1 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "On stdout: text (default), json, ktap, csv or prom", 1 },
	{ "seed", KEY_SEED, "N", 0, "Seed of everything random, in the report as well", 1 },
	{ "timeout", KEY_TIMEOUT, "DURATION", 0, "A phase may take so long: 500ms, 60s, 10m", 1 },
	{ "progress", KEY_PROGRESS, "WHEN", 0,
	  "On stderr: auto (on a terminal), never or plain", 1 },
	{ "trace", KEY_TRACE, NULL, 0,
	  "Look inside the transition with kprobes (root, tracefs): the time of each slot", 1 },
	{ "verbose", 'v', NULL, 0, "Say on stderr what is being done, as --progress plain does", 1 },
	{ 0 },
};

static int parse_progress(const char *name)
{
	static const char *const names[] = { "auto", "never", "plain" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	uint64_t ns;
	int value;

	switch (key) {
	case 'o':
		options->output = argument;
		return 0;
	case KEY_FORMAT:
		value = report_format_parse(argument);
		if (value < 0)
			argp_error(state, "--format %s: not one of " REPORT_FORMATS, argument);
		options->format = (enum report_format)value;
		options->format_given = true;
		return 0;
	case KEY_SEED:
		if (!parse_u64(argument, &options->seed) || options->seed > INT64_MAX)
			argp_error(state, "--seed %s: not a number from 0 to %lld", argument,
				   (long long)INT64_MAX);
		return 0;
	case KEY_TIMEOUT:
		if (!parse_duration(argument, &ns) || !ns)
			argp_error(state, "--timeout %s: not a duration like 500ms, 60s or 10m",
				   argument);
		options->timeout = argument;
		return 0;
	case KEY_PROGRESS:
		value = parse_progress(argument);
		if (value < 0)
			argp_error(state, "--progress %s: not one of auto, never, plain", argument);
		options->progress = (enum progress)value;
		return 0;
	case KEY_TRACE:
		options->trace = true;
		return 0;
	case 'v':
		if (options->progress == PROGRESS_AUTO)
			options->progress = PROGRESS_PLAIN;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp options_argp = { .options = rows, .parser = parse };
