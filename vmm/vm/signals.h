/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP end a run, but only after its report is written: from
 * signals_open() on they are blocked, and the run asks for them. One that was ignored (nohup) stays ignored.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct signals {
	int fd;			/* a signalfd, which may be polled; only signals_next() reads it */
	sigset_t old_mask;
};

/* 0 or -errno. Threads that are made from then on don't get the signals either. */
int signals_open(struct signals *signals, struct err *err);
/* Takes a signal that came and returns its number; 0: none came. signals may be NULL. */
int signals_next(const struct signals *signals);
/* Has one come? It is not taken. */
bool signals_came(const struct signals *signals);
/* Drops signals that came and were not taken, and unblocks them: the run is over. */
void signals_close(struct signals *signals);

#endif
