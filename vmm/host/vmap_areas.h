/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's vmalloc areas by address, from the kernel's memory. /proc/vmallocinfo has them too,
 * but hashes their addresses where kernel.kptr_restrict is 0, as distributions have it, so that an
 * array of one VM can't be told from another's there.
 */
#ifndef VMAP_AREAS_H
#define VMAP_AREAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/kernel_memory.h"
#include "host/kernel_types.h"

struct vmap_area {
	uint64_t address;
	uint64_t pages;		/* without the guard page */
	uint64_t page_array;	/* address of its array of page pointers, vmalloc'ed or not */
	bool taken;		/* vmap_area_take() */
};

struct vmap_areas {
	struct vmap_area *list;	/* by address */
	size_t count, room;
};

/* Addresses of the kernel's symbols; 0: there is none. */
struct vmap_symbols {
	uint64_t area_list;	/* vmap_area_list, up to 6.8 */
	uint64_t nodes, count;	/* vmap_nodes and nr_vmap_nodes, since 6.9 */
};

/* 0, or -errno with the reason in why. Areas that come or go meanwhile may be missing or be gone. */
int vmap_areas_read(const struct kernel_memory *memory, const struct kernel_types *types,
		    const struct vmap_symbols *symbols, struct vmap_areas *areas,
		    char why[SOURCE_WHY]);
void vmap_areas_free(struct vmap_areas *areas);

/* The area that begins at an address, or NULL. */
const struct vmap_area *vmap_area_at(const struct vmap_areas *areas, uint64_t address);
/* Notes that the area at an address is an array of another VM than the one that is asked about. */
void vmap_area_take(struct vmap_areas *areas, uint64_t address);
/*
 * What the kernel holds for the area at an address: its pages and its vmalloc'ed arrays of page
 * pointers, times 4096 (mm/vmalloc.c, __vmalloc_area_node()). 0: no area begins there.
 */
uint64_t vmap_area_bytes(const struct vmap_areas *areas, uint64_t address);

#endif
