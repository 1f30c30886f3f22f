// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include "tree.h"

#define CELLS_PER_ENTRY 2	/* fdt64_t: base, size */

/* Moves on to the next memory node after `from` (0: the root, so the first one). */
static bool next_node(struct memory *memory, int from)
{
	const void *fdt = memory->tree->fdt;
	int node = from ? fdt_next_subnode(fdt, from) : fdt_first_subnode(fdt, 0);

	for (; node >= 0; node = fdt_next_subnode(fdt, node)) {
		int length;

		if (!tree_text_is(fdt, node, "device_type", "memory"))
			continue;
		if (memory->touchable && (fdt_getprop(fdt, node, "minivmm,read-only", NULL) ||
					  fdt_getprop(fdt, node, "minivmm,alias", NULL) ||
					  fdt_getprop(fdt, node, "minivmm,tables", NULL)))
			continue;
		memory->reg = fdt_getprop(fdt, node, "reg", &length);
		memory->entries = memory->reg ? length / (int)(CELLS_PER_ENTRY * sizeof(fdt64_t)) : 0;
		memory->lossy = fdt_getprop(fdt, node, "minivmm,lossy", NULL);
		memory->same = fdt_getprop(fdt, node, "minivmm,same", NULL);
		if (memory->entries)
			break;
	}
	memory->node = node;
	return node >= 0;
}

struct memory memory_start(const struct tree *tree, bool touchable)
{
	struct memory memory = { .tree = tree, .touchable = touchable };

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
	struct memory memory = memory_start(tree, false);
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
