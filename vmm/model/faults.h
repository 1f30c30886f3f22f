/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation that must fail: the first shadow root's arrays of a slot that is too large
 * for this host's RAM. vmalloc refuses more pages than there are at once (mm/vmalloc.c,
 * __vmalloc_node_range()), so nothing has to be used up. Pure.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/layout.h"
#include "model/model.h"

/* How KVM goes through the slots: mmu_first_shadow_root_alloc(), kvm_for_each_memslot(). */
enum slot_order {
	ORDER_BY_BASE_DOWN,	/* 5.14 to 5.16: an array sorted by falling base */
	ORDER_BY_HASH,		/* 5.17: a hash table of the ids */
};

/*
 * What stays allocated when the first shadow root fails on a host of ram bytes: the arrays
 * of the slots that came before the impossible one. False: there is no such slot.
 */
bool faults_kept(const struct model *model, const struct layout *layout, enum slot_order order,
		 uint64_t ram, struct footprint *kept);

#endif
