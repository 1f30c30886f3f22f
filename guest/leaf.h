/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * do = "tables" with 4K pages: leaf tables of L1's nested tables change, and L2 must go by them. KVM does not see such writes one by
 * one: its copies of the tables become unsynchronised with them, and it must copy all of them anew when the TLB is flushed
 * (mmu_try_to_unsync_pages(), kvm_mmu_sync_roots(), 6.12).
 */
#ifndef LEAF_H
#define LEAF_H

#include "nested_ops.h"
#include "tree.h"

/* L2 has written the first pages as data. L1 makes them its tables, and what follows them is what the leaf tables map. */
enum abi_status leaf_phase(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase,
			   const struct tree *alone);

#endif
