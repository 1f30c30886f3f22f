// SPDX-License-Identifier: GPL-2.0-only
#include "tables.h"

#include "cpu.h"
#include "leaf.h"
#include "memory.h"
#include "nested_run.h"
#include "report.h"

/*
 * Enters L2, whose root has lost, or loses by L2, its first entry, which maps all that it runs: it must miss its code, and seen is
 * counted then. L1 gives back the entry that the root held.
 */
static enum abi_status enter_without(struct cpu *cpu, const struct nested_ops *ops, uint64_t root, uint64_t held, uint64_t *seen)
{
	struct l2_exit exit;

	nested_enter(cpu, ops, &exit);
	*(volatile uint64_t *)root = held;
	ops->flush();
	*seen += exit.kind == L2_MISSED;
	if (exit.kind == L2_MISSED || (exit.kind == L2_CALLED && exit.call == L2_DONE))
		return ABI_OK;
	return nested_report_exit(cpu, &exit, ABI_L2_EXIT, "after an entry of its tables' root was cleared");
}

/*
 * So many writes to a page in a row, while nobody uses it as a table, have KVM take it for none any more (detect_write_flooding(), 6.12):
 * it must then forget what it has shadowed of it. They change nothing: the last entry maps what no memory is at.
 */
#define WRITES_OF_A_FLOOD 3
static void flood(uint64_t root)
{
	volatile uint64_t *entry = (volatile uint64_t *)(root + ABI_PAGE_SIZE) - 1;

	for (int i = 0; i < WRITES_OF_A_FLOOD; i++)
		*entry = 0;
}

/*
 * L1 has written the page by its own mapping, of which KVM must take the right to write (kvm_tdp_mmu_write_protect_gfn(), 6.12).
 */
static enum abi_status clear_as_l1(struct cpu *cpu, const struct nested_ops *ops, uint64_t root)
{
	volatile uint64_t *entry = (volatile uint64_t *)root;
	uint64_t held = *entry;

	*entry = 0;
	ops->flush();
	cpu->report->l1_table_writes++;
	return enter_without(cpu, ops, root, held, &cpu->report->l1_table_writes_seen);
}

/* beside: a page that L2 writes before it writes to the root, or 0. */
static enum abi_status clear_as_l2(struct cpu *cpu, const struct nested_ops *ops, uint64_t root, uint64_t beside)
{
	cpu->job.beside = beside;
	cpu->job.clear = cpu->tree.broken == BREAK_NO_TABLE_WRITE ? 0 : root;
	cpu->report->table_writes++;
	return enter_without(cpu, ops, root, *(volatile uint64_t *)root, &cpu->report->table_writes_seen);
}

/* L1, where it is to be after many other writes, and then L2 clear the first entry of the root. */
static enum abi_status clear_root(struct cpu *cpu, const struct nested_ops *ops, uint64_t root, uint64_t beside, bool flooded)
{
	enum abi_status status = nested_enter_until(cpu, ops, L2_HELLO);

	/* nested_enter_until() has shown that L2 runs under these tables: KVM shadows them. */
	if (status == ABI_OK && flooded)
		flood(root);
	if (status == ABI_OK)
		status = clear_as_l1(cpu, ops, root);
	/* L2 that has run on has come to its end. */
	if (status != ABI_OK || cpu->report->l1_table_writes_seen < cpu->report->l1_table_writes)
		return status;
	return clear_as_l2(cpu, ops, root, beside);
}

static bool all_seen(const struct abi_report *report)
{
	return report->table_writes_seen == report->table_writes && report->l1_table_writes_seen == report->l1_table_writes;
}

/* A root that has the tables of another one below it. */
static uint64_t copy_root(uint64_t to, uint64_t from)
{
	for (uint64_t i = 0; i < ABI_PAGE_SIZE; i += sizeof(uint64_t))
		*(volatile uint64_t *)(to + i) = *(const uint64_t *)(from + i);
	return to;
}

/*
 * The last of one or two pages is the root alone. L2 then writes the other before it writes to the root: KVM may no longer
 * map both by one huge page (kvm_mmu_gfn_disallow_lpage(), 6.12). It looks at the first page of what it maps only whether that
 * may be written (make_spte(), 6.12), so the root is not the first.
 */
static enum abi_status root_phase(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
				  const struct tree *alone)
{
	struct range pages = { phase->touch.base, phase->touch.pages * ABI_PAGE_SIZE };
	uint64_t root = abi_tables_root(pages.base, phase->touch.pages), beside = root == pages.base ? 0 : pages.base;
	enum abi_status status;

	/* With the old tables below the root, even a large page that KVM has mapped is one of the new tables' as well. */
	if (phase->touch.pages <= 2)
		root = copy_root(root, nested_map_root(&cpu->tree, ops->format, false));
	else
		root = nested_build_map(&cpu->tree, ops->format, cpu->tree.page_level, &pages);
	if (!root)
		return report_failure(cpu, ABI_BAD_TREE, "phase: touch: too small for L2's tables");
	ops->flush();
	for (int flooded = 0; flooded < 2; flooded++) {
		status = nested_prepare(cpu, ops, phase, root);
		if (status != ABI_OK)
			return status;
		nested_set_job(cpu, ops, phase, alone);
		cpu->job.touch.pages = 0;
		status = clear_root(cpu, ops, root, beside, flooded);
		if (status != ABI_OK || !all_seen(cpu->report))
			return status;
	}
	return ABI_OK;
}

/*
 * do = "tables". L1's old tables and its new ones map the same large pages, so KVM has the same tables of
 * its own for what lies in these, with a mapping of each page that L2 has written. Once L1 uses such a
 * page as a table, KVM must find that mapping by its rmap and write-protect it
 * (kvm_mmu_slot_gfn_write_protect(), 6.12).
 */
enum abi_status tables_phase(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase)
{
	const uint64_t base = phase->touch.base, end = base + phase->touch.pages * ABI_PAGE_SIZE;
	struct phase data = *phase;
	struct tree alone;
	enum abi_status status;

	if (cpu->index)
		return ABI_OK;
	data.small_pages = false;
	status = nested_run_alone(cpu, ops, &data, &alone);
	if (status != ABI_OK)
		return status;
	for (uint64_t gpa = base; gpa < end; gpa += sizeof(uint64_t))
		*(volatile uint64_t *)gpa = 0;
	return phase->small_pages ? leaf_phase(cpu, ops, phase, &alone) : root_phase(cpu, ops, phase, &alone);
}
