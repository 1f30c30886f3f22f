/* SPDX-License-Identifier: GPL-2.0-only */
/* Can this host give the memory behind a layout? Asked before anything is made of it. */
#ifndef HOST_MEMORY_H
#define HOST_MEMORY_H

#include <stdint.h>

#include "base/err.h"
#include "config/layout.h"

/*
 * Hugetlb pools, files, NUMA nodes, memory to populate and to be touched (of mem_available bytes,
 * 0: not known), the process's address space, for so many VMs at a time. root: "" or a fixture
 * folder, for /sys. Returns 0, or -errno with the first rule that is broken in err: memslot,
 * value, limit, and what to do.
 */
int host_memory_check(const char *root, const struct layout *layout, uint64_t vms,
		      uint64_t mem_available, struct err *err);
/*
 * What the guests of so many VMs will use of this host's memory, in bytes: what is populated, or
 * what the phase that touches most writes to, if that is more: in huge pages, if that fits the room
 * (bytes). Pools of huge pages are not counted.
 */
uint64_t host_memory_use(const char *root, const struct layout *layout, uint64_t vms, uint64_t room);

#endif
