/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run as JSON Lines, for -o FILE.jsonl: a line where each phase begins and for each second of a stress phase, and the
 * report as the last line. Each line is brought to the disk at once, so that it survives a crash of
 * the host.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define JOURNAL_SCHEMA "minivmm.stress/1"
#define PHASE_SCHEMA "minivmm.phase/1"

struct config;
struct phase_result;
struct stress_result;

/* Does path end in .jsonl? */
bool journal_wanted(const char *path);

/* The first line makes the file, so that a run that is refused and a full disk leave an old file as it is. */
struct journal {
	const char *path;	/* NULL: there is no journal */
	bool open;		/* false: nothing is written yet */
	int fd;			/* the file's, or reserved for it; -1: closed */
	int code;		/* -errno of the first line that could not be written, 0: none */
	struct err err;		/* what was wrong with it */
};

/*
 * path: NULL without a journal. Reserves the file's descriptor: the run counts its own before and after, and the
 * first line comes in between. 0 or -errno.
 */
int journal_begin(struct journal *journal, const char *path, struct err *err);
/* Writes which phase begins, and how to run it again; elapsed_ns is as below. */
void journal_phase(struct journal *journal, const struct config *config, const struct phase_result *phase,
		   uint64_t elapsed_ns);
/* Writes the workers' rounds so far; elapsed_ns is the time since the run began. */
void journal_sample(struct journal *journal, const char *phase, uint64_t elapsed_ns,
		    const struct stress_result *stress);
/* Writes the report and closes the file. 0, or -errno of the first line that was not written. */
int journal_close(struct journal *journal, const json_t *report, struct err *err);
/* Closes the file without a report. Does nothing if it is closed already. */
void journal_drop(struct journal *journal);
/* Loads the report from the last line of such a file. NULL with err. */
json_t *journal_report(FILE *file, const char *path, struct err *err);

/* What such a file shows of a run that a crash may have cut off: its last line may be half, or bytes of 0. */
struct journal_end {
	bool ended;		/* its report is there */
	json_t *last, *began;	/* the last whole line, and the last that a phase began with; NULL: none */
};

/* 0, or -errno where the file can't be read. */
int journal_read_end(FILE *file, const char *path, struct journal_end *end, struct err *err);
void journal_end_free(struct journal_end *end);

#endif
