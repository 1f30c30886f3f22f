// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = age: the kernel's DAMON watches pages while L1 or L2 alone writes them, again and again, and then while all vCPUs are
 * stopped. The pages of a guest are accessed through KVM's mappings, which KVM has to find and look at (kvm_age_gfn(),
 * kvm_test_age_gfn()): L2's by their rmaps.
 *
 * A CPU marks a mapping as accessed only when it has no TLB entry of it, and KVM leaves these alone when it clears the mark
 * (kvm_mmu_notifier_clear_young()). So the first page, which DAMON does not watch, is taken back several times a sample: KVM
 * unmaps it, and has all vCPUs flush their TLBs.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "host/damon.h"
#include "minivmm_abi.h"
#include "run/live_pages.h"
#include "vm/backing.h"

#define MOST_LOOKS 3		/* a host that is busy may spoil one; a walk that KVM skips is wrong each time */
#define AGGREGATIONS 5		/* in a watch */
#define SWEEPS_A_SAMPLE 6	/* so that a sample of any page has an access */
#define FLUSHES_A_SAMPLE 3
#define SHORTEST_SAMPLE_NS 20000000ull /* of the first try; each further one has twice the time to flush TLBs between samples */
#define LONGEST_SAMPLE_NS 100000000ull /* so that a signal is heeded in time: damon_end() waits for DAMON_SAMPLES */
#define SETTLE_SWEEPS 4		/* after which a sweep maps nothing any more, and its time is taken */

struct watch {
	struct phase_pages pages;
	struct live_pages live;
	struct damon damon;
	uint64_t shortest_ns, sample_ns;
	bool flushes;			/* the first page can be taken back alone */
};

static struct aging *aging_of(const struct watch *watch)
{
	return &watch->pages.phase->found.aging;
}

/* How long a vCPU takes for a sweep of its pages. As live_pages_wait(). */
static int time_sweeps(struct watch *watch, uint64_t *ns)
{
	uint64_t start;
	int result = 0;

	for (int i = 0; !result && i < SETTLE_SWEEPS; i++) {
		live_pages_note(&watch->live);
		result = live_pages_wait(&watch->live, LIVE_SWEPT);
	}
	live_pages_note(&watch->live);
	start = clock_ns();
	if (!result)
		result = live_pages_wait(&watch->live, LIVE_SWEPT);
	*ns = result ? 0 : (clock_ns() - start) / live_pages_sweeps(&watch->live);
	return result;
}

/* If none is long enough, that is noted as the reason why DAMON does not watch. */
static void choose_sample(struct watch *watch, uint64_t sweep_ns)
{
	uint64_t wanted = SWEEPS_A_SAMPLE * sweep_ns;

	watch->sample_ns = wanted < watch->shortest_ns ? watch->shortest_ns :
			   wanted > LONGEST_SAMPLE_NS ? LONGEST_SAMPLE_NS : wanted;
	if (2 * sweep_ns > LONGEST_SAMPLE_NS && !aging_of(watch)->why[0])
		snprintf(aging_of(watch)->why, sizeof(aging_of(watch)->why),
			 "a vCPU takes %llu ms to write its pages, too long for DAMON's samples of at most %llu ms",
			 (unsigned long long)(sweep_ns / 1000000), LONGEST_SAMPLE_NS / 1000000);
}

/* The vCPUs go on, and must look at their page tables anew. As live_pages_wait(), or -errno with run->err. */
static int wait_running(struct watch *watch, uint64_t ns)
{
	uint64_t end = clock_ns() + ns;
	int result = 0;

	while (!result && clock_ns() < end) {
		result = live_pages_pass_time(&watch->live, watch->sample_ns / FLUSHES_A_SAMPLE);
		if (result || !watch->flushes)
			continue;
		result = phase_pages_take_back(&watch->pages, ABI_PAGE_SIZE);
		aging_of(watch)->flushes++;
	}
	return result;
}

