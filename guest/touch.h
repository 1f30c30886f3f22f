/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes pages all over guest memory, and reads them back; L1 and L2 do it the same way. */
#ifndef TOUCH_H
#define TOUCH_H

#include "tree.h"

/* A page that does not hold what was written. */
struct touch_error {
	uint64_t gpa, want, got;
	bool not_lost;		/* it reads 0, and workers take such pages away; but not this one since it was written */
};

/* Is there a page that may be written? */
bool touch_possible(const struct tree *tree);
/* How many pages of the walk belong to vCPU `index`. */
uint64_t touch_share(const struct tree *tree, const struct touch *touch, uint32_t index);
/* Before all others, in each pass: sets what is not in the phase's properties, but the number of the pass. */
void touch_begin(const struct tree *tree, struct touch *touch);
/* Writes the vCPU's pages, and notes in touch->since when; returns how many. */
uint64_t touch_write(const struct tree *tree, struct touch *touch, uint32_t index);
/*
 * The same, with touch->rewrite again and again, until the VMM has it end, with touch->cycles for so long; touch->pass is then that of the
 * last sweep. report: the vCPU's.
 */
uint64_t touch_repeat(const struct tree *tree, struct touch *touch, uint32_t index,
		      struct abi_report *report);
/* Reads them back. False: *error is the first page that does not hold what was written. */
bool touch_check(const struct tree *tree, const struct touch *touch, uint32_t index,
		 struct touch_error *error);
/* With touch->read_first: the same before they are written, by what the VMM wrote. Else true. */
bool touch_check_first(const struct tree *tree, const struct touch *touch, uint32_t index,
		       struct touch_error *error);

#endif
