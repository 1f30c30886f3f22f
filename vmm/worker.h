/* SPDX-License-Identifier: GPL-2.0-only */
/* One thread of a [worker.NAME] while its stress phase runs, as its op sees it. */
#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "run.h"
#include "stress.h"
#include "team.h"
#include "vm.h"

struct worker;

/* What the threads of a phase share. */
struct stress {
	const struct run *run;
	const struct vm *vm;
	struct team *team;
	const struct phase_cfg *phase;
	uint64_t deadline;		/* CLOCK_MONOTONIC ns, 0: none */
	bool stop;			/* atomic: rounds end, no new ones begin */
	unsigned int live;		/* atomic: workers that have not ended */
	pthread_mutex_t *slots;		/* by index into layout->slots: who changes one holds it */
	struct worker *workers;
	size_t count;
};

struct worker {
	struct stress *stress;
	const struct worker_cfg *cfg;	/* NULL: waits until the time is up */
	struct worker_result *result;
	uint64_t random;		/* state of worker_random() */
	const struct slot *row;		/* the slots of cfg->slot, which lie side by side */
	size_t row_count;
	void *bitmap;			/* for the dirty log of the largest, once needed */
	pthread_t thread;
	bool started, ended;		/* ended: atomic */
};

/* A number below `below`, the same for the same --seed. */
uint64_t worker_random(struct worker *worker, uint64_t below);
/* Notes how long a step took that began at start_ns. -ENOMEM where it can't. */
int worker_took(struct worker *worker, enum stress_step step, uint64_t start_ns);
/* Says what failed; returns -code. */
int worker_failed(struct worker *worker, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* One round of the worker's op: 0, or -errno after worker_failed(). */
int worker_round(struct worker *worker);

#endif
