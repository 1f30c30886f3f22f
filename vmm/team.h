/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VM's vCPUs on their threads. Between phases all of them wait; a phase lets
 * them go and waits until each waits again, is in trouble, or the time is up.
 */
#ifndef TEAM_H
#define TEAM_H

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include "vcpu.h"

struct member {
	struct vcpu vcpu;
	struct team *team;
	pthread_t thread;
	bool started, running;		/* running: guarded by team->lock */
	enum vcpu_stop stop;		/* valid while not running */
};

struct team {
	struct member *members;
	unsigned int count;
	pthread_mutex_t lock;
	pthread_cond_t go;		/* main -> vCPUs: generation changed, or quit */
	uint64_t generation;
	bool quit;
	bool repeat;			/* atomic: see team_repeat() */
	int done_fd;			/* eventfd, vCPU threads -> main: one of them stopped */
	int signal_fd;			/* SIGINT, SIGTERM, SIGHUP as data, while the team lives */
	sigset_t old_mask;
};

int team_create(struct team *team, const struct vm *vm, const struct payload *payload,
		unsigned int vcpus, struct err *err);
/*
 * Lets all vCPUs run phase `next` until they wait for another one; the first time they come
 * up in it, too. Returns 0, the number of the signal that came, or -ETIMEDOUT after kicking
 * those still in the guest; -EIO: a vCPU is in trouble (the others are kicked too).
 */
int team_run(struct team *team, uint32_t next, uint64_t timeout_ns);
/* While on, vCPUs that have come to the end of their phase begin it anew. */
void team_repeat(struct team *team, bool on);
/* After -EIO: the vCPUs in trouble may go on where they stand, with the next team_run(). */
void team_forgive(struct team *team);
/* Ends the threads; vCPUs must not be running. */
void team_destroy(struct team *team);

#endif
