// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = alias-counts: L1 maps some of its pages for L2 once, others twice, and so on (minivmm_abi.h). KVM's
 * rmaps must then have each mapping of each page: when the VMM takes the pages back, mmu_rmaps_stat must lose
 * one head with one mapping, one with two and so on, and no alias may reach the old page. All vCPUs are
 * stopped meanwhile.
 * All this is then mapped and lost again and again: a page with more than one mapping has descriptors (struct pte_list_desc), and
 * where they leak, charged.clean sees it once they are more than what the process itself may take.
 */
#include "base/cpus.h"
#include "run/phase_pages.h"
#include "vm/backing.h"

/*
 * A round loses 50 descriptors of 128 bytes in each way: 400 KiB in 64 rounds. What need not be a leak grows by 8 KiB with each
 * CPU (kernel_charges_kept()), and two rounds are 12 KiB.
 */
#define ROUNDS 64
#define ROUNDS_PER_CPU 2

/* The whole slot's, which is this phase's alone: so nothing is left of what earlier phases mapped there. */
static int take_back(const struct phase_pages *pages)
{
	return phase_pages_take_back(pages, pages->slot->size);
}

static int pass(struct phase_pages *pages, const char *when)
{
	int result;

	pages->when = when;
	phase_pages_mark(pages);
	result = phase_pages_pass(pages);
	if (!result)
		phase_pages_compare_first(pages, when);
	return result;
}

/* What the rmaps of 4K pages lose, by how many mappings they had. */
static int take_counted(struct phase_pages *pages)
{
	struct found *found = &pages->phase->found;
	struct rmaps_stat before, after;
	bool known = phase_pages_rmaps(pages, &before);
	int code = take_back(pages);

	found->aliases_known = !code && known && phase_pages_rmaps(pages, &after);
	for (int column = 0; found->aliases_known && column < RMAPS_COLUMNS; column++)
		found->aliases[column] = (int64_t)(before.columns[0][column] - after.columns[0][column]);
	return code;
}

static bool is_wrong(const struct phase_pages *pages)
{
	const struct found *found = &pages->phase->found;

	return found->aliases_known && found_columns(&pages->live->run->model, found->aliases) == COLUMNS_WRONG;
}

/* Whoever needs a page again waits until the kernel has cleared it: of 1G, that is half a second. */
static bool is_cheap(const struct phase_pages *pages)
{
	return memslot_page_size(&pages->live->run->config->memslots[pages->slot->cfg]) <= 2 << 20;
}

/* KVM forgets the mappings of a page that is unmapped all at once (kvm_zap_all_rmap_sptes(), 6.12). */
static int lose_pages(struct phase_pages *pages)
{
	int code = take_back(pages);

	return code ? code : pass(pages, "after the pages were taken back");
}

/*
 * Where a memslot is deleted, KVM forgets all shadow pages of the VM, unless that quirk is off, and with them the mappings one by
 * one (drop_spte(), 6.12).
 */
static int lose_slot(struct phase_pages *pages)
{
	const struct slot *slot = pages->slot;
	struct vm *vm = &pages->live->vm;
	int code = vm_slot_delete(vm, slot);

	if (code)
		return err_errno(&pages->live->run->err, -code, "memslot.%s: KVM_SET_USER_MEMORY_REGION(size=0)", pages->name);
	code = vm_slot_set(vm, slot, slot->base, slot->kvm_flags);
	if (code)
		return err_errno(&pages->live->run->err, -code, "memslot.%s: KVM_SET_USER_MEMORY_REGION, after it was deleted",
				 pages->name);
	return pass(pages, "after the memslot was made again");
}

static int lose_again(struct phase_pages *pages)
{
	unsigned int rounds = ROUNDS + ROUNDS_PER_CPU * cpus_configured();
	int result = 0;

	for (unsigned int i = 0; !result && i < rounds; i++) {
		result = is_cheap(pages) ? lose_pages(pages) : 0;
		if (!result)
			result = lose_slot(pages);
	}
	return result;
}

int phase_alias_counts(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	struct phase_pages pages;
	bool again = true;
	int result;

	phase_pages_init(&pages, live, index, phase);
	result = take_back(&pages);
	while (!result && again) {
		result = pass(&pages, "before the pages are taken back");
		if (!result)
			result = take_counted(&pages);
		again = !result && phase_pages_count_again(&pages, is_wrong(&pages), phase->found.aliases, RMAPS_COLUMNS);
	}
	if (!result)
		result = pass(&pages, "after the pages were taken back");
	return result ? result : lose_again(&pages);
}
