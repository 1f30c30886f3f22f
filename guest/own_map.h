/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NPT/EPT tables of one vCPU alone, which L1 changes while L2 uses them. Only what has to differ
 * is copied from the shared tables: the way from the root to the 2M pages of one GiB.
 */
#ifndef OWN_MAP_H
#define OWN_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"
#include "minivmm_pt.h"

#define OWN_MAP_PAGES 4

struct own_map {
	struct pt_format format;
	uint64_t *root, *level3, *level2, *level1; /* its own tables */
	uint64_t shared_root;
	uint64_t gpa;		/* in the GiB whose 2M pages are its own */
	bool churns;		/* L1 takes entries away and gives them back */
	bool counted;		/* own_map_alias_counts() has been called, with this target */
	uint64_t target;
};

/*
 * Makes the tables in the OWN_MAP_PAGES pages from `pages` on; the root is the first. False: no
 * memory is mapped at gpa.
 */
bool own_map_make(struct own_map *map, struct pt_format format, uint64_t pages,
		  uint64_t shared_root, uint64_t gpa);
/* Maps the 2M at gpa to one page of L1's, 512 times. */
void own_map_alias(struct own_map *map, uint64_t gpa, uint64_t target);
/* Maps to each of the ABI_COUNTED_PAGES pages from `target` on, one after another, as often as do = "alias-counts" says. */
void own_map_alias_counts(struct own_map *map, uint64_t gpa, uint64_t target);
/* Has the 2M at gpa, which are in the same GiB, mapped by a leaf table. Returns the entry that says so. */
uint64_t *own_map_leaf(struct own_map *map, uint64_t gpa, uint64_t table);
/* Maps the whole GiB at gpa, in the same 512G, by its tables as well, so that L2 can only read there, or write, too. */
void own_map_view(struct own_map *map, uint64_t gpa, bool writable);
/* Is anything mapped in the GiB at gpa, in the same 512G? */
bool own_map_has(const struct own_map *map, uint64_t gpa);
/* Takes away the GiB's entry, and those of the 2M pages that L2 has used. */
void own_map_forget(struct own_map *map);
/* Gives back what L2 missed at gpa; false: nothing was taken away there. */
bool own_map_give(struct own_map *map, uint64_t gpa);

#endif
