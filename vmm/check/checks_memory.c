// SPDX-License-Identifier: GPL-2.0-only
/* What KVM may skip only before the first shadow root: walks that log pages, and that unmap them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "minivmm_abi.h"

/* Judges the phases with these `do`: bits. `compared`: what their pages were compared with. `live`: further such pages. */
static void judge_found(const struct run *run, struct check *check, unsigned int what,
			const char *compared, uint64_t live)
{
	const struct found *last = NULL;
	unsigned int phases = 0;
	uint64_t pages = 0;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || !(what & 1u << phase->cfg->what))
			continue;
		if (phase->found.wrong[0]) {
			check_fail(check, "phase %s: %s", phase->name, phase->found.wrong);
			return;
		}
		if (!phase->done)
			continue;
		last = !last || phase->found.ways[0] ? &phase->found : last;
		pages += phase->found.pages;
		phases++;
	}
	if (!last && !live)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else if (!pages && !live)
		check_skip(check, "the guest changed no page that could be compared with %s", compared);
	else if (!pages)
		check_pass(check, "%" PRIu64 " pages compared with %s while the guest wrote on", live, compared);
	else if (live)
		check_pass(check, "%" PRIu64 " pages compared with %s in %u phase%s, and %" PRIu64 " while the guest wrote on",
			   pages, compared, phases, phases > 1 ? "s" : "", live);
	else
		check_pass(check, "%" PRIu64 " pages compared with %s in %u phase%s%s%s", pages, compared,
			   phases, phases > 1 ? "s" : "", last->ways[0] ? ": " : "", last->ways);
}

/* Pages that workers of stress phases compared with the log while the guest wrote on, and that it had. */
static uint64_t count_logged(const struct run *run)
{
	const struct worker_result *worker;
	struct worker_place at = { 0 };
	uint64_t logged = 0;

	while ((worker = run_next_worker(run, &at)))
		logged += worker->logged;
	return logged;
}

/* Fails for the first worker that missed a page. */
static void judge_unlogged(const struct run *run, struct check *check)
{
	const struct worker_result *worker;
	struct worker_place at = { 0 };

	while ((worker = run_next_worker(run, &at)) && !worker->unlogged)
		;
	if (worker)
		check_fail(check, "phase %s: worker.%s: %s", run->phases[at.phase].name, worker->cfg->name, worker->failure);
}

/* What is found while all vCPUs are stopped is the clearer finding. */
void judge_dirty(const struct run *run, struct check *check)
{
	judge_found(run, check, 1u << DO_DIRTY_LOG, "the log", count_logged(run));
	if (check->result != RESULT_FAIL)
		judge_unlogged(run, check);
}

void judge_discard(const struct run *run, struct check *check)
{
	judge_found(run, check, 1u << DO_DISCARD | 1u << DO_ALIAS_COUNTS, "the VMM's mapping", 0);
}

bool phase_counts_rmaps(const struct phase_cfg *cfg)
{
	return cfg->load == LOAD_L2 && cfg->nested_paging &&
	       (cfg->what == DO_DIRTY_LOG || cfg->what == DO_ALIAS_COUNTS || (cfg->what == DO_DISCARD && cfg->how & HOW_MADVISE && !cfg->live));
}

static void list_columns(const int64_t lost[RMAPS_COLUMNS], char *text, size_t size)
{
	size_t length = 0;

	for (int column = 0; column < RMAPS_COLUMNS; column++)
		length += (size_t)snprintf(text + length, size - length, " %" PRId64, lost[column]);
}

/* "memslot.small, from gpa 0x100000000 on" */
static const char *slot_text(const struct run *run, const struct phase_result *phase, char text[96])
{
	snprintf(text, 96, "memslot.%s, from gpa 0x%" PRIx64 " on", phase->cfg->slot,
		 memslot_base(run->config, phase->cfg->slot));
	return text;
}

static bool counts_aliases_right(const struct run *run, const struct phase_result *phase, struct check *check)
{
	const int64_t *lost = phase->found.aliases;
	int64_t highest[RMAPS_COLUMNS], lowest[RMAPS_COLUMNS];
	char text[RMAPS_COLUMNS * 24], want[RMAPS_COLUMNS * 24], slot[96];

	if (found_columns(&run->model, lost) != COLUMNS_WRONG)
		return true;
	found_columns_expected(0, highest, lowest);
	list_columns(lost, text, sizeof(text));
	list_columns(highest, want, sizeof(want));
	check_fail(check, "phase %s: L2 had each of %u pages (%s) mapped another number of times, 1 to %u, and when they were "
		   "taken back by MADV_DONTNEED, the columns of 4K of mmu_rmaps_stat lost%s, and not%s", phase->name,
		   ABI_COUNTED_PAGES, slot_text(run, phase, slot), ABI_COUNTED_PAGES, text, want);
	return false;
}

