// SPDX-License-Identifier: GPL-2.0-only
/* The progress of a stress phase, read by another thread while it runs. */
#include <string.h>

#include "config/ops.h"
#include "run/stress.h"

static const char *name_of(const struct worker_result *worker)
{
	return worker->cfg ? worker->cfg->name : "guest";
}

/* While the phase runs, a vCPU's passes are only counted with their times. */
static uint64_t rounds_of(const struct worker_result *worker)
{
	const struct latency *passes = worker->steps[STEP_GUEST_PASS];

	if (worker->guest && passes)
		return __atomic_load_n(&passes->count, __ATOMIC_RELAXED);
	return __atomic_load_n(&worker->rounds, __ATOMIC_ACQUIRE);
}

static struct stress_count *find(struct stress_count *counts, size_t *count, size_t max,
				 const char *name)
{
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(counts[i].name, name))
			return &counts[i];
	if (*count == max)
		return NULL;
	counts[*count] = (struct stress_count){ .name = name };
	return &counts[(*count)++];
}

size_t stress_sample(const struct stress_result *stress, struct stress_count *counts, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < stress->count; i++) {
		const struct worker_result *worker = &stress->workers[i];
		struct stress_count *into = find(counts, &count, max, name_of(worker));

		if (!into)
			continue;
		into->rounds += rounds_of(worker);
		into->failures += __atomic_load_n(&worker->failures, __ATOMIC_ACQUIRE);
	}
	return count;
}
