/* SPDX-License-Identifier: GPL-2.0-only */
/* The options every command takes, as an argp child. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "report/report.h"

enum progress { PROGRESS_AUTO, PROGRESS_NEVER, PROGRESS_PLAIN };

/* Taken, as a wrapper may pass them to any command, but without an effect. */
enum options_idle {
	IDLE_SEED = 1, IDLE_TIMEOUT = 2, IDLE_PROGRESS = 4, IDLE_VERBOSE = 8,
	IDLE_ALL = IDLE_SEED | IDLE_TIMEOUT | IDLE_PROGRESS | IDLE_VERBOSE,
};

/* What a command makes of them. */
struct options_use {
	const char *formats;		/* "text, json" */
	const char *output_help;	/* of -o, NULL: what run does with it */
	const char *format_help;	/* NULL: as formats say */
	unsigned int idle;		/* enum options_idle */
};

struct options {
	const struct options_use *use;	/* set before parsing; NULL: run's, which uses all */
	const char *output;		/* -o, NULL: none */
	enum report_format format;
	const char *format_name;	/* as given, NULL: none */
	uint64_t seed;
	const char *timeout;		/* as given, checked; NULL: the config's */
	uint64_t timeout_ns;		/* the same, 0: the config's */
	enum progress progress;
	bool trace;			/* --trace */
};

/* Their parsers' input is a struct options. */
extern const struct argp options_argp;		/* with --trace */
extern const struct argp options_common_argp;	/* without */

/* Is "json" one of "text, json"? */
bool options_offer(const char *formats, const char *name);

#endif