/* Has found nothing wrong. What is not known, or has no huge pages, is not judged. */
static bool maps_right(const struct run *run, const struct phase_result *phase, struct check *check)
{
	const struct found *found = &phase->found;
	char slot[96];

	if (phase->cfg->what == DO_ALIAS_COUNTS)
		return counts_aliases_right(run, phase, check);
	if (phase->cfg->what == DO_DIRTY_LOG) {
		if (found->huge_after >= found->huge_before)
			return true;
		check_fail(check, "phase %s: KVM mapped L2's pages (%s) with %" PRId64 " huge pages before they were logged, and "
			   "when logging was off again with %" PRId64 ", though the VMM's memory is huge: L2 keeps 4K "
			   "mappings", phase->name, slot_text(run, phase, slot), found->huge_before, found->huge_after);
		return false;
	}
	if (found_mapped_exactly(&run->model, phase))
		return true;
	check_fail(check, "phase %s: L2 wrote %" PRIu64 " pages (%s), and when they were taken back by MADV_DONTNEED or MADV_REMOVE, "
		   "mmu_rmaps_stat lost %" PRId64 " mappings of 4K, %" PRId64 " of 2M, %" PRId64 " of 1G, and not one for "
		   "each page", phase->name, phase->cfg->touch / 4096, slot_text(run, phase, slot), found->unmapped[0],
		   found->unmapped[1], found->unmapped[2]);
	return false;
}

static bool rmaps_known(const struct phase_result *phase)
{
	switch (phase->cfg->what) {
	case DO_DIRTY_LOG:
		return phase->found.huge_known;
	case DO_ALIAS_COUNTS:
		return phase->found.aliases_known;
	default:
		return phase->found.unmapped_known;
	}
}

/* Huge pages need not come back where KVM holds small ones to be meant for code. */
static bool may_stay_small(const struct run *run, const struct phase_result *phase)
{
	return phase->cfg->what == DO_DIRTY_LOG && phase->found.huge_after < phase->found.huge_before && run->model.nx_keeps_small &&
	       run->host.nx_huge_pages != ANSWER_NO;
}

#define STAYS_SMALL "with kvm.nx_huge_pages KVM may go on with 4K mappings, before Linux 6.3"

static void skip_small(const struct phase_result *phase, struct check *check)
{
	check_skip(check, "phase %s: L2's pages were not mapped by huge pages again when logging was off, and need not be: " STAYS_SMALL,
		   phase->name);
	check_remedy(check, "boot Linux 6.3 or newer");
}

static void say_mapped(const struct phase_result *last, unsigned int phases, bool lowest, const struct phase_result *small,
		       struct check *check)
{
	const struct found *found = &last->found;
	const char *plural = phases > 1 ? "s" : "";
	char note[512] = "";

	if (small)
		snprintf(note, sizeof(note), "; not judged: whether the pages of phase %s are huge again, as " STAYS_SMALL, small->name);
	if (lowest)
		snprintf(note + strlen(note), sizeof(note) - strlen(note), "; note: mmu_rmaps_stat has a page in the column of the lowest bit "
			 "of its mappings, a bug that Linux has until 7.2");

	switch (last->cfg->what) {
	case DO_ALIAS_COUNTS:
		check_pass(check, "%u phase%s, the last one with pages that L2 had mapped 1 to %u times%s", phases, plural,
			   ABI_COUNTED_PAGES, note);
		break;
	case DO_DIRTY_LOG:
		check_pass(check, "%u phase%s, the last one with %" PRId64 " huge mappings before its pages were "
			   "logged, and %" PRId64 " after%s", phases, plural, found->huge_before, found->huge_after, note);
		break;
	default:
		check_pass(check, "%u phase%s, the last one with %" PRId64 " mappings of 4K, %" PRId64 " of 2M and %" PRId64
			   " of 1G until its pages were taken back%s", phases, plural, found->unmapped[0],
			   found->unmapped[1], found->unmapped[2], note);
	}
}

/* The other phases may be right; of this one nobody knows. */
static void skip_moved(const struct phase_result *phase, struct check *check)
{
	check_skip(check, "phase %s: the host took pages away or moved them whenever KVM's mappings were counted, and no count was "
		   "right: %s", phase->name, phase->found.moved);
	check_remedy(check, "run it again once that has ended");
}

