/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Identity maps in the 4-level format that x86 page tables, NPT and EPT share.
 * Used by the VMM for a vCPU's CR3 and by the payload for its nested tables.
 */
#ifndef MINIVMM_PT_H
#define MINIVMM_PT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_format {
	uint64_t table;	/* bits of an entry that points to a table */
	uint64_t leaf;	/* bits of an entry that maps a page */
	uint64_t large;	/* further bits of a 2M or 1G leaf */
};

/*
 * P|RW|US|A, leaves also D: NPT walks are user accesses; with A and D set the CPU need not write
 * the tables.
 */
#define PT_FORMAT_X86 ((struct pt_format){ .table = 0x27, .leaf = 0x67, .large = 0x80 })
#define PT_WRITABLE 2ull		/* the same bit in all three */
/* RWX, leaves write-back. */
#define PT_FORMAT_EPT ((struct pt_format){ .table = 0x7, .leaf = 0x7 | 6 << 3, .large = 0x80 })

struct pt {
	struct pt_format format;
	int page_level;		/* largest page used: 1 = 4K, 2 = 2M, 3 = 1G */
	uint64_t root;		/* gpa of the level-4 table, 0 before the first map */
	uint64_t next, end;	/* gpas of the zeroed pages that are still free for tables */
	uint64_t *(*table)(void *ctx, uint64_t gpa); /* gives a pointer to a table */
	void *ctx;
};

static inline uint64_t pt_level_size(int level)
{
	return 1ull << (12 + 9 * (level - 1));
}

/* Returns the gpa of a new table, 0 when the pool is empty. */
static inline uint64_t pt_new_table(struct pt *pt)
{
	uint64_t gpa = pt->next;

	if (pt->end - pt->next < 4096)
		return 0;
	pt->next += 4096;
	/*
	 * The first access to the page is a write: a read would cost a fault, and the write then
	 * another.
	 */
	*(volatile uint64_t *)pt->table(pt->ctx, gpa) = 0;
	return gpa;
}

/*
 * Maps the page of `level` that holds gpa, unless it is mapped already. False: the pool is empty.
 */
static inline bool pt_map_page(struct pt *pt, uint64_t gpa, int level)
{
	if (!pt->root)
		pt->root = pt_new_table(pt);
	if (!pt->root)
		return false;

	uint64_t table_gpa = pt->root;

	for (int at = 4; ; at--) {
		uint64_t *entry = pt->table(pt->ctx, table_gpa) + (gpa >> (12 + 9 * (at - 1)) & 511);

		if (at == level) {
			if (!*entry)
				*entry = (gpa & -pt_level_size(level)) | pt->format.leaf |
					 (level > 1 ? pt->format.large : 0);
			return true;
		}
		if (!*entry) {
			uint64_t fresh = pt_new_table(pt);

			if (!fresh)
				return false;
			*entry = fresh | pt->format.table;
		} else if (at <= 3 && (*entry & pt->format.large)) {
			return true;	/* a larger page covers it */
		}
		table_gpa = *entry & 0x000ffffffffff000ull;
	}
}

/* Identity-maps every page of the largest size that overlaps [base, base + size). */
static inline bool pt_map(struct pt *pt, uint64_t base, uint64_t size)
{
	uint64_t step = pt_level_size(pt->page_level);

	for (uint64_t gpa = base & -step; gpa < base + size; gpa += step)
		if (!pt_map_page(pt, gpa, pt->page_level))
			return false;
	return true;
}

#endif
