/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * do = stress: after a pass of each vCPU, those of one or more VMs repeat the phase while workers repeat their ops, each
 * on its own thread, until the phase's duration is over, but at least once, or until every worker has done its rounds.
 * Here is how such a phase is run and what its result is; what its threads share is in worker.h.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "config/ops.h"
#include "vm/latency.h"

/* What is timed: the parts of a worker's round, and a whole pass of a vCPU (STEP_GUEST_PASS). */
enum stress_step {
#define STEP(id, name) STEP_##id,
	WORKER_STEPS
#undef STEP
	STEP_COUNT
};

struct worker_result {
	const struct worker_cfg *cfg;	/* NULL: a vCPU that does the phase's load */
	bool guest;			/* it is a vCPU, and its rounds are its passes */
	unsigned int index;		/* of the thread or the vCPU */
	unsigned int vm;		/* the vCPU's: 0 is the scenario's own */
	uint64_t rounds, failures;	/* atomic while the phase runs */
	char failure[256];		/* the first one */
	uint64_t logged;		/* pages that changed while they were logged, and were in the log */
	bool unlogged;			/* failure is of such a page that was not */
	char unavailable[160];		/* why this host can't have the op, "" */
	struct latency *steps[STEP_COUNT]; /* NULL: it never did the step */
};

/* The VMs besides the scenario's own: each is created and destroyed within the phase. */
struct vm_tally {
	uint64_t made;
	uint64_t transitions;		/* VMs: lazy before their nested guest, allocated after */
	uint64_t untold;		/* how often no source knew the state */
	uint64_t wrong;			/* how often state or rmap heads were not as predicted */
	char first[256];		/* the first such finding */
};

struct stress_result {
	struct worker_result *workers;	/* one per thread, then one per vCPU */
	size_t count;
	uint64_t started_ns;		/* when the workers were, CLOCK_MONOTONIC; 0: they were not */
	struct vm_tally vms;
	char replay[1024];		/* options to begin where the first failure was, or "" */
};

struct run;
struct vm;
struct payload;
struct vcpu_set;

/*
 * Runs phase `index` of the config on the scenario's VM and the phase's further ones. Returns what
 * vcpu_set_run() returns, with a guest of the user's what vcpu_set_run_first() returns, or -errno with
 * run->err. After a signal in the first pass the vCPUs are stopped; later, the rounds that have begun are finished, and the vCPUs' passes if they are
 * short. *result is always set; it is NULL only with -ENOMEM. run->stressing points to it while the phase
 * runs. Sets run->stuck if a worker or a vCPU is stuck in the kernel.
 */
int stress_run(struct run *run, const struct vm *vm, const struct payload *payload,
	       struct vcpu_set *set, uint32_t index, uint64_t timeout_ns,
	       struct stress_result **result);
void stress_result_free(struct stress_result *result);

/* What the threads of a [worker.NAME] have done so far, or the vCPUs that do its op. */
struct stress_count {
	const char *name;		/* "guest": the vCPUs that do the phase's load */
	uint64_t rounds, failures;
};
#define STRESS_COUNTS 64
/* Fills in at most max counts and returns how many. Any thread may call it while the phase runs. */
size_t stress_sample(const struct stress_result *stress, struct stress_count *counts, size_t max);

const char *stress_step_name(enum stress_step step);
/* How many VMs a stress phase has at once besides the scenario's own, workers' VMs included. */
uint64_t stress_further_vms(const struct config *config, const struct phase_cfg *phase);

#endif
