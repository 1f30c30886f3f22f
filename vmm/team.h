/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs on their threads, of one VM or of several that run side by side. Between phases all
 * of them wait; a phase lets them go and waits until each waits again, is in trouble, or
 * the time is up.
 */
#ifndef TEAM_H
#define TEAM_H

#include <pthread.h>
#include <stdint.h>

#include "signals.h"
#include "vcpu.h"

struct member {
	struct vcpu vcpu;
	struct team *team;
	pthread_t thread;
	uint64_t seen;			/* the last generation it ran */
	bool started, running, quit;	/* running, quit: guarded by team->lock */
	enum vcpu_stop stop;		/* valid while not running */
};

struct team {
	struct member **members;
	unsigned int count;
	pthread_mutex_t lock;
	pthread_cond_t go;		/* main -> vCPUs: generation changed, or quit */
	uint64_t generation;
	bool repeat;			/* atomic: see team_repeat() */
	int done_fd;			/* eventfd, vCPU threads -> main: one of them stopped */
	const struct signals *signals;	/* that end a run, NULL: this team does not heed them */
};

/* A team of nobody. signals may be NULL. */
int team_open(struct team *team, const struct signals *signals, struct err *err);
/* The vCPUs of a VM become members, the last ones. On failure none does. Nobody may be running. */
int team_join(struct team *team, const struct vm *vm, const struct payload *payload,
	      unsigned int vcpus, struct err *err);
/*
 * The members from the first-th on end, and their vCPUs are destroyed. Nobody may be running;
 * false: one is stuck in the kernel, and what it uses must stay until the process ends.
 */
bool team_leave(struct team *team, unsigned int first);
/* All of them, and the team. False: the same, and nothing is closed. */
bool team_close(struct team *team);

/* The phase that a member, or each of them, runs with the next team_start(). */
void team_tell(struct team *team, unsigned int index, uint32_t next);
void team_tell_all(struct team *team, uint32_t next);
/* Lets all members run until they wait for another phase; the first time they come up in it, too. */
void team_start(struct team *team);
/*
 * Returns 0 when all wait, the number of the signal that came, -ETIMEDOUT at the deadline
 * (clock_ns()), or -EIO: a vCPU is in trouble. But for 0 some may still run.
 */
int team_wait(struct team *team, uint64_t deadline);
/* Kicks those still in the guest; one that is stuck in the kernel is left behind. */
void team_stop(struct team *team);
/* team_start(), team_wait() and, if it is not 0, team_stop(). */
int team_run(struct team *team, uint64_t timeout_ns);
/* While on, vCPUs that have come to the end of their phase begin it anew. */
void team_repeat(struct team *team, bool on);
/* Has a member leave the guest for an instant, if it is there. Any thread, while the team runs. */
void team_nudge(struct team *team, unsigned int index);
/* After -EIO: the vCPUs in trouble may go on where they stand, with the next team_start(). */
void team_forgive(struct team *team);
/* The vCPU that explains why team_run() failed, NULL: none does. One merely kicked explains nothing. */
const struct vcpu *team_culprit(const struct team *team);

#endif
