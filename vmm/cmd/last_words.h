/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of a run that a signal ends: its state on SIGQUIT, and a report where the run does not come to its end. */
#ifndef LAST_WORDS_H
#define LAST_WORDS_H

#include <jansson.h>

#include "cmd/options.h"
#include "run/session.h"

struct last_words {
	const struct session *session;
	const struct options *options;
	bool smoke;
	bool waits;		/* for a child that does the run, and says its state itself */
	/* Takes over the report, called from a thread of its own. NULL: it is delivered as the options say. */
	void (*take)(void *taker, json_t *report);
	void *taker;
};

/* From now on, until the run's report is claimed or last_words_end(). words must live as long. */
void last_words_begin(struct last_words *words);
/* Before the session is freed. */
void last_words_end(const struct last_words *words);

#endif
