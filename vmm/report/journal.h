/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run as JSON Lines, for -o FILE.jsonl: a line per second of a stress phase, flushed at once
 * so that it outlives whatever ends the run, and as the last one the report.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define JOURNAL_SCHEMA "minivmm.stress/1"

struct stress_result;

/* Is this what PATH asks for? */
bool journal_wanted(const char *path);

struct journal {
	const char *path;
	FILE *file;		/* NULL: there is no journal */
	int code;		/* errno of the first line that could not be written, 0: none */
};

/* A new, empty file. 0 or -errno. */
int journal_open(struct journal *journal, const char *path, struct err *err);
/* How far the workers of phase are, elapsed_ns after the run began. */
void journal_sample(struct journal *journal, const char *phase, uint64_t elapsed_ns,
		    const struct stress_result *stress);
/* The report, and the end. 0 or -errno, also for lines that could not be written before. */
int journal_close(struct journal *journal, const json_t *report, struct err *err);
/* The report that such a file ends with; NULL with err. */
json_t *journal_report(FILE *file, const char *path, struct err *err);

#endif
