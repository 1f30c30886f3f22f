// SPDX-License-Identifier: GPL-2.0-only
#include "leaf.h"

#include "cpu.h"
#include "leaf_table.h"
#include "nested_run.h"
#include "report.h"

_Static_assert(ABI_LEAF_FIRST + 1 == OWN_MAP_PAGES && ABI_LEAF_TABLES == ABI_LEAF_FIRST + LEAF_TABLES, "the tables are one after another");

static bool overlap(const struct range *range, uint64_t gpa, uint64_t size)
{
	return gpa < range->base + range->size && range->base < gpa + size;
}

/* The first 2M above gpa that hold neither the payload, which L2 runs, nor the phase's pages. */
static uint64_t free_region(const struct range *payload, const struct range *pages, uint64_t gpa)
{
	const uint64_t size = pt_level_size(2);

	do
		gpa += size;
	while (overlap(payload, gpa, size) || overlap(pages, gpa, size));
	return gpa;
}

/* The first GiB in the same 512G that L1 maps for L2, and in which L2 needs neither the payload nor the phase's pages. 0: there is none. */
static uint64_t other_gib(const struct own_map *map, const struct range *payload, uint64_t pages)
{
	const uint64_t size = pt_level_size(3), first = pages & -pt_level_size(4);

	for (uint64_t gpa = first; gpa < first + pt_level_size(4); gpa += size)
		if (own_map_has(map, gpa) && !overlap(payload, gpa, size) && gpa != (pages & -size))
			return gpa;
	return 0;
}

/* False: L1's pages do not hold what L2 wrote last. */
static bool check_targets(const struct leaf *leaf, struct touch_error *error)
{
	for (uint64_t i = 0; i < leaf->count; i++) {
		uint64_t gpa = leaf_target(leaf, i), want = leaf_value(leaf, gpa, leaf->round);
		uint64_t got = *(volatile uint64_t *)gpa;

		*error = (struct touch_error){ .gpa = gpa, .want = want, .got = got };
		if (got != want)
			return false;
	}
	return true;
}

/* What L2 has missed it gets back: an entry, or the right to write by another one, which ends with the round. */
static enum abi_status give_back(struct cpu *cpu, const struct nested_ops *ops, struct leaf *leaf)
{
	bool viewed = leaf->change == ABI_LEAF_VIEWED;
	uint64_t missed = leaf_missed(leaf);
	enum abi_status status;

	leaf->change = ABI_LEAF_MOVED;
	if (viewed)
		own_map_view(&cpu->own_map, missed, true);
	else
		leaf_write(leaf);
	ops->flush();
	status = nested_enter_until(cpu, ops, L2_DONE);
	if (viewed)
		own_map_view(&cpu->own_map, missed, false);
	ops->flush();
	return status;
}

/* Does the change let L2 use all pages? */
static bool lets_use(enum abi_leaf_change change)
{
	return change == ABI_LEAF_MOVED || change == ABI_LEAF_EXCHANGED;
}

/* L2 uses all pages. One that it can't reach, or write, it must miss, and gets back then. seen: it did as the tables say. */
static enum abi_status use(struct cpu *cpu, const struct nested_ops *ops, struct leaf *leaf, bool *seen)
{
	struct l2_exit exit;
	enum abi_status status;

	leaf->ask = LEAF_USE;
	nested_enter(cpu, ops, &exit);
	if (exit.kind == L2_CALLED && exit.call == L2_DONE) {
		*seen = !leaf->stale && lets_use(leaf->change);
		return ABI_OK;
	}
	*seen = exit.kind == L2_MISSED && !lets_use(leaf->change) && (exit.info[1] & -(uint64_t)ABI_PAGE_SIZE) == leaf_missed(leaf);
	if (!*seen)
		return nested_report_exit(cpu, &exit, ABI_L2_EXIT, "after an entry of a leaf table was changed");
	status = give_back(cpu, ops, leaf);
	*seen = !leaf->stale;
	return status;
}

/* L1's own write, or L2's through the mapping that it had when the table was data; the TLB is flushed after both. */
static enum abi_status write_table(struct cpu *cpu, const struct nested_ops *ops, struct leaf *leaf, bool by_l2)
{
	enum abi_status status = ABI_OK;

	leaf->ask = LEAF_WRITE;
	if (!by_l2)
		leaf_write(leaf);
	else if (cpu->tree.broken != BREAK_NO_TABLE_WRITE)
		status = nested_enter_until(cpu, ops, L2_DONE);
	ops->flush();
	return status;
}

static enum abi_status change(struct cpu *cpu, const struct nested_ops *ops, struct leaf *leaf, bool by_l2)
{
	struct abi_report *report = cpu->report;
	enum abi_leaf_change what = leaf->change;
	uint64_t at = leaf_missed(leaf);
	struct touch_error error;
	enum abi_status status = write_table(cpu, ops, leaf, by_l2);
	bool seen = false;

