/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that takes the signals that end a run, and sees to it that they do: a process that then waits for too long, for a
 * reader, a device or a stuck thread, is ended from here. Only for signals.c.
 */
#ifndef GUARD_H
#define GUARD_H

#include <signal.h>

#include "vm/signals.h"

/* Takes the signals of this set, which are blocked. NULL with err. */
struct guard *guard_open(const sigset_t *ends, struct err *err);
/* Readable while a signal waits for guard_next(). */
int guard_fd(const struct guard *guard);
/* The next signal that came, in the order in which they came; 0: none. */
int guard_next(struct guard *guard);
bool guard_came(struct guard *guard);
void guard_watch(struct guard *guard, const struct signals_end *end);
void guard_claim(struct guard *guard);
void guard_close(struct guard *guard);
/* In a child process, in which the guard's thread does not exist. 0 or -errno. */
int guard_after_fork(struct guard *guard, struct err *err);

#endif
