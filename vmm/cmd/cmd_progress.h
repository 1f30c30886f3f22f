/* SPDX-License-Identifier: GPL-2.0-only */
/* The progress line of commands that run something. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd/options.h"
#include "report/journal.h"
#include "run/phase_watch.h"
#include "run/result.h"

struct progress_line {
	const char *what;	/* is shown before the phase's name, or "" */
	struct run *run;
	uint64_t start;		/* clock_ns() */
	size_t shown;		/* plain: how many phases have their line */
	struct journal *journal; /* a line is written to it per phase, and per second of stress; or NULL */
	size_t noted;		/* how many phases have their line there */
	uint64_t sampled_ns;	/* time of the last sample, 0: none */
	struct stress_count last[STRESS_COUNTS];
	char rates[80];		/* the workers' rates since the sample before */
	bool quiet, plain, dirty, started, quit;
	pthread_t thread;
	struct phase_watch watch; /* has the lock of quit */
};

/* what, run and journal (or NULL) must live until progress_end(). */
void progress_begin(struct progress_line *line, enum progress when, const char *what,
		    struct run *run, struct journal *journal);
void progress_end(struct progress_line *line);

#endif
