/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT end a run, but only after its report is written: from signals_open() on they are
 * blocked, and the run asks for them. One that was ignored (nohup) stays ignored. A run that does not end within a second
 * is ended, and a second SIGINT ends the process at once.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* On a busy machine a process ends so long after a signal: guard.c has the parts. On an idle one it takes a second. */
#define SIGNALS_LONGEST_NS 2900000000ull

struct guard;

struct signals {
	struct guard *guard;
	sigset_t old_mask;
};

/* What another thread does while the run goes on; each may be NULL. */
struct signals_end {
	void (*dump)(void *what, FILE *out);	/* after SIGQUIT: says what the run does */
	/* The run does not end: delivers what is known. It may hang: then the process ends without. */
	void (*report)(void *what, int number);
	void *what;
	uint64_t patience_ns;	/* how long to wait for the run; 0: so that it ends within a second */
};

/* 0 or -errno. Threads that are made from then on don't get the signals either. */
int signals_open(struct signals *signals, struct err *err);
/* In a child process, before it makes a thread. 0 or -errno. */
int signals_after_fork(const struct signals *signals, struct err *err);
void signals_watch(const struct signals *signals, const struct signals_end *end);
/* Whoever delivers the report calls this first: from then on signals_end.report is not called. It may be called again. */
void signals_claim(const struct signals *signals);
/* May be polled: readable while a signal waits to be taken. -1: signals is NULL. */
int signals_fd(const struct signals *signals);
/* Takes a signal that came and returns its number; 0: none came. signals may be NULL. */
int signals_next(const struct signals *signals);
/* Has one come? It is not taken. */
bool signals_came(const struct signals *signals);
/* Drops signals that came and were not taken, and unblocks them: the run is over. */
void signals_close(struct signals *signals);

#endif
