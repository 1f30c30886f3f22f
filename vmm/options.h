/* SPDX-License-Identifier: GPL-2.0-only */
/* The options every command takes, as an argp child. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "report.h"

enum progress { PROGRESS_AUTO, PROGRESS_NEVER, PROGRESS_PLAIN };

struct options {
	const char *output;		/* -o, NULL: none */
	enum report_format format;
	bool format_given;
	uint64_t seed;
	const char *timeout;		/* as given, checked; NULL: the config's */
	enum progress progress;
	bool trace;			/* --trace */
};

/* Its parser's input is a struct options. */
extern const struct argp options_argp;

#endif
