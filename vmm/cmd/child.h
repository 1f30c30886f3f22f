/* SPDX-License-Identifier: GPL-2.0-only */
/* A child process that does a run, and what became of it. */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct signals;
struct typed;

struct child {
	pid_t pid;
	int pipe;		/* its other end is open in the child, as long as that lives */
};

/* Returns as fork(): -1 with errno; 0 in the child, which ends with its parent; else *child is filled. */
pid_t child_fork(struct child *child);
/*
 * Waits for the child's end, and returns its wait status. A signal that this process gets meanwhile
 * (signals may be NULL) is passed on to it, or is answered with SIGKILL; *signal is the last one, 0:
 * none came. What is typed meanwhile is passed on as well, and the escape is a SIGINT; typed: NULL: nothing is typed.
 */
int child_wait(const struct child *child, const struct signals *signals, bool pass_on, struct typed *typed, int *signal);

#endif
