/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory behind a VM's memslots, as the VMM's process has it mapped: what it is, how much of it is
 * the guest's RAM, and how much of that is there already. Reads /proc/PID/maps, status and pagemap.
 */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/kvm_memslots.h"
#include "host/snapshot.h"

struct mapping {
	uint64_t start, end;
	bool writable, is_private;
	char name[80];		/* "[heap]", "/memfd:ram (deleted)"; "": anonymous */
};

struct mappings {
	struct mapping *list;	/* by address */
	size_t count;
};

/* root: "" or a fixture folder. 0, or -errno with the reason in why. */
int mappings_read(const char *root, pid_t pid, struct mappings *mappings, char why[SOURCE_WHY]);
void mappings_free(struct mappings *mappings);
/* The mapping that an address lies in, or NULL. */
const struct mapping *mapping_at(const struct mappings *mappings, uint64_t address);
/* Memory of a device, such as a BAR: VFIO's, a PCI resource, or another device node. */
bool mapping_is_device(const struct mapping *mapping);

struct guest_memory {
	struct figure ram;	/* bytes: what several memslots show counts once, a device's not at all */
	struct figure resident;	/* of that, what is charged already */
	struct figure own;	/* what the VMM's process has for itself */
	struct mappings mappings;
	char why[SOURCE_WHY];	/* why one of them is not known, or "" */
};
/*
 * Not more is resident than this says, if it is off: file mappings and what lies in swap do not count.
 */
void guest_memory_read(const char *root, pid_t pid, const struct kernel_memslot *slots, size_t count,
		       struct guest_memory *memory);
void guest_memory_free(struct guest_memory *memory);

#endif
