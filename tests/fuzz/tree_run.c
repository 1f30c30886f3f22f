// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz_tree.h"

#include "memory.h"
#include "touch.h"

#define WALK 1000		/* pages: a longer walk is not gone */

/* The tree has no phase of stress and none without vCPUs, so a phase may be missing. */
static void run_phase(const struct tree *tree, uint32_t index)
{
	struct phase phase;

	if (tree_phase(tree, index, &phase))
		return;
	touch_begin(tree, &phase.touch);
	if (phase.touch.pages && phase.touch.pages < WALK && touch_possible(tree))
		touch_share(tree, &phase.touch, 0);
}

bool tree_run(const void *fdt, size_t size, size_t phases)
{
	struct tree tree = { 0 };

	/* The VMM leaves as much room as the tree takes. */
	if (size < sizeof(struct fdt_header) || fdt_check_header(fdt) || fdt_totalsize(fdt) > size)
		return false;
	tree_break(fdt);
	/* main.c: vCPU 0 runs, and its block is where the tree says that it is. */
	if (tree_read(&tree, fdt) || !tree.vcpus || memory_check(&tree))
		return false;
	/* A guest's address. */
	tree.losses = NULL;
	for (size_t i = 0; i < phases; i++)
		run_phase(&tree, (uint32_t)i);
	return true;
}
