// SPDX-License-Identifier: GPL-2.0-only
/* What workers met. */
#include <inttypes.h>

#include "check.h"

bool has_stress(const struct run *run)
{
	for (size_t i = 0; i < run->config->phase_count; i++)
		if (run->config->phases[i].what == DO_STRESS)
			return true;
	return false;
}

/* The first worker that failed, with the phase it did so in. */
static const struct worker_result *first_failure(const struct run *run, const char **phase)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct stress_result *stress = run->phases[i].stress;

		for (size_t j = 0; stress && j < stress->count; j++) {
			*phase = run->phases[i].name;
			if (stress->workers[j].failures)
				return &stress->workers[j];
		}
	}
	return NULL;
}

void judge_stress(const struct run *run, struct check *check)
{
	const struct worker_result *failed;
	uint64_t rounds = 0, passes = 0;
	const char *phase = NULL;

	if (run_not_created(run, check))
		return;
	failed = first_failure(run, &phase);
	if (failed) {
		check_fail(check, "phase %s: worker.%s failed %" PRIu64 " times in %" PRIu64
			   " rounds, first: %s", phase, failed->cfg ? failed->cfg->name : "-",
			   failed->failures, failed->rounds, failed->failure);
		return;
	}
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct stress_result *stress = run->phases[i].stress;

		for (size_t j = 0; stress && j < stress->count; j++)
			*(stress->workers[j].cfg ? &rounds : &passes) += stress->workers[j].rounds;
	}
	if (rounds || passes)
		check_pass(check, "%" PRIu64 " rounds of workers, %" PRIu64
			   " passes of vCPUs, none failed", rounds, passes);
	else
		check_skip(check, "no stress phase was reached: %s", run_why_not(run));
}
