/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing pages all over guest memory; L1 and L2 do it the same way. */
#ifndef TOUCH_H
#define TOUCH_H

#include "tree.h"

/* Whether there is a page to write at all; needs no more than the tree. */
bool touch_possible(const struct tree *tree);
/* Pages of the walk that belong to vCPU `index`. */
uint64_t touch_share(const struct tree *tree, const struct touch *touch, uint32_t index);
/* Writes the vCPU's pages; returns how many. */
uint64_t touch_write(const struct tree *tree, const struct touch *touch, uint32_t index);
/* Reads them back: ABI_OK, or ABI_BAD_MEMORY with gpa, want and got in the report. */
enum abi_status touch_check(struct cpu *cpu, const struct touch *touch);

#endif