void judge_mapped(const struct run *run, struct check *check)
{
	const struct phase_result *last = NULL, *moved = NULL, *small = NULL;
	unsigned int phases = 0;
	bool lowest = false;

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
		if (phase->found.moved) {
			moved = phase;
			continue;
		}
		if (may_stay_small(run, phase)) {
			small = phase;
			continue;
		}
		last = phase;
		phases++;
		if (!maps_right(run, phase, check))
			return;
		lowest |= phase->cfg->what == DO_ALIAS_COUNTS &&
			  found_columns(&run->model, phase->found.aliases) == COLUMNS_LOWEST;
	}
	if (moved)
		skip_moved(moved, check);
	else if (last)
		say_mapped(last, phases, lowest, small, check);
	else if (small)
		skip_small(small, check);
	else if (run->stage == STAGE_RAN)
		check_skip(check, "no phase took L2's pages back, or logged pages that KVM had mapped as huge ones");
	else
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
}

/* Where the root is the second page, L2 wrote the first before: root_phase() in guest/tables.c. */
static void fail_unseen(const struct run *run, const struct phase_result *phase, struct check *check)
{
	uint64_t base = memslot_base(run->config, phase->cfg->slot), gpa = abi_tables_root(base, phase->cfg->touch / ABI_PAGE_SIZE);
	bool second = gpa != base, by_l1 = phase->l1_table_writes_seen < phase->l1_table_writes;
	const char *how = ", and flushed the TLB";

	if (!by_l1)
		how = second ? ", through the mapping that it had when that was data, or through a huge one of both pages" :
			       ", through the mapping that it had when that was data";
	check_fail(check, "phase %s: %s cleared the first entry of the root of L1's nested tables, the %s page of memslot.%s, gpa 0x%"
		   PRIx64 "%s, and L2 ran on instead of exiting: KVM has not write-protected it for %s, or not seen the write",
		   phase->name, by_l1 ? "L1" : "L2", second ? "second" : "first", phase->cfg->slot, gpa, how, by_l1 ? "L1" : "L2");
}

static const char *how_changed(enum abi_leaf_change how)
{
	switch (how) {
	case ABI_LEAF_CLEARED:
		return " maps no page";
	case ABI_LEAF_READ_ONLY:
		return " does not let L2 write";
	default:
		return " and the others map other pages";
	}
}

/* The tables are one after another from the memslot's start on: the root, one of each level, and the leaf tables. */
static void fail_leaf(const struct run *run, const struct phase_result *phase, struct check *check)
{
	const struct unseen_leaf *leaf = &phase->unseen_leaf;
	uint64_t tables = memslot_base(run->config, phase->cfg->slot), gpa = tables + ABI_LEAF_FIRST * ABI_PAGE_SIZE;
	const char *who = leaf->by_l2 ? "L2" : "L1";

	if (leaf->how == ABI_LEAF_EXCHANGED)
		check_fail(check, "phase %s: %s exchanged two entries of L1's nested table of level 2, the page of memslot.%s at gpa 0x%" PRIx64
			   ", so that L2's gpa 0x%" PRIx64 " and the others map other pages, L1 flushed the TLB, and L2 went on by what they had "
			   "said before: KVM has not seen the writes, or left a copy of the table as it was",
			   phase->name, who, phase->cfg->slot, gpa - ABI_PAGE_SIZE, leaf->gpa);
	else if (leaf->how == ABI_LEAF_VIEWED)
		check_fail(check, "phase %s: L2 wrote to its gpa 0x%" PRIx64 ", which L1's nested table of level 3, the page of memslot.%s at gpa 0x%"
			   PRIx64 ", only lets it read: KVM went by a copy of the tables below that it had made for an entry that lets L2 write",
			   phase->name, leaf->gpa, phase->cfg->slot, gpa - 2 * ABI_PAGE_SIZE);
	else
		check_fail(check, "phase %s: %s changed two leaf tables of L1's nested tables, the pages of memslot.%s from gpa 0x%" PRIx64
			   " on, so that L2's gpa 0x%" PRIx64 "%s, L1 flushed the TLB, and L2 went on by what they had said before: KVM has not "
			   "seen the writes, or not synchronised each of its copies of the tables",
			   phase->name, who, phase->cfg->slot, gpa, leaf->gpa, how_changed(leaf->how));
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
		if (phase->l1_table_writes_seen < phase->l1_table_writes || phase->table_writes_seen < phase->table_writes) {
			fail_unseen(run, phase, check);
			return;
		}
		if (phase->leaf_changes_seen < phase->leaf_changes) {
			fail_leaf(run, phase, check);
			return;
		}
		writes += phase->table_writes + phase->l1_table_writes + phase->leaf_changes;
	}
	if (!writes)
		check_skip(check, "no such phase was completed: %s", run_why_not(run));
	else
		check_pass(check, "KVM saw %" PRIu64 " of %" PRIu64 " changes that L1 and L2 made to L1's nested tables",
			   writes, writes);
}
