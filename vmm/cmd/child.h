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
	int pipe;		/* in the child: the other end, which is open as long as the child lives */
	bool stuck;		/* after child_wait(): it has not ended, as a thread of it is stuck in the kernel */
};

/* Returns as fork(): -1 with errno; 0 in the child, which ends with its parent. *child is filled in both. */
pid_t child_fork(struct child *child);
/*
 * In the child: a thread of it is stuck, and all else is done but to end with this exit status. The parent then waits for its
 * end for some seconds at most.
 */
void child_tell_stuck(const struct child *child, int status);
/*
 * Waits for the child's end, and returns its wait status; of one that is stuck, that of what it has told. A signal that this
 * process gets meanwhile (signals may be NULL) is passed on to it, or is answered with SIGKILL; *signal is the last one, 0:
 * none came. What is typed meanwhile is passed on as well, and the escape is a SIGINT; typed: NULL: nothing is typed.
 */
int child_wait(struct child *child, const struct signals *signals, bool pass_on, struct typed *typed, int *signal);

#endif
