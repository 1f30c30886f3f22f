/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest payload: where it lies in guest memory, its page tables, its device tree. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdint.h>

#include "base/err.h"
#include "minivmm_abi.h"
#include "vm/vm.h"

/* One run of guest memory, page-aligned parts behind one another; all gpas. */
struct payload {
	uint64_t base, size;
	uint64_t vcpu_blocks;		/* ABI_VCPU_PAGES pages per vCPU */
	uint64_t tables, tables_end;	/* for CR3 */
	uint64_t pool, pool_end;	/* for NPT/EPT */
	uint64_t tree, tree_size;
	uint64_t cr3;
	unsigned int vcpus;
	int page_level;			/* of the identity maps: 2 = 2M, 3 = 1G */
};

/*
 * Finds room for the payload of a VM with so many vCPUs; pure. -EINVAL: no run of writable
 * slots that no worker takes away is large enough.
 */
int payload_place(const struct layout *layout, unsigned int vcpus, int page_level,
		  struct payload *payload, struct err *err);
/* Writes image, tables and device tree into the VM's memory. */
int payload_load(struct payload *payload, const struct vm *vm, struct err *err);

uint64_t payload_vcpu_block(const struct payload *payload, unsigned int vcpu);

#endif
