/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells the built-in payload which pages the VMM takes away: struct abi_losses (minivmm_abi.h), in the guest's memory. */
#ifndef LOSSES_H
#define LOSSES_H

#include <stddef.h>
#include <stdint.h>

#include "config/layout.h"
#include "vm/vm.h"

/* A part of the host memory behind a slot. */
struct losses_part {
	const struct slot *slot;
	const uint8_t *memory;		/* the pages that hold these bytes */
	uint64_t size;
};

/*
 * Before and after the pages of the part are taken away: marks them in each slot that shows them. table: the gpa of the VM's
 * struct abi_losses, 0: it has none, and nothing is marked. Any number of threads may do so at once.
 */
void losses_begin(const struct vm *vm, uint64_t table, const struct losses_part *part);
void losses_end(const struct vm *vm, uint64_t table, const struct losses_part *part);

#endif
