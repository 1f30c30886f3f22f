/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run that the kernel may kill for want of memory is done by a child process. Its parent, which
 * takes next to none, outlives it and says in which phase it was killed.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>

#include "run/session.h"

/* How the child ended. */
struct child_end {
	int status;		/* exit status, if no signal ended it */
	int signal;		/* 0: none */
	bool oom;		/* the OOM killer has killed in this process's cgroups meanwhile */
	char phase[64];		/* that it was in, "": none had begun */
};

/*
 * True: this process is to run the session: as the child, or because there is nothing to fear (no
 * cgroup limits its memory and the config raises no limit, and the guest's console is no terminal, which
 * is to be given back whatever happens), or because there can be no child. False:
 * this is the parent, and the child has ended, as *end says. A signal that the parent gets (see
 * signals.h) is passed on.
 */
bool supervise(struct session *session, struct child_end *end);
/* Fills in session->run of a run that a signal ended in the child: what is reported of it. */
void supervise_lost(struct session *session, const struct child_end *end);

#endif
