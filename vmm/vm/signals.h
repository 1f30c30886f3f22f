/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM and SIGHUP end a run, but not before its report is written: from signals_open() on
 * they wait until they are asked for. One that is ignored, as nohup has it, stays ignored.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct signals {
	int fd;			/* a signalfd, to be polled; reading is signals_next()'s */
	sigset_t old_mask;
};

/* 0 or -errno; threads that are made from now on don't get them either. */
int signals_open(struct signals *signals, struct err *err);
/* The number of one that came, which is taken; 0: none. signals may be NULL. */
int signals_next(const struct signals *signals);
/* Is there one? It stays. */
bool signals_came(const struct signals *signals);
/* What came and nobody asked for is forgotten: the run is over. */
void signals_close(struct signals *signals);

#endif
