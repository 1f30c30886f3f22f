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
