// SPDX-License-Identifier: GPL-2.0-only
/* What KVM may skip only before the first shadow root: walks that log pages, and that unmap them. */
#include <inttypes.h>

#include "check/check.h"

/* Judges the phases with this `do`. `compared`: what of their pages was compared. */
static void judge_found(const struct run *run, struct check *check, enum phase_do what,
			const char *compared)
{
	const struct found *last = NULL;
	unsigned int phases = 0;
	uint64_t pages = 0;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || phase->cfg->what != (int)what)
			continue;
		if (phase->found.wrong[0]) {
			check_fail(check, "phase %s: %s", phase->name, phase->found.wrong);
			return;
		}
		if (!phase->done)
			continue;
		last = &phase->found;
		pages += phase->found.pages;
		phases++;
	}
	if (!last)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else
		check_pass(check, "%" PRIu64 " pages compared with %s in %u phase%s%s%s", pages, compared,
			   phases, phases > 1 ? "s" : "", last->ways[0] ? ": " : "", last->ways);
}

void judge_dirty(const struct run *run, struct check *check)
{
	judge_found(run, check, DO_DIRTY_LOG, "the log");
}

void judge_discard(const struct run *run, struct check *check)
{
	judge_found(run, check, DO_DISCARD, "the VMM's mapping");
}

bool phase_counts_rmaps(const struct phase_cfg *cfg)
{
	return cfg->load == LOAD_L2 && cfg->nested_paging &&
	       (cfg->what == DO_DIRTY_LOG || (cfg->what == DO_DISCARD && cfg->how & HOW_MADVISE));
}

/*
 * KVM had each page mapped once: by 4K mappings alone there were as many as pages; 2M mappings may also
 * cover pages between those that were written.
 */
static bool mapped_exactly(const struct phase_result *phase)
{
	const struct phase_cfg *cfg = phase->cfg;
	int64_t pages = (int64_t)(cfg->touch / 4096), small = phase->found.unmapped[0];
	int64_t large = phase->found.unmapped[1];
	int64_t span = (int64_t)((cfg->touch / 4096 - 1) * cfg->stride / 4096 + 1);

	if (!large)
		return small == pages && !phase->found.unmapped[2];
	return small >= 0 && large > 0 && small + 512 * large >= pages &&
	       small + 512 * (large - 1) <= span;
}

/* Has found nothing wrong. What is not known, or has no huge pages, is not judged. */
static bool maps_right(const struct phase_result *phase, struct check *check)
{
	const struct found *found = &phase->found;

	if (phase->cfg->what == DO_DIRTY_LOG) {
		if (found->huge_after >= found->huge_before)
			return true;
		check_fail(check, "phase %s: KVM mapped L2's pages of memslot.%s with %" PRId64 " huge pages before "
			   "they were logged, and after that with %" PRId64 ", though the VMM's memory is huge: "
			   "L2 keeps 4K mappings", phase->name, phase->cfg->slot, found->huge_before,
			   found->huge_after);
		return false;
	}
	if (mapped_exactly(phase))
		return true;
	check_fail(check, "phase %s: L2 wrote %" PRIu64 " pages of memslot.%s, and when they were taken back, "
		   "mmu_rmaps_stat lost %" PRId64 " mappings of 4K, %" PRId64 " of 2M, %" PRId64 " of 1G",
		   phase->name, phase->cfg->touch / 4096, phase->cfg->slot, found->unmapped[0],
		   found->unmapped[1], found->unmapped[2]);
	return false;
}

static bool rmaps_known(const struct phase_result *phase)
{
	return phase->cfg->what == DO_DIRTY_LOG ? phase->found.huge_known : phase->found.unmapped_known;
}

static void say_mapped(const struct phase_result *last, unsigned int phases, struct check *check)
{
	const struct found *found = &last->found;

	if (last->cfg->what == DO_DIRTY_LOG)
		check_pass(check, "%u phase%s, the last one with %" PRId64 " huge mappings before its pages were "
			   "logged, and %" PRId64 " after", phases, phases > 1 ? "s" : "", found->huge_before,
			   found->huge_after);
	else
		check_pass(check, "%u phase%s, the last one with %" PRId64 " mappings of 4K and %" PRId64
			   " of 2M until its pages were taken back", phases, phases > 1 ? "s" : "",
			   found->unmapped[0], found->unmapped[1]);
}

void judge_mapped(const struct run *run, struct check *check)
{
	const struct phase_result *last = NULL;
	unsigned int phases = 0;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || !phase_counts_rmaps(phase->cfg))
			continue;
		if (phase->found.unmapped_why[0]) {
			check_skip(check, "phase %s: %s", phase->name, phase->found.unmapped_why);
			check_remedy(check, "%s", source_remedy(SOURCE_RMAPS_STAT));
			return;
		}
		if (!rmaps_known(phase))
			continue;
		last = phase;
		phases++;
		if (!maps_right(phase, check))
			return;
	}
	if (last)
		say_mapped(last, phases, check);
	else if (run->stage == STAGE_RAN)
		check_skip(check, "no phase took L2's pages back, or logged pages that KVM had mapped as huge ones");
	else
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
}

void judge_tables(const struct run *run, struct check *check)
{
	uint64_t writes = 0;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || phase->cfg->what != DO_TABLES)
			continue;
		if (phase->table_writes_seen < phase->table_writes) {
			check_fail(check, "phase %s: L2 cleared the first entry of the root of L1's nested "
				   "tables, the first page of memslot.%s, through the mapping it had when "
				   "that was data, and ran on: KVM has not write-protected it",
				   phase->name, phase->cfg->slot);
			return;
		}
		writes += phase->table_writes;
	}
	if (!writes)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else
		check_pass(check, "KVM saw %" PRIu64 " of %" PRIu64 " writes of L2 to L1's nested tables",
			   writes, writes);
}