	if (status != ABI_OK)
		return status;
	report->leaf_changes++;
	status = use(cpu, ops, leaf, &seen);
	if (status != ABI_OK)
		return status;
	leaf->unseen = !seen;
	report->leaf_changes_seen += seen;
	if (!seen) {
		/* What L2 has got back is as before. */
		report->leaf_change = leaf->stale && !lets_use(what) ? ABI_LEAF_MOVED : what;
		report->leaf_by_l2 = by_l2;
		report->leaf_gpa = leaf->stale ? leaf->stale_page : at;
		return ABI_OK;
	}
	if (!check_targets(leaf, &error))
		return report_page(cpu, &error, "read back by L1 after L2 wrote it by leaf tables that had changed");
	return ABI_OK;
}

/*
 * The changes of one side, in this order. After the first, KVM must have write-protected the leaf tables again. What L2 may do by the view
 * depends on nobody's change: once is enough.
 */
static const enum abi_leaf_change changes[] = {
	ABI_LEAF_MOVED, ABI_LEAF_MOVED, ABI_LEAF_MOVED, ABI_LEAF_CLEARED, ABI_LEAF_READ_ONLY, ABI_LEAF_EXCHANGED, ABI_LEAF_VIEWED,
};
#define CHANGES (sizeof(changes) / sizeof(changes[0]))

/* All changes by one side, up to one that is not seen. */
static enum abi_status change_all(struct cpu *cpu, const struct nested_ops *ops, struct leaf *leaf, bool by_l2)
{
	enum abi_status status = ABI_OK;

	for (unsigned int i = 0; i < CHANGES && status == ABI_OK && !leaf->unseen; i++) {
		if (changes[i] == ABI_LEAF_VIEWED && (by_l2 || !leaf->view))
			continue;
		leaf->change = changes[i];
		leaf->round++;
		leaf->shift += leaf->change == ABI_LEAF_MOVED;
		leaf->exchanged ^= leaf->change == ABI_LEAF_EXCHANGED;
		status = change(cpu, ops, leaf, by_l2);
	}
	return status;
}

/* Its pages: the three tables from the root down, the leaf tables, and what these map. False: there is no room for it. */
static bool make(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase, struct leaf *leaf)
{
	const uint64_t most = ABI_LEAF_TABLES + LEAF_TABLES * pt_level_size(2) / ABI_PAGE_SIZE;
	const uint64_t count = phase->touch.pages < most ? phase->touch.pages : most;
	const struct range pages = { phase->touch.base, count * ABI_PAGE_SIZE };
	uint64_t shared = nested_map_root(&cpu->tree, ops->format, false), region = pages.base & -pt_level_size(3);
	uint64_t table = pages.base + ABI_LEAF_FIRST * ABI_PAGE_SIZE, gib;

	if (count < ABI_LEAF_PAGES || !shared || !own_map_make(&cpu->own_map, ops->format, pages.base, shared, pages.base))
		return false;
	*leaf = (struct leaf){
		.page_bits = ops->format.leaf,
		.target = pages.base + ABI_LEAF_TABLES * ABI_PAGE_SIZE,
		.count = (count - ABI_LEAF_TABLES) & -(uint64_t)LEAF_TABLES,
		.pattern = phase->touch.pattern,
	};
	for (int i = 0; i < LEAF_TABLES; i++, table += ABI_PAGE_SIZE) {
		region = free_region(&cpu->tree.payload, &pages, region);
		leaf->tables[i] = (struct leaf_table){
			.entries = (volatile uint64_t *)table,
			.link = own_map_leaf(&cpu->own_map, region, table),
			.base = region,
		};
	}
	gib = other_gib(&cpu->own_map, &cpu->tree.payload, pages.base);
	if (gib) {
		own_map_view(&cpu->own_map, gib, false);
		leaf->view = gib - (pages.base & -pt_level_size(3));
	}
	leaf_write(leaf);
	for (uint64_t i = 0; i < leaf->count; i++)
		*(volatile uint64_t *)leaf_target(leaf, i) = leaf_value(leaf, leaf_target(leaf, i), 0);
	return region >> 30 == pages.base >> 30;
}

enum abi_status leaf_phase(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
			   const struct tree *alone)
{
	struct leaf leaf;
	enum abi_status status;
	bool seen;

	if (!make(cpu, ops, phase, &leaf))
		return report_failure(cpu, ABI_BAD_TREE, "phase: touch: no room for L2's tables");
	ops->flush();
	status = nested_prepare(cpu, ops, phase, phase->touch.base);
	if (status != ABI_OK)
		return status;
	nested_set_job(cpu, ops, phase, alone);
	cpu->job.leaf = &leaf;
	status = nested_enter_until(cpu, ops, L2_HELLO);
	/* KVM has its copy of the table once L2 has used it. */
	leaf.round++;
	if (status == ABI_OK)
		status = use(cpu, ops, &leaf, &seen);
	if (status == ABI_OK && !seen)
		return report_page(cpu, &leaf.error, "read by L2 by a leaf table of its own");
	if (status == ABI_OK)
		status = change_all(cpu, ops, &leaf, false);
	if (status == ABI_OK)
		status = change_all(cpu, ops, &leaf, true);
	return status;
}
