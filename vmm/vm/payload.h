/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs in one VM, as [guest] payload names it: which kind it is, and where it lies in guest
 * memory. The functions are in guest.c.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdint.h>

#include "base/err.h"
#include "vm/vm.h"

struct guest_ops;
struct pc_guest;

/* All addresses are guest-physical. */
struct payload {
	const struct guest_ops *ops;	/* of its kind */
	unsigned int vcpus;
	int page_level;			/* of the identity maps: 2 = 2M, 3 = 1G */
	uint64_t base, size;		/* its memory: no worker, no phase may take it away */
	/*
	 * The built-in payload's parts of that memory, page-aligned, in this order after its
	 * image.
	 */
	uint64_t vcpu_blocks;		/* ABI_VCPU_PAGES pages per vCPU */
	uint64_t tables, tables_end;	/* for CR3 */
	uint64_t pool, pool_end;	/* for NPT/EPT */
	uint64_t losses;		/* a struct abi_losses, where workers take pages away; else 0 */
	uint64_t tree, tree_size;
	uint64_t cr3;
	struct pc_guest *pc_guest;	/* of payloads that are files of the user's: guest_pc.h */
};

/*
 * Finds room for the config's payload in a VM with so many vCPUs; pure. -EINVAL: no run of
 * writable slots that no worker takes away is large enough.
 */
int payload_place(const struct layout *layout, unsigned int vcpus, int page_level,
		  struct payload *payload, struct err *err);
/* Writes it into the memory of a VM that has no vCPU yet. */
int payload_load(struct payload *payload, const struct vm *vm, struct err *err);
/* Gives back what it has taken, once its vCPUs are gone. It may never have been placed. */
void payload_release(struct payload *payload);

#endif
