// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include "tree.h"

#define CELLS_PER_ENTRY 2	/* fdt64_t: base, size */

/* Takes what a node says, if it is memory that may be used. */
static bool take_node(struct memory *memory, int node)
{
	enum { TYPE, READ_ONLY, ALIAS, TABLES, REG, LOSSY, SAME, PROPERTIES };
	struct property found[PROPERTIES] = {
		[TYPE] = { .name = "device_type" }, [READ_ONLY] = { .name = "minivmm,read-only" },
		[ALIAS] = { .name = "minivmm,alias" }, [TABLES] = { .name = "minivmm,tables" }, [REG] = { .name = "reg" },
		[LOSSY] = { .name = "minivmm,lossy" }, [SAME] = { .name = "minivmm,same" },
	};

	tree_find(memory->tree->fdt, node, found, PROPERTIES);
	if (!property_is(&found[TYPE], "memory"))
		return false;
	if (memory->nodes != MEMORY_ALL && (found[READ_ONLY].value || found[TABLES].value))
		return false;
	if (memory->nodes == MEMORY_TOUCHABLE && found[ALIAS].value)
		return false;
	memory->reg = found[REG].value;
	memory->entries = memory->reg ? found[REG].length / (int)(CELLS_PER_ENTRY * sizeof(fdt64_t)) : 0;
	memory->lossy = found[LOSSY].value;
	memory->same = found[SAME].value;
	return memory->entries;
}

/* Moves on to the next memory node after `from` (0: the root, so the first one). */
static bool next_node(struct memory *memory, int from)
{
	const void *fdt = memory->tree->fdt;
	int node = from ? fdt_next_subnode(fdt, from) : fdt_first_subnode(fdt, 0);

	while (node >= 0 && !take_node(memory, node))
		node = fdt_next_subnode(fdt, node);
	memory->node = node;
	return node >= 0;
}

struct memory memory_start(const struct tree *tree, enum memory_nodes nodes)
{
	struct memory memory = { .tree = tree, .nodes = nodes };

	next_node(&memory, 0);
	return memory;
}

static uint64_t entry_end(const struct memory *memory, int index)
{
	const fdt64_t *entry = memory->reg + index * CELLS_PER_ENTRY;

	return fdt64_ld(entry) + fdt64_ld(entry + 1);
}

bool memory_seek(struct memory *memory, uint64_t gpa)
{
	int low = 0, high;

	if (memory->node < 0)
		return false;
	while (entry_end(memory, memory->entries - 1) <= gpa)
		if (!next_node(memory, memory->node))
			return false;
	for (high = memory->entries - 1; low < high; ) {
		int middle = (low + high) / 2;

		if (entry_end(memory, middle) <= gpa)
			low = middle + 1;
		else
			high = middle;
	}
	memory->base = fdt64_ld(memory->reg + low * CELLS_PER_ENTRY);
	memory->end = entry_end(memory, low);
	return true;
}

const char *memory_check(const struct tree *tree)
{
	struct memory memory = memory_start(tree, MEMORY_ALL);
	uint64_t end = 0;

	if (memory.node < 0)
		return "memory nodes: there are none";
	do {
		for (int i = 0; i < memory.entries; i++) {
			const fdt64_t *entry = memory.reg + i * CELLS_PER_ENTRY;
			uint64_t base = fdt64_ld(entry), size = fdt64_ld(entry + 1);

			if (!size || base + size < base || (base | size) % ABI_PAGE_SIZE)
				return "memory nodes: an entry is not whole pages";
			if (base < end)
				return "memory nodes: not in gpa order, or overlapping";
			end = base + size;
		}
	} while (next_node(&memory, memory.node));
	return NULL;
}
