/* SPDX-License-Identifier: GPL-2.0-only */
/* How large a cgroup must be for a VM's first nested guest: what was tried, beside what is planned. */
#ifndef HEADROOM_H
#define HEADROOM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "host/host.h"
#include "model/plan.h"

enum headroom_what { HEADROOM_BOOTED, HEADROOM_NESTED };

/* One run, in a cgroup of its own. */
struct headroom_trial {
	enum headroom_what what;	/* up to the first nested guest, or with it */
	uint64_t limit;			/* bytes of memory.max; UINT64_MAX: none */
	bool survived;
	struct figure peak;		/* bytes of memory.peak, since 5.19 */
	uint64_t kills;			/* by the OOM killer, there */
};

#define HEADROOM_TRIALS 96

struct headroom {
	struct headroom_trial trials[HEADROOM_TRIALS];
	size_t count;
	uint64_t booted, nested;	/* bytes: the smallest limit that each survives */
	uint64_t shadow_bytes;		/* planned, of what the first nested guest touches */
	const struct plan_cost *cost;
};

/*
 * One trial under a limit. 1: it survived, 0: it did not, or -errno.
 */
typedef int headroom_try(uint64_t limit, void *data);

/*
 * The smallest limit that survives, to within step bytes, by bisection above low, which is taken not
 * to. It begins with high, and doubles the distance where that is too little. 0 or -errno; -ERANGE:
 * nothing did.
 */
int headroom_search(uint64_t low, uint64_t high, uint64_t step, headroom_try *try, void *data,
		    uint64_t *smallest);

/*
 * Shadow pages of the phase's L2: plan.c has what each one takes. A guest of the user's may map all of
 * the VM.
 */
uint64_t headroom_shadow(const struct phase_cfg *nested, uint64_t vcpus, const struct plan_cost *cost);

/*
 * The scenario up to its first nested guest, with that guest's memory taken before, as the plan counts
 * the guest's memory apart: what L2 writes has been written by L1, and the memory of a guest of the
 * user's is populated. 0 or -ENOMEM; all but phases and memslots is config's.
 */
int headroom_scenario(const struct config *config, size_t nested, struct config *scenario);
void headroom_scenario_free(struct config *scenario);

/* More than planned, by more than 2 % and 1 MiB: a VM whose user trusts the plan is killed. */
bool headroom_exceeds_plan(const struct headroom *headroom);

/* NULL: out of memory. */
json_t *headroom_json(const struct headroom *headroom, const struct host *host);
int headroom_text(const json_t *headroom, FILE *out);
int headroom_csv(const json_t *headroom, FILE *out);

#endif
