/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a layout that concern single memslots. They are checked before rows are expanded. */
#ifndef LAYOUT_CHECK_H
#define LAYOUT_CHECK_H

#include "config/diag.h"
#include "config/layout.h"

#define SPACES 2	/* enum slot_space */

struct layout_check {
	const struct config *config;
	const struct layout_limits *limits;
	struct diags diags;
	uint32_t *memory_of; /* for the layout */
	bool *sound;	/* by memslot: its slots have addresses that can be compared */
};

/* Adds an error: the rule that a memslot's key breaks, with its value and place in the config. */
void layout_broken(struct layout_check *check, size_t memslot, const char *key,
		   const char *rule, ...) __attribute__((format(printf, 4, 5)));

/* Checks alignment, size, address width and alias; sets sound. Returns 0 or -ENOMEM. */
int layout_check_memslots(struct layout_check *check);
/* Returns whether there are not too many slots. Sets *count to the number of sound ones. */
bool layout_check_count(struct layout_check *check, size_t *count);

#endif