/* The vCPUs are stopped, and nobody touches the pages. 0, or the number of a signal. */
static int wait_stopped(const struct watch *watch, uint64_t ns)
{
	const struct signals *signals = watch->pages.live->run->signals;
	struct pollfd poll_fd = { .fd = signals_fd(signals), .events = POLLIN };
	uint64_t end = clock_ns() + ns, now;
	int number = 0;

	while (!number && (now = clock_ns()) < end) {
		poll(&poll_fd, 1, (int)((end - now) / 1000000) + 1);
		number = signals_next(signals);
	}
	return number;
}

/* What DAMON sees for a while. 0 as well if it can't be had, of which the reason is noted; or as vcpu_set_wait(). */
static int look(struct watch *watch, bool runs, struct damon_seen *seen)
{
	struct aging *aging = aging_of(watch);
	uint64_t ns = watch->sample_ns * DAMON_SAMPLES * AGGREGATIONS;
	int result;

	if (aging->why[0])
		return 0;
	if (damon_begin(&watch->damon, watch->pages.memory + ABI_PAGE_SIZE, phase_pages_span(&watch->pages) - ABI_PAGE_SIZE,
			watch->sample_ns, aging->why))
		return 0;
	result = runs ? wait_running(watch, ns) : wait_stopped(watch, ns);
	if (result)
		damon_close(&watch->damon);
	else
		damon_end(&watch->damon, seen, aging->why);
	return result;
}

/* So that the check is seen to fail. */
static void forget_accesses(const struct watch *watch)
{
	struct aging *aging = aging_of(watch);

	if (watch->pages.live->run->config->selftest.break_what != BREAK_UNSEEN_ACCESS ||
	    watch->pages.phase->cfg->load != LOAD_L2)
		return;
	aging->running.idle += aging->running.accessed;
	aging->running.accessed = 0;
}

static int watch_running(struct watch *watch)
{
	struct aging *aging = aging_of(watch);
	uint64_t sweep_ns;
	int result = time_sweeps(watch, &sweep_ns);

	if (result)
		return result;
	choose_sample(watch, sweep_ns);
	aging->samples = DAMON_SAMPLES * AGGREGATIONS;
	aging->flushes = 0;
	live_pages_note(&watch->live);
	result = look(watch, true, &aging->running);
	aging->sweeps = live_pages_sweeps(&watch->live);
	forget_accesses(watch);
	if (result)
		return result;
	/* A sweep may have written the first page before it was taken back, and must not be the last one: its pages are read back. */
	live_pages_note(&watch->live);
	return live_pages_wait(&watch->live, LIVE_SWEPT);
}

static int watch_both(struct watch *watch)
{
	int result = live_pages_begin(&watch->live, &watch->pages);

	if (!result)
		result = watch_running(watch);
	result = live_pages_end(&watch->live, result);
	return result ? result : look(watch, false, &aging_of(watch)->stopped);
}

/* The host may have been busy, or have looked at the pages: what KVM skips is wrong each time. */
static bool is_wrong(const struct watch *watch)
{
	const struct aging *aging = aging_of(watch);

	return !aging->why[0] && found_aging(aging) != AGING_RIGHT;
}

int phase_age(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	struct watch watch = { 0 };
	int result = 0;

	phase_pages_init(&watch.pages, live, index, phase);
	watch.flushes = memslot_page_size(&live->run->config->memslots[watch.pages.slot->cfg]) == ABI_PAGE_SIZE;
	damon_open(&watch.damon, "", phase->found.aging.why);
	for (int i = 0; !result && i < MOST_LOOKS && (!i || is_wrong(&watch)); i++) {
		phase->repeats += i > 0;
		watch.shortest_ns = SHORTEST_SAMPLE_NS << i;
		result = watch_both(&watch);
	}
	phase->found.aging.known = !result && !phase->found.aging.why[0];
	damon_close(&watch.damon);
	return result;
}
