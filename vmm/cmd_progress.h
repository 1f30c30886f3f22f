/* SPDX-License-Identifier: GPL-2.0-only */
/* The progress line of commands that run something. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

#include "options.h"
#include "run.h"

struct progress_line {
	const char *what;	/* before the phase's name, or "" */
	const struct run *run;
	const char *shown;
	bool plain, dirty, started, quit;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

/* what and run must live until progress_end(). */
void progress_begin(struct progress_line *line, enum progress when, const char *what,
		    const struct run *run);
void progress_end(struct progress_line *line);

#endif
