// SPDX-License-Identifier: GPL-2.0-only
#include "run/live_pages.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "minivmm_abi.h"

#define LOOK_NS 1000000		/* between two looks at the witnesses */
/* A sweep that was under way at live_pages_note(), and one that was not. */
#define SWEEPS 2

/* What a vCPU had counted at a moment. */
struct witness {
	uint64_t sweeps, refusals;
};

static struct vcpu_set *set_of(const struct live_pages *live)
{
	return &live->pages->live->set;
}

static struct abi_report *report_of(const struct live_pages *live, unsigned int vcpu)
{
	return phase_pages_report(live->pages, vcpu);
}

static struct witness witness_now(const struct live_pages *live, unsigned int vcpu)
{
	return (struct witness){
		__atomic_load_n(&report_of(live, vcpu)->sweeps, __ATOMIC_ACQUIRE),
		__atomic_load_n(&set_of(live)->threads[vcpu]->vcpu.refusals, __ATOMIC_RELAXED),
	};
}

void live_pages_note(struct live_pages *live)
{
	for (unsigned int i = 0; i < set_of(live)->count; i++)
		live->since[i] = witness_now(live, i);
}

static void want_sweeps(const struct live_pages *live, uint64_t sweeps)
{
	for (unsigned int i = 0; i < set_of(live)->count; i++)
		__atomic_store_n(&report_of(live, i)->sweeps_wanted, sweeps, __ATOMIC_RELEASE);
}

/* Waits until then, at most to the phase's deadline. 0: the vCPUs still run. */
static int look_at(struct live_pages *live, uint64_t then)
{
	uint64_t end = then < live->deadline ? then : live->deadline, put_off = end;
	int result = vcpu_set_wait(set_of(live), &put_off);

	live->deadline += put_off - end;
	if (result == -ETIMEDOUT && clock_ns() < live->deadline)
		return 0;
	/* No vCPU may come to an end before it is told to. */
	return result ? result : -EIO;
}

int live_pages_pass_time(struct live_pages *live, uint64_t ns)
{
	uint64_t end = clock_ns() + ns;
	int result = 0;

	while (!result && clock_ns() < end)
		result = look_at(live, end);
	return result;
}

static uint64_t sweeps_since(const struct live_pages *live, unsigned int vcpu)
{
	return witness_now(live, vcpu).sweeps - live->since[vcpu].sweeps;
}

uint64_t live_pages_sweeps(const struct live_pages *live)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < set_of(live)->count; i++)
		if (sweeps_since(live, i) < least)
			least = sweeps_since(live, i);
	return least;
}

static bool is_so(const struct live_pages *live, unsigned int vcpu, enum live_wait wait)
{
	return sweeps_since(live, vcpu) >= SWEEPS ||
	       (wait == LIVE_TRIED && witness_now(live, vcpu).refusals > live->since[vcpu].refusals);
}

int live_pages_wait(struct live_pages *live, enum live_wait wait)
{
	int result = 0;

	for (unsigned int i = 0; !result && i < set_of(live)->count; i++)
		while (!result && !is_so(live, i, wait))
			result = look_at(live, clock_ns() + LOOK_NS);
	return result;
}

uint64_t live_page_read(const struct live_pages *live, uint64_t i)
{
	const struct phase_pages *pages = live->pages;
	uint64_t value = __atomic_load_n((const uint64_t *)(pages->memory + i * pages->stride), __ATOMIC_ACQUIRE);

	if (pages->live->run->config->selftest.break_what == BREAK_STALE_PAGE && i == pages->count - 1)
		value = abi_page_value(pages->phase->cfg->pattern, phase_page_gpa(pages, i), 0);
	return value;
}

/* Page i is vCPU i mod vcpus' (minivmm_abi.h). Its last sweep may be under way. */
void live_pages_compare(struct live_pages *live, const char *when)
{
	struct phase_pages *pages = live->pages;

	pages->phase->found.pages += pages->count;
	for (uint64_t i = 0; i < pages->count; i++) {
		unsigned int vcpu = (unsigned int)(i % set_of(live)->count);
		uint64_t gpa = phase_page_gpa(pages, i), got = live_page_read(live, i);
		uint64_t pass = abi_page_pass(pages->phase->cfg->pattern, gpa, got);
		uint64_t least = live->since[vcpu].sweeps + SWEEPS;
		uint64_t most = witness_now(live, vcpu).sweeps + 1;

		if (pass >= least && pass <= most)
			continue;
		phase_found_wrong(pages->phase, "%s, while %s goes on: memslot.%s, gpa %#llx: the VMM reads "
				  "%#llx, and not what sweeps %llu to %llu of vCPU %u write there", when,
				  phase_pages_writer(pages), pages->name, (unsigned long long)gpa,
				  (unsigned long long)got, (unsigned long long)least,
				  (unsigned long long)most, vcpu);
		return;
	}
}

int live_pages_begin(struct live_pages *live, struct phase_pages *pages)
{
	struct live_run *run = pages->live;

	*live = (struct live_pages){ .pages = pages, .deadline = clock_ns() + phase_timeout(run, pages->phase->cfg) };
	live->since = calloc(run->set.count, sizeof(*live->since));
	if (!live->since)
		return err_set(&run->run->err, ENOMEM, "no memory for what the vCPUs have counted");
	want_sweeps(live, UINT64_MAX);
	vcpu_set_tell_all(&run->set, pages->index);
	vcpu_set_start(&run->set);
	return 0;
}

int live_pages_end(struct live_pages *live, int result)
{
	struct vcpu_set *set = set_of(live);
	int ended = 0;

	if (live->since) {
		want_sweeps(live, 0);
		ended = result > 0 ? result : vcpu_set_wait(set, &live->deadline);
	}
	if (ended)
		vcpu_set_stop(set);
	vcpu_set_patience(set, 0);
	free(live->since);
	return result ? result : ended;
}
