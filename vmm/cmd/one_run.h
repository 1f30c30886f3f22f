/* SPDX-License-Identifier: GPL-2.0-only */
/* A run of a command that makes many: where it may be killed, a child process does it, so that the others go on. */
#ifndef ONE_RUN_H
#define ONE_RUN_H

#include <jansson.h>

#include "cmd/options.h"
#include "run/session.h"

struct one_run {
	struct session *session;	/* its config is loaded, and run.signals is set */
	const struct options *options;
	const char *what;		/* is shown before the phase's name */
	/*
	 * Called when a signal came but the run does not end: delivers the reports of the runs before, and this run's
	 * report as far as it is known (see last_words.h).
	 */
	void (*take)(void *taker, json_t *report);
	void *taker;
};

/*
 * Opens KVM, runs the config and judges the run. 0 with the report, or -errno: the rules that the config breaks are in
 * errors, or else run.err of the session says why. Its run.signal and run.stuck are set in either case.
 */
int one_run(const struct one_run *one, json_t **report, struct errors *errors);

#endif
