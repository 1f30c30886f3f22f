/* SPDX-License-Identifier: GPL-2.0-only */
/* The memslots of a config, one by one, and the rules for them. No ioctl, no file. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct slot {
	uint32_t id;			/* KVM's: slot id | address space << 16 */
	uint32_t kvm_flags;		/* KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES */
	uint64_t base, size;		/* gpa and bytes, whole pages */
	uint64_t plugged;		/* bytes from base on that the guest can use */
	uint32_t cfg;			/* index into config->memslots */
	uint32_t index;			/* within its row */
	bool ring;			/* its dirty pages are in the vCPUs' rings: it has no bitmap */
	bool gone;			/* deleted while the VM runs: do = slot-delete */
};

#define LAYOUT_IMPLICIT_MAX 6

struct layout {
	const struct config *config;
	struct slot *slots;		/* in config order, rows in gpa order */
	size_t count;
	uint32_t *by_base;		/* indices of the normal-space slots, by rising base */
	size_t normal_count;
	uint64_t top;			/* end of the highest slot */
	uint32_t *memory_of;		/* by memslot: itself, or the one whose memory it shows */
	/* KVM makes these by itself: model/implicit_slots.h. They are in no other list. */
	struct slot implicit[LAYOUT_IMPLICIT_MAX];
	const char *implicit_names[LAYOUT_IMPLICIT_MAX];
	size_t implicit_count;
	unsigned int *traits;		/* by memslot with memory of its own: for layout_traits() */
};

/* The limits of this host, or of the one that is assumed. */
struct layout_limits {
	uint32_t max_slots;		/* KVM_CAP_NR_MEMSLOTS */
	unsigned int phys_bits;		/* guest-physical address bits */
	/* Why this host can't have slots of a kind; NULL: it can. */
	const char *no_readonly, *no_smm, *no_guest_memfd;
};

/* KVM's own limits, for `plan`, which asks no host. */
#define LAYOUT_LIMITS_DEFAULT ((struct layout_limits){ .max_slots = 32764, .phys_bits = 52 })
#define SLOT_SIZE_MAX ((8ull << 40) - 4096)	/* KVM_MEM_MAX_NR_PAGES, include/linux/kvm_host.h */

/*
 * Expands rows and checks every rule that needs no kernel: alignment, size, wrap, overlap, ids,
 * count, address width, alias. Returns 0, or -EINVAL with every broken rule in errors
 * (`file:line: memslot.NAME.key: value: rule`, the rule with its limit). Takes n log n time for n
 * slots.
 */
int layout_build(const struct config *config, const struct layout_limits *limits,
		 struct layout *layout, struct errors *errors);
void layout_free(struct layout *layout);

/*
 * The traits (enum op_trait) of all ops that work on the memory behind config->memslots[cfg],
 * through whichever slot shows it.
 */
unsigned int layout_traits(const struct layout *layout, uint32_t cfg);

/* How much RAM the guest has in a slot, from its base on: none in a device's. */
uint64_t slot_ram(const struct layout *layout, const struct slot *slot);
/* Which part of a slot counts, from its base on: all of it, what is plugged, or what the guest has as RAM. */
enum slot_part { SLOT_WHOLE, SLOT_PLUGGED, SLOT_GUEST_RAM };
/* How many aligned regions of 1 << shift bytes hold a part of a slot of space normal. */
uint64_t layout_regions(const struct layout *layout, unsigned int shift, enum slot_part part);
/*
 * The VM's memory: the RAM that its guest has. Memory that several slots show (an alias, SMM's twin of
 * a slot) is counted once, a device's not at all, of a slot that is not all plugged what is plugged.
 */
uint64_t layout_memory(const struct layout *layout);

/* All memslots that KVM has: the layout's, then those that it makes by itself. */
static inline size_t layout_all_count(const struct layout *layout)
{
	return layout->count + layout->implicit_count;
}

static inline const struct slot *layout_any_slot(const struct layout *layout, size_t i)
{
	return i < layout->count ? &layout->slots[i] : &layout->implicit[i - layout->count];
}

#define LAYOUT_SPARE_ALIGN (1ull << 30)

/* A gpa above all slots, to which one may be moved. */
static inline uint64_t layout_spare_gpa(const struct layout *layout)
{
	return (layout->top + LAYOUT_SPARE_ALIGN - 1) & -LAYOUT_SPARE_ALIGN;
}

/* "NAME", or "NAME[3]" in a row. buffer has CONFIG_NAME_MAX + 16 bytes, and is returned. */
char *slot_name(const struct layout *layout, const struct slot *slot, char *buffer);

#endif
