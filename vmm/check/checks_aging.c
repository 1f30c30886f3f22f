// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel learns from KVM of which pages a guest accesses: reclaim and DAMON take the others for cold. */
#include <inttypes.h>
#include <string.h>

#include "check/check.h"
#include "minivmm_abi.h"

bool phase_ages_l2(const struct phase_cfg *cfg)
{
	return cfg->what == DO_AGE && cfg->load == LOAD_L2;
}

/*
 * The phase in which L1 wrote the same pages, and DAMON saw it. Without one, that it sees nothing may be the doing of a CPU
 * that has TLB entries, and marks no page as accessed (run/phase_age.c).
 */
static const struct phase_result *control_of(const struct run *run, const struct phase_result *phase)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *other = &run->phases[i];

		if (other->cfg && other->cfg->what == DO_AGE && other->cfg->load == LOAD_L1 && other->found.aging.known &&
		    !strcmp(other->cfg->slot, phase->cfg->slot) && other->cfg->touch == phase->cfg->touch &&
		    found_aging(&other->found.aging) == AGING_RIGHT)
			return other;
	}
	return NULL;
}

static void fail(const struct phase_result *phase, const struct phase_result *control, struct check *check)
{
	const struct aging *aging = &phase->found.aging, *other = &control->found.aging;

	check_fail(check, "phase %s: while L2 wrote %" PRIu64 " pages of memslot.%s %" PRIu64 " times, DAMON saw accesses in %u %% of "
		   "what it looked at, and in %u %% while all vCPUs were stopped; of L1's, in phase %s, %u %% and %u %%: %s",
		   phase->name, phase->cfg->touch / ABI_PAGE_SIZE, phase->cfg->slot, aging->sweeps,
		   found_percent(&aging->running), found_percent(&aging->stopped), control->name,
		   found_percent(&other->running), found_percent(&other->stopped),
		   found_aging(aging) == AGING_UNSEEN ? "KVM does not tell the kernel what L2 accesses" :
							"what L2 does not access any more still counts as accessed");
}

static bool is_bad(const struct phase_result *phase)
{
	enum aging_is is = found_aging(&phase->found.aging);

	return phase->found.aging.known && (is == AGING_UNSEEN || is == AGING_STAYS);
}

static void skip(const struct phase_result *phase, struct check *check)
{
	const struct aging *aging = &phase->found.aging;

	if (!aging->known) {
		check_skip(check, "phase %s: %s", phase->name, aging->why);
		check_remedy(check, "%s", damon_remedy);
	} else if (is_bad(phase)) {
		check_skip(check, "phase %s: DAMON saw accesses in %u %% of L2's pages that it looked at, and in %u %% while all vCPUs "
			   "were stopped, but there is no phase in which it saw L1's of the same pages as they were", phase->name,
			   found_percent(&aging->running), found_percent(&aging->stopped));
		check_remedy(check, "let a phase with do = age, load = l1 and the same slot and touch come before it");
	} else {
		check_skip(check, "phase %s: DAMON saw accesses in %u %% of L2's pages that it looked at, and in %u %% while all vCPUs "
			   "were stopped; in %" PRIu64 " samples L2 wrote them %" PRIu64 " times, and TLBs were flushed %" PRIu64 " times: "
			   "that says nothing", phase->name,
			   found_percent(&aging->running), found_percent(&aging->stopped), aging->samples, aging->sweeps, aging->flushes);
		check_remedy(check, "try it on a less busy host, and on a memslot whose backing is no hugetlbfs");
	}
}

void judge_aging(const struct run *run, struct check *check)
{
	const struct phase_result *last = NULL, *unclear = NULL;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i], *control;

		if (!phase->cfg || !phase_ages_l2(phase->cfg) || !phase->done)
			continue;
		last = phase;
		control = is_bad(phase) ? control_of(run, phase) : NULL;
		if (control) {
			fail(phase, control, check);
			return;
		}
		if (!phase->found.aging.known || found_aging(&phase->found.aging) != AGING_RIGHT)
			unclear = phase;
	}
	if (!last)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else if (unclear)
		skip(unclear, check);
	else
		check_pass(check, "DAMON saw accesses in %u %% of what it looked at while L2 wrote its pages, and in %u %% while all "
			   "vCPUs were stopped", found_percent(&last->found.aging.running),
			   found_percent(&last->found.aging.stopped));
}
