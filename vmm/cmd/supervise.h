/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run that the kernel may kill for want of memory is done by a child process. Its parent, which
 * takes next to none, outlives it and says in which phase it was killed.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>

#include "cmd/child.h"
#include "run/session.h"

/* How the child ended. */
struct child_end {
	struct child child;	/* for the child itself: see child_tell_stuck() */
	int status;		/* exit status, if no signal ended it */
	int signal;		/* 0: none */
	int told;		/* the last signal that the parent got meanwhile, and passed on; 0: none */
	bool stuck;		/* it has not ended, as a thread of it is stuck in the kernel */
	bool oom;		/* the OOM killer has killed in this process's cgroups meanwhile */
	char phase[64];		/* that it was in, "": none had begun */
};

enum supervised {
	SUPERVISED_NOT,		/* this process is to run the session */
	SUPERVISED_CHILD,	/* and is the child */
	SUPERVISED_PARENT,	/* the child has ended, as *end says */
};

/*
 * There is no child where there is nothing to fear (no cgroup limits the process's memory and the config raises no
 * limit, and the guest's console is no terminal, which is to be given back whatever happens), or where there
 * can be none. A signal that the parent gets (see signals.h) is passed on.
 */
enum supervised supervise(struct session *session, struct child_end *end);
/* Fills in session->run of a run that a signal ended in the child: what is reported of it. */
void supervise_lost(struct session *session, const struct child_end *end);

#endif
