/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * do = stress: the vCPUs of one VM or several do the phase again and again while workers do
 * theirs, each on its own thread, until the time is up or each has done its rounds. What
 * came of it.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "config/ops.h"
#include "vm/latency.h"

/* What is timed: parts of a worker's round, and a vCPU's whole pass (STEP_GUEST_PASS). */
enum stress_step {
#define STEP(id, name) STEP_##id,
	WORKER_STEPS
#undef STEP
	STEP_COUNT
};

struct worker_result {
	const struct worker_cfg *cfg;	/* NULL: a vCPU with the phase's load */
	bool guest;			/* a vCPU, whose rounds are its passes */
	unsigned int index;		/* of the thread or the vCPU */
	unsigned int vm;		/* of a vCPU: 0 is the scenario's own */
	uint64_t rounds, failures;	/* atomic while the phase runs */
	char failure[256];		/* the first one */
	char unavailable[160];		/* why this host can't have the op, "" */
	struct latency *steps[STEP_COUNT]; /* NULL: never done */
};

/* The VMs besides the scenario's own, each with a life from no shadow root to its end. */
struct vm_tally {
	uint64_t made;
	uint64_t transitions;		/* seen lazy before, allocated after */
	uint64_t untold;		/* states that no source could tell */
	uint64_t wrong;			/* states or rmap heads that must not be */
	char first[256];		/* the first of those */
};

struct stress_result {
	struct worker_result *workers;	/* the threads', then one per vCPU */
	size_t count;
	uint64_t started_ns;		/* CLOCK_MONOTONIC */
	struct vm_tally vms;
	char replay[1024];		/* options that begin with the rounds of the first failure, "" */
};

struct run;
struct vm;
struct payload;
struct vcpu_set;

/*
 * Runs phase `index` of the config on the scenario's VM and its likes. Returns what vcpu_set_run()
 * does, or -errno with run->err. A signal lets the rounds that have begun come to their end.
 * *result is filled in any case, NULL only with -ENOMEM, and run->stressing while the phase runs.
 * run->stuck: a worker is in the kernel for good, or a vCPU.
 */
int stress_run(struct run *run, const struct vm *vm, const struct payload *payload,
	       struct vcpu_set *set, uint32_t index, uint64_t timeout_ns,
	       struct stress_result **result);
void stress_result_free(struct stress_result *result);

/* What the threads of a [worker.NAME], or the vCPUs with its op, have done so far. */
struct stress_count {
	const char *name;		/* "guest": vCPUs with the phase's load */
	uint64_t rounds, failures;
};
#define STRESS_COUNTS 64
/* At any time while the phase runs, from any thread; returns how many, at most max. */
size_t stress_sample(const struct stress_result *stress, struct stress_count *counts, size_t max);

const char *stress_step_name(enum stress_step step);
/* VMs that a stress phase has besides the scenario's own, those that workers make included. */
uint64_t stress_further_vms(const struct config *config, const struct phase_cfg *phase);

#endif
