/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel allocates for a memslot, and when: arithmetic on layouts. Pure. kernel.h decides
 * which kernel does what.
 *
 * Source of the formulas: arch/x86/kvm/x86.c kvm_alloc_memslot_metadata() and
 * memslot_rmap_alloc(), arch/x86/kvm/mmu/page_track.c, virt/kvm/kvm_main.c
 * kvm_alloc_dirty_bitmap(), mm/vmalloc.c __vmalloc_area_node(). "Bytes" of an
 * array are what the kernel holds for it: its pages and its vmalloc'ed
 * page-pointer arrays, times 4096; guard pages and slab are not counted. Of kvcalloc's
 * arrays those of at most 4 MiB count as slab wherever it found room for them.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/layout.h"
#include "model/arrays.h"
#include "model/kernel.h"

struct footprint {
	uint64_t bytes[ARRAY_COUNT];
};

struct model {
	char name[48];		/* "5.18-6.8/external-tracking" */
	char why[256];		/* what it was chosen by */
	bool unsure;		/* whether KVM uses the TDP MMU is not known: what is seen may decide */
	bool rmap_lazy;		/* false: rmaps come with the slot */
	bool tracking_lazy;	/* false: tracking comes with the slot */
	bool older_vms;		/* VMs that are older than the parameter's value may be lazy all the same */
	bool whole_pages;	/* __vcalloc (5.18+); else kvcalloc, which puts up to 4 MiB into slab */
	bool nx_keeps_small;	/* with kvm.nx_huge_pages what was mapped by 4K may stay so */
	enum answer refuses_large; /* arrays of more than INT_MAX bytes; unknown: some kernels do */
	enum slot_order slot_order;
	uint64_t transition_slab; /* bytes of slab at the transition: page hash, 6.17+ */
	unsigned int extra_pages[ARRAY_COUNT]; /* selftest: a wrong prediction per slot, else 0 */
};

/* What a kernel of these facts does. */
void model_choose(const struct kernel_facts *facts, struct model *model);

/* Does the array wait for the first shadow root? Else it comes with the slot. */
bool model_is_lazy(const struct model *model, enum array array);
/*
 * May L1's own mappings be in the rmaps? They are where the TDP MMU is off (rmap_add(), mmu.c), and it is on where rmaps are lazy. On
 * other hosts it is not asked: a kernel before 5.14 may have it on.
 */
bool model_l1_may_have_rmaps(const struct model *model);
/* Everything the slot holds once all its arrays exist. */
void model_slot(const struct model *model, const struct slot *slot, struct footprint *all);
/* The layout's arrays that come with the slots, and those of the first shadow root. */
void model_layout(const struct model *model, const struct layout *layout,
		  struct footprint *creation, struct footprint *transition);
/*
 * What the same arrays take from a cgroup's memory: page-pointer arrays are not charged
 * (__vmalloc_area_node() drops __GFP_ACCOUNT for them), slab is.
 */
void model_charged(const struct model *model, const struct layout *layout,
		   struct footprint *creation, struct footprint *transition);
/* The same of one array of so many bytes. */
uint64_t model_charge(const struct model *model, uint64_t bytes);
uint64_t footprint_total(const struct footprint *footprint);
/* rmap heads per level (4K, 2M, 1G) over all slots: what mmu_rmaps_stat's rows add up to. */
void model_rmap_heads(const struct layout *layout, uint64_t heads[3]);

/* One array of a slot, as asked of the allocator. */
struct slot_array {
	enum array array;
	uint64_t bytes;
};
#define SLOT_ARRAYS 7	/* 3 of rmap, 2 of lpage_info, tracking, dirty bitmap */
size_t model_slot_arrays(const struct slot *slot, struct slot_array arrays[SLOT_ARRAYS]);
#define KMALLOC_MAX (4ull << 20) /* kvcalloc tries kmalloc up to this (KMALLOC_MAX_SIZE, 5.10 to 5.17) */

/*
 * The arrays in a difference of /proc/vmallocinfo. Where one function holds two
 * kinds (before 5.14 and on eager hosts the compiler inlines the rmaps into the
 * function of lpage_info), the predicted lpage_info is taken off first. Areas that an
 * array of at most 4 MiB explains, for which kvcalloc found no room in slab, are taken
 * off as well. Returns 0 or -ENOMEM.
 */
struct tally;
int model_measure(const struct model *model, const struct layout *layout,
		  const struct tally *delta, struct footprint *measured);

/* Is there an area of an array in the difference? Not where vmallocinfo names vmalloc's wrappers. */
bool model_names_arrays(const struct tally *delta);
/* Bytes of all areas of arrays in it; negative only in differences. */
int64_t model_arrays_bytes(const struct tally *delta);
/*
 * Did a new slot below 2 GiB bring its tracking array, which has so many pages? By them it is told
 * from the arrays of other VMs that come and go meanwhile, and have a part in the difference.
 * Unknown where no new array can be the slot's.
 */
enum answer model_slot_is_tracked(const struct tally *delta, uint64_t pages);
/*
 * The same where the wrappers are named: the areas in a difference of their tally are the arrays of
 * the layout if they have the sizes and the count of those that come with the slots, or of these and
 * the first shadow root's. Returns 0, -ENOENT if they are neither, or -ENOMEM.
 */
int model_measure_wrapped(const struct model *model, const struct layout *layout,
			  const struct tally *delta, struct footprint *measured);

#endif
