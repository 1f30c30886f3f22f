// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel learns from KVM of which pages a guest accesses: reclaim and DAMON take the others for cold. */
#include <inttypes.h>

#include "check/check.h"
#include "minivmm_abi.h"

/* What DAMON saw of pages. A moment in which the host was too busy to run the guest, or looked at them, must not decide. */
enum sight { SIGHT_UNCLEAR, SIGHT_ACCESSED, SIGHT_IDLE };

static unsigned int percent(const struct damon_seen *seen)
{
	uint64_t all = seen->accessed + seen->idle;

	return all ? (unsigned int)(seen->accessed * 100 / all) : 0;
}

static enum sight sight_of(const struct damon_seen *seen)
{
	if (!seen->accessed && !seen->idle)
		return SIGHT_UNCLEAR;
	return percent(seen) >= 50 ? SIGHT_ACCESSED : percent(seen) <= 25 ? SIGHT_IDLE : SIGHT_UNCLEAR;
}

static bool is_right(const struct aging *aging)
{
	return sight_of(&aging->running) == SIGHT_ACCESSED && sight_of(&aging->stopped) == SIGHT_IDLE;
}

static bool is_wrong(const struct aging *aging)
{
	return sight_of(&aging->running) == SIGHT_IDLE || sight_of(&aging->stopped) == SIGHT_ACCESSED;
}

static bool is_aging(const struct phase_result *phase)
{
	return phase->cfg && phase->cfg->what == DO_AGE && phase->done;
}

/*
 * The first phase in which L1 wrote, and DAMON saw it. That DAMON sees nothing at all may be the doing of a CPU that has TLB
 * entries and marks no page as accessed (run/phase_age.c).
 */
static const struct phase_result *find_control(const struct run *run)
{
	for (size_t i = 0; i < run->phase_count; i++)
		if (is_aging(&run->phases[i]) && run->phases[i].cfg->load == LOAD_L1 && is_right(&run->phases[i].found.aging))
			return &run->phases[i];
	return NULL;
}

static void fail(const struct phase_result *phase, const struct phase_result *control, struct check *check)
{
	const struct aging *aging = &phase->found.aging, *other = &control->found.aging;

	check_fail(check, "phase %s: while L2 wrote %" PRIu64 " pages of memslot.%s %" PRIu64 " times, DAMON saw accesses to %u %% of "
		   "them, and to %u %% while all vCPUs were stopped; of L1's, in phase %s, %u %% and %u %%: KVM does not tell the "
		   "kernel what L2 accesses", phase->name, phase->cfg->touch / ABI_PAGE_SIZE, phase->cfg->slot, aging->sweeps,
		   percent(&aging->running), percent(&aging->stopped), control->name, percent(&other->running),
		   percent(&other->stopped));
}

static void skip_unclear(const struct phase_result *phase, struct check *check)
{
	const struct aging *aging = &phase->found.aging;

	check_skip(check, "phase %s: DAMON saw accesses to %u %% of the pages while %s wrote them, and to %u %% while all vCPUs were "
		   "stopped, which says nothing%s", phase->name, percent(&aging->running),
		   phase->cfg->load == LOAD_L2 ? "L2" : "L1", percent(&aging->stopped),
		   is_wrong(aging) ? ": there is no phase of L1's in which it saw what is right" : "");
	check_remedy(check, "try it on a less busy host, on a memslot whose backing is no hugetlbfs, and with a phase of do = age, "
		     "load = l1 before");
}

void judge_aging(const struct run *run, struct check *check)
{
	const struct phase_result *control = find_control(run), *last = NULL, *unclear = NULL;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!is_aging(phase))
			continue;
		last = phase;
		if (!phase->found.aging.known) {
			check_skip(check, "phase %s: %s", phase->name, phase->found.aging.why);
			check_remedy(check, "%s", damon_remedy);
			return;
		}
		if (phase->cfg->load == LOAD_L2 && is_wrong(&phase->found.aging) && control) {
			fail(phase, control, check);
			return;
		}
		if (!is_right(&phase->found.aging))
			unclear = phase;
	}
	if (!last)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else if (unclear)
		skip_unclear(unclear, check);
	else
		check_pass(check, "DAMON saw accesses to %u %% of the pages while %s wrote them, and to %u %% while all vCPUs were "
			   "stopped", percent(&last->found.aging.running), last->cfg->load == LOAD_L2 ? "L2" : "L1",
			   percent(&last->found.aging.stopped));
}
