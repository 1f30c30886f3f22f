/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups (version 2) of this process's own, each for one trial under a limit of memory, in which a
 * child process does what is tried.
 */
#ifndef TRIAL_CGROUP_H
#define TRIAL_CGROUP_H

#include "base/err.h"
#include "host/cgroup.h"

#define TRIAL_PATH (SOURCE_PATH + 64)

/* Where they are made. What had to be changed for that is changed back by trials_close(). */
struct trials {
	char parent[SOURCE_PATH];
	char home[TRIAL_PATH];		/* this process was moved there, "": it was not */
	bool enabled;			/* memory was added to the parent's cgroup.subtree_control */
	char folder[TRIAL_PATH];	/* of the trial */
};

/*
 * At the top of the tree, if children may be made there (root), else in this process's own cgroup
 * (delegated, as by systemd-run --user --scope -p Delegate=yes), out of which it is moved into a
 * child: only cgroups without processes may limit their children. 0, or -errno with a remedy.
 */
int trials_open(struct trials *trials, struct err *err);
void trials_close(struct trials *trials);

/* Makes the cgroup of a trial. limit: bytes of memory.max, without swap; UINT64_MAX: none. */
int trial_make(struct trials *trials, uint64_t limit, struct err *err);
/* In the child: moves it there. 0 or -errno. */
int trial_join(const struct trials *trials);

struct trial_figures {
	struct figure peak;		/* memory.peak, since 5.19 */
	uint64_t kills;			/* of memory.events */
};

/* Once no process is left in it: reads what happened there, and removes it. */
void trial_end(struct trials *trials, struct trial_figures *figures);

#endif
