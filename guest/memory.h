/* SPDX-License-Identifier: GPL-2.0-only */
/* The VM's memory, as the device tree's memory nodes list it. */
#ifndef MEMORY_H
#define MEMORY_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

struct tree;

/* Which memory nodes are meant: all; what a touch may write, so without read-only memory, aliases and tables; that and aliases. */
enum memory_nodes { MEMORY_ALL, MEMORY_TOUCHABLE, MEMORY_AND_ALIASES };

/*
 * A position in the entries of the memory nodes, which are in gpa order; end is 0 before the
 * first.
 */
struct memory {
	const struct tree *tree;
	enum memory_nodes nodes;
	int node;		/* its offset, negative: there are no more */
	bool lossy;		/* of the node: workers take pages away */
	bool same;		/* of the node: every pass writes the same values, and so do other VMs */
	const fdt64_t *reg;	/* of the node */
	int entries;
	uint64_t base, end;	/* of the entry that it is at */
};

/* The memory nodes must be whole pages, in gpa order, none twice: NULL, or what is wrong. */
const char *memory_check(const struct tree *tree);
struct memory memory_start(const struct tree *tree, enum memory_nodes nodes);
/* Moves on to the first entry that ends above gpa; false: there is none. */
bool memory_seek(struct memory *memory, uint64_t gpa);

static inline bool memory_next(struct memory *memory)
{
	return memory_seek(memory, memory->end);
}

#endif
