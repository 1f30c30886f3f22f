// SPDX-License-Identifier: GPL-2.0-only
#include "leaf_table.h"

#include "minivmm_pt.h"

uint64_t leaf_target(const struct leaf *leaf, uint64_t index)
{
	return leaf->target + index * ABI_PAGE_SIZE;
}

uint64_t leaf_page(const struct leaf *leaf, uint64_t index)
{
	return leaf->tables[index % LEAF_TABLES].base + index / LEAF_TABLES * ABI_PAGE_SIZE;
}

_Static_assert(LEAF_TABLES == 2, "pages take turns, so that of two tables each page's partner is beside it");

/* The entry that maps L2's page of this index now. */
static uint64_t entry_of(const struct leaf *leaf, uint64_t index)
{
	return leaf->exchanged ? index ^ 1 : index;
}

/* L1's page that this entry maps. */
static uint64_t target_of(const struct leaf *leaf, uint64_t entry)
{
	return leaf_target(leaf, (entry + leaf->shift) % leaf->count);
}

/* L1's page that L2's page of this index is now. */
static uint64_t page_target(const struct leaf *leaf, uint64_t index)
{
	return target_of(leaf, entry_of(leaf, index));
}

uint64_t leaf_changed(const struct leaf *leaf)
{
	return leaf->round % leaf->count;
}

uint64_t leaf_missed(const struct leaf *leaf)
{
	return leaf_page(leaf, leaf_changed(leaf)) + (leaf->change == ABI_LEAF_VIEWED ? leaf->view : 0);
}

uint64_t leaf_value(const struct leaf *leaf, uint64_t gpa, uint64_t round)
{
	return abi_page_value(leaf->pattern, gpa, round * ABI_REWRITE_PASS);
}

static void write_entries(const struct leaf *leaf)
{
	uint64_t changed = entry_of(leaf, leaf_changed(leaf));

	for (uint64_t i = 0; i < leaf->count; i++) {
		uint64_t entry = target_of(leaf, i) | leaf->page_bits;

		if (i == changed && leaf->change == ABI_LEAF_CLEARED)
			entry = 0;
		else if (i == changed && leaf->change == ABI_LEAF_READ_ONLY)
			entry &= ~PT_WRITABLE;
		leaf->tables[i % LEAF_TABLES].entries[i / LEAF_TABLES] = entry;
	}
}

static void exchange_links(const struct leaf *leaf)
{
	uint64_t first = *leaf->tables[0].link;

	*leaf->tables[0].link = *leaf->tables[1].link;
	*leaf->tables[1].link = first;
}

void leaf_write(const struct leaf *leaf)
{
	if (leaf->change == ABI_LEAF_EXCHANGED)
		exchange_links(leaf);
	else if (leaf->change != ABI_LEAF_VIEWED)
		write_entries(leaf);
}

/* L2 reads its page at `page`, which is now L1's page at gpa. It must hold what L2 wrote there in `round`, the last time that it did. */
static void check_page(struct leaf *leaf, uint64_t page, uint64_t gpa, uint64_t round)
{
	uint64_t want = leaf_value(leaf, gpa, round), got = *(volatile uint64_t *)page;

	if (got == want || leaf->stale)
		return;
	leaf->stale = true;
	leaf->stale_page = page;
	leaf->error = (struct touch_error){ .gpa = gpa, .want = want, .got = got };
}

/*
 * L2 reads each page once more by the view: KVM has a second copy of each table for it, as another entry above lets L2 do less
 * (kvm_mmu_child_role(), 6.12).
 */
static void use_pages(struct leaf *leaf)
{
	for (uint64_t i = 0; i < leaf->count; i++) {
		uint64_t page = leaf_page(leaf, i), gpa = page_target(leaf, i);

		check_page(leaf, page, gpa, leaf->round - 1);
		*(volatile uint64_t *)page = leaf_value(leaf, gpa, leaf->round);
	}
	for (uint64_t i = 0; i < leaf->count && leaf->view; i++)
		check_page(leaf, leaf_page(leaf, i) + leaf->view, page_target(leaf, i), leaf->round);
	if (leaf->change == ABI_LEAF_VIEWED)
		*(volatile uint64_t *)leaf_missed(leaf) = leaf_value(leaf, page_target(leaf, leaf_changed(leaf)), leaf->round);
}

void leaf_serve(struct leaf *leaf)
{
	if (leaf->ask == LEAF_WRITE)
		leaf_write(leaf);
	else
		use_pages(leaf);
}
