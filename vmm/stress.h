/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * do = stress: the vCPUs do the phase again and again while workers do theirs, each on
 * its own thread, until the time is up or each has done its rounds. What came of it.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "err.h"
#include "latency.h"

/* What is timed: parts of a worker's round, and a vCPU's whole pass. */
enum stress_step {
	STEP_DIRTY_LOG_ON, STEP_DIRTY_LOG_OFF, STEP_DIRTY_LOG_GET, STEP_DIRTY_LOG_CLEAR,
	STEP_DISCARD, STEP_GUEST_PASS,
	STEP_COUNT
};

struct worker_result {
	const struct worker_cfg *cfg;	/* NULL: a vCPU, whose rounds are its passes */
	unsigned int index;		/* of the thread or the vCPU */
	uint64_t rounds, failures;
	char failure[256];		/* the first one */
	struct latency *steps[STEP_COUNT]; /* NULL: never done */
};

struct stress_result {
	struct worker_result *workers;
	size_t count;
};

struct run;
struct vm;
struct team;

/*
 * Runs phase `index` of the config, which is `phase`. Returns what team_run() does, or
 * -ENOMEM with err. *result is filled in any case, NULL only with -ENOMEM.
 */
int stress_run(const struct run *run, const struct vm *vm, struct team *team,
	       const struct phase_cfg *phase, uint32_t index, uint64_t timeout_ns,
	       struct stress_result **result, struct err *err);
void stress_result_free(struct stress_result *result);

const char *stress_step_name(enum stress_step step);

#endif
