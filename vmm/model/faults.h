/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation that must fail: an array of a slot that is too large for this host's RAM, or for
 * this kernel. vmalloc refuses more pages than there are at once (mm/vmalloc.c,
 * __vmalloc_node_range()), so nothing has to be used up; kernel_refuses_large() has the other. Pure.
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
/* An array that the kernel refuses, whatever the host has. */
struct refusal {
	enum answer refused;		/* unknown: some kernels of this release refuse it */
	const struct slot *slot;
	struct slot_array array;
	bool at_creation;		/* the slot cannot be made; else no nested guest can run */
};
/* The first refusal that the VM meets. False: there is none. */
bool faults_refused(const struct model *model, const struct layout *layout, struct refusal *refusal);
/* "its rmap array of 2147483648 bytes is more than INT_MAX: ..." */
void faults_refusal_text(const struct refusal *refusal, char *text, size_t size);
/* What to do about it. */
extern const char faults_refusal_remedy[];
/* The largest slot that is possible on a host of ram bytes. */
uint64_t faults_possible_size(uint64_t ram);

#endif
