// SPDX-License-Identifier: GPL-2.0-only
#include "leaf_table.h"

#define WRITABLE 2ull			/* the same bit in NPT and EPT */

uint64_t leaf_target(const struct leaf *leaf, uint64_t index)
{
	return leaf->target + index * ABI_PAGE_SIZE;
}

uint64_t leaf_page(const struct leaf *leaf, uint64_t index)
{
	return leaf->tables[index % LEAF_TABLES].base + index / LEAF_TABLES * ABI_PAGE_SIZE;
}

/* L1's page that L2's page of this index is now. */
static uint64_t target_of(const struct leaf *leaf, uint64_t index)
{
	return leaf_target(leaf, (index + leaf->shift) % leaf->count);
}

uint64_t leaf_changed(const struct leaf *leaf)
{
	return leaf->round % leaf->count;
}

uint64_t leaf_value(const struct leaf *leaf, uint64_t gpa, uint64_t round)
{
	return abi_page_value(leaf->pattern, gpa, round * ABI_REWRITE_PASS);
}

void leaf_write(const struct leaf *leaf)
{
	for (uint64_t i = 0; i < leaf->count; i++) {
		uint64_t entry = target_of(leaf, i) | leaf->page_bits;

		if (i == leaf_changed(leaf) && leaf->change == ABI_LEAF_CLEARED)
			entry = 0;
		else if (i == leaf_changed(leaf) && leaf->change == ABI_LEAF_READ_ONLY)
			entry &= ~WRITABLE;
		leaf->tables[i % LEAF_TABLES].entries[i / LEAF_TABLES] = entry;
	}
}

static void note_stale(struct leaf *leaf, uint64_t gpa, uint64_t got)
{
	uint64_t want = leaf_value(leaf, gpa, leaf->round - 1);

	if (got == want || leaf->stale)
		return;
	leaf->stale = true;
	leaf->error = (struct touch_error){ .gpa = gpa, .want = want, .got = got };
}

static void use_pages(struct leaf *leaf)
{
	for (uint64_t i = 0; i < leaf->count; i++) {
		volatile uint64_t *page = (volatile uint64_t *)leaf_page(leaf, i);
		uint64_t gpa = target_of(leaf, i);

		note_stale(leaf, gpa, *page);
		*page = leaf_value(leaf, gpa, leaf->round);
	}
}

void leaf_serve(struct leaf *leaf)
{
	if (leaf->ask == LEAF_WRITE)
		leaf_write(leaf);
	else
		use_pages(leaf);
}
