// SPDX-License-Identifier: GPL-2.0-only
/* Checks of stress phases. */
#include <inttypes.h>
#include <stdio.h>

#include "base/cpus.h"
#include "check/check.h"

/* The first worker that failed, and the phase in which it did. */
static const struct worker_result *first_failure(const struct run *run, const char **phase)
{
	const struct worker_result *worker;
	struct worker_place at = { 0 };

	while ((worker = run_next_worker(run, &at)) && !worker->failures)
		;
	if (worker)
		*phase = run->phases[at.phase].name;
	return worker;
}

/* The number of threads whose op this host does not support, and the first of them. */
static unsigned int count_unavailable(const struct run *run, const struct worker_result **first)
{
	const struct worker_result *worker;
	struct worker_place at = { 0 };
	unsigned int count = 0;

	while ((worker = run_next_worker(run, &at)))
		if (worker->unavailable[0] && !count++)
			*first = worker;
	return count;
}

static void count_rounds(const struct run *run, uint64_t *rounds, uint64_t *passes)
{
	const struct worker_result *worker;
	struct worker_place at = { 0 };

	*rounds = *passes = 0;
	while ((worker = run_next_worker(run, &at)))
		*(worker->guest ? passes : rounds) += worker->rounds;
}

/* A run may have ended in the pass that vCPUs make before them. */
static bool workers_started(const struct run *run)
{
	for (size_t i = 0; i < run->phase_count; i++)
		if (run->phases[i].stress && run->phases[i].stress->started_ns)
			return true;
	return false;
}

/* A failure of a vCPU's has no round to begin with. */
static void say_replay(const struct run *run, struct check *check)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct stress_result *stress = run->phases[i].stress;

		if (!stress || !stress->replay[0])
			continue;
		check->replay = stress->replay;
		return;
	}
}

/* A guest of the user's has no passes. */
static const char *count_text(const struct run *run, uint64_t rounds, uint64_t passes, char text[96])
{
	int length = snprintf(text, 96, "%" PRIu64 " rounds of workers", rounds);

	if (run->config->guest.payload == PAYLOAD_NESTED)
		snprintf(text + length, 96 - (size_t)length, ", %" PRIu64 " passes of vCPUs", passes);
	return text;
}

void judge_stress(const struct run *run, struct check *check)
{
	const struct worker_result *failed, *unavailable = NULL;
	const char *phase = NULL;
	uint64_t rounds, passes;
	unsigned int missing;
	char counts[96];

	if (run_not_created(run, check))
		return;
	failed = first_failure(run, &phase);
	if (failed) {
		check_fail(check, "phase %s: worker.%s failed %" PRIu64 " times in %" PRIu64
			   " rounds, first: %s", phase, failed->cfg ? failed->cfg->name : "-",
			   failed->failures, failed->rounds, failed->failure);
		say_replay(run, check);
		return;
	}
	count_rounds(run, &rounds, &passes);
	missing = count_unavailable(run, &unavailable);
	if (!rounds && !passes)
		check_skip(check, "no stress phase was reached: %s", run_why_not(run));
	else if (!rounds && !workers_started(run))
		check_skip(check, "no worker was started: %s", run_why_not(run));
	else if (missing)
		check_pass(check, "%s, none failed; of %u threads the op can't be had here, first: %s: %s",
			   count_text(run, rounds, passes, counts), missing, unavailable->cfg->name,
			   unavailable->unavailable);
	else
		check_pass(check, "%s, none failed", count_text(run, rounds, passes, counts));
}

void judge_vms(const struct run *run, struct check *check)
{
	struct vm_tally sum = { 0 };

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct stress_result *stress = run->phases[i].stress;

		if (!stress)
			continue;
		if (stress->vms.wrong) {
			check_fail(check, "phase %s: %" PRIu64 " times, of %" PRIu64 " VMs, first: %s",
				   run->phases[i].name, stress->vms.wrong, stress->vms.made,
				   stress->vms.first);
			return;
		}
		sum.made += stress->vms.made;
		sum.transitions += stress->vms.transitions;
		sum.untold += stress->vms.untold;
	}
	if (!sum.made)
		check_skip(check, "no further VM was made");
	else if (sum.untold)
		check_skip(check, "of %" PRIu64 " VMs no source could tell %" PRIu64
			   " times whether they are lazy", sum.made, sum.untold);
	else
		check_pass(check, "%" PRIu64 " VMs made, %" PRIu64 " of them went from lazy to "
			   "allocated, as they had to", sum.made, sum.transitions);
}

void judge_memory(const struct run *run, struct check *check)
{
	uint64_t pages = 0;

	if (run_not_created(run, check))
		return;
	if (run->guest.report.status == ABI_BAD_MEMORY) {
		check_fail(check, "%s", run->guest.text);
		return;
	}
	for (size_t i = 0; i < run->phase_count; i++)
		pages += run->phases[i].l1_pages + run->phases[i].l2_pages;
	if (run->guest.trouble || !pages)
		check_skip(check, "%s", run->guest.trouble ? run->guest.text : "no page was written");
	else
		check_pass(check, "%" PRIu64 " pages written by L1 and L2, all read back", pages);
}

static uint64_t slab_slack(const struct slab_figures *slab)
{
	return kernel_slab_slack(cpus_configured(), slab->object_size);
}

/* False: the cache cannot be judged. */
static bool judge_cache(const struct run *run, const struct snapshot *after, enum slab_cache cache,
			struct check *check)
{
	const struct slab_figures *was = &run->before.slabs[cache], *is = &after->slabs[cache];
	uint64_t slack = slab_slack(is);

	if (!was->known || !is->known || is->merged)
		return false;
	if (is->objects > was->objects + slack && !skip_slab_for_other_vms(run, check))
		check_fail(check, "%s: %" PRIu64 " objects more than before the run, and SLUB keeps no "
			   "more than %" PRIu64 " free ones per CPU", slab_cache_name(cache),
			   is->objects - was->objects, slack);
	return true;
}

void judge_slab(const struct run *run, struct check *check)
{
	const struct phase_result *teardown = run_teardown(run);
	const struct snapshot *after = teardown ? &teardown->snapshot : &run->before;
	unsigned int told = 0;

	if (run_not_created(run, check))
		return;
	if (!run->before.status[SOURCE_SLABINFO].ok || !after->status[SOURCE_SLABINFO].ok) {
		check_skip_source(check, run->before.status[SOURCE_SLABINFO].ok ? after : &run->before,
				  SOURCE_SLABINFO);
		return;
	}
	check_pass(check, "KVM's slab objects are back to where they were, to within SLUB's own");
	for (int cache = 0; cache < SLAB_CACHES; cache++)
		told += judge_cache(run, after, (enum slab_cache)cache, check);
	if (told)
		return;
	check_skip(check, "KVM's slab caches are merged with others here");
	check_remedy(check, "boot with slab_nomerge");
}
