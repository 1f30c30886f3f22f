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

/*
 * What stays allocated when the first shadow root fails on a host of ram bytes: the arrays
 * of the slots that come before the impossible one. False: there is no such slot.
 */
bool faults_kept(const struct model *model, const struct layout *layout, uint64_t ram,
		 struct footprint *kept);
/* The largest slot that is possible on a host of ram bytes. */
uint64_t faults_possible_size(uint64_t ram);

#endif
