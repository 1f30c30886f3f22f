// SPDX-License-Identifier: GPL-2.0-only
#include "host/seen_arrays.h"

#include <errno.h>
#include <stdlib.h>

int seen_arrays_renew(struct seen_arrays *seen, size_t most)
{
	struct vmap_area *list = malloc((most + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	free(seen->list);
	*seen = (struct seen_arrays){ .list = list };
	return 0;
}

void seen_arrays_note(struct seen_arrays *seen, const struct vmap_area *area)
{
	if (area)
		seen->list[seen->count++] = *area;
}

/*
 * Another array may lie where one of them was, even with the same number of pages and with its list
 * of pages at the same address: small ones come from slab, which gives out first what was freed last.
 */
uint64_t seen_arrays_left(struct seen_arrays *seen, const struct vmap_areas *areas)
{
	uint64_t bytes = 0;
	size_t left = 0;

	for (size_t i = 0; i < seen->count; i++) {
		const struct vmap_area was = seen->list[i];
		const struct vmap_area *is = vmap_area_at(areas, was.address);

		if (!is || is->taken || is->pages != was.pages || is->page_array != was.page_array)
			continue;
		seen->list[left++] = was;
		bytes += vmap_area_bytes(areas, was.address);
	}
	seen->count = left;
	return bytes;
}

void seen_arrays_free(struct seen_arrays *seen)
{
	free(seen->list);
	*seen = (struct seen_arrays){ 0 };
}
