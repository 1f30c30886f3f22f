/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules of a layout that can be judged memslot by memslot, before rows are expanded. */
#ifndef LAYOUT_CHECK_H
#define LAYOUT_CHECK_H

#include "config/diag.h"
#include "config/layout.h"

#define SPACES 2	/* enum slot_space */

struct layout_check {
	const struct config *config;
	const struct layout_limits *limits;
	struct diags diags;
	uint32_t *memory_of; /* the layout's */
	bool *sound;	/* by memslot: its slots have addresses that can be compared */
};

/* Reports the rule that key of a memslot breaks, with the value and place of the config. */
void layout_broken(struct layout_check *check, size_t memslot, const char *key,
		   const char *rule, ...) __attribute__((format(printf, 4, 5)));

/* Alignment, size, address width, alias; fills sound. Returns 0 or -ENOMEM. */
int layout_check_memslots(struct layout_check *check);
/* Are there not more slots than there can be? Then *count is that of all sound ones. */
bool layout_check_count(struct layout_check *check, size_t *count);

#endif
