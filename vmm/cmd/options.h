/* SPDX-License-Identifier: GPL-2.0-only */
/* The options that every command but `list` takes, as an argp child. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/formats.h"

enum progress { PROGRESS_AUTO, PROGRESS_NEVER, PROGRESS_PLAIN };

/* Options that do nothing in a command. It takes them: a wrapper may pass them to any command. */
enum options_unused {
	UNUSED_SEED = 1, UNUSED_TIMEOUT = 2, UNUSED_PROGRESS = 4,
	UNUSED_ALL = UNUSED_SEED | UNUSED_TIMEOUT | UNUSED_PROGRESS,
	UNUSED_FORMAT = 8,
};

/* What a command does with them. */
struct options_use {
	unsigned int documents;		/* DOCUMENT() of each that it delivers */
	report_renderer *standard;	/* its default format has this one; NULL: text */
	unsigned int unused;		/* enum options_unused; its help leaves them out */
	bool trace;			/* it takes --trace */
	bool judges;			/* it takes --require and --runs */
	const char *output_help;	/* of -o */
	const char *format_help;	/* NULL: all formats of its documents */
	const char *verbose_help;	/* of -v where it means more than progress; NULL: it does not */
};

#define OPTIONS_ROWS 11

struct options {
	const struct options_use *use;
	const char *output;		/* -o, NULL: none */
	const struct format *format;
	bool format_given;		/* it is not the default */
	uint64_t seed;
	uint64_t timeout_ns;		/* 0: the config's */
	enum progress progress;
	bool verbose;			/* -v */
	bool trace;			/* --trace */
	uint64_t runs;			/* --runs; 0: it was not given */
	const char *require;		/* names of checks, with commas; NULL: none */
	/* For argp, which shows to the user what this command uses. */
	struct argp argp;
	struct argp_option rows[OPTIONS_ROWS];
	char format_help[16 + FORMATS_TEXT];
};

/*
 * Prepares options to be parsed: the child whose input they are. Both must stay where they are
 * until then.
 */
const struct argp *options_argp(struct options *options, const struct options_use *use);

#endif
