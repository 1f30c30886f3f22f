/* SPDX-License-Identifier: GPL-2.0-only */
/* The arrays that a VM had, and which of them are still there once it is gone. */
#ifndef SEEN_ARRAYS_H
#define SEEN_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

#include "host/vmap_areas.h"

struct seen_arrays {
	struct vmap_area *list;		/* NULL: none were looked for yet */
	size_t count;
};

/* Makes room for so many in place of those that were noted before. 0 or -ENOMEM. */
int seen_arrays_renew(struct seen_arrays *seen, size_t most);
/* area: NULL where an array is not an area of vmalloc. */
void seen_arrays_note(struct seen_arrays *seen, const struct vmap_area *area);
/* Bytes of those that are still there. What is gone once is not looked for again. */
uint64_t seen_arrays_left(struct seen_arrays *seen, const struct vmap_areas *areas);
void seen_arrays_free(struct seen_arrays *seen);

#endif
