// SPDX-License-Identifier: GPL-2.0-only
#include "vm/ram_map.h"

#include <errno.h>

#define LEAST (16ull << 20)	/* no kernel fits into less */

static int add(struct ram_map *map, uint64_t base, uint64_t size, enum ram_type type)
{
	struct ram_range *last = map->count ? &map->ranges[map->count - 1] : NULL;

	if (!size)
		return 0;
	if (last && last->type == type && last->base + last->size == base) {
		last->size += size;
		return 0;
	}
	if (map->count == RAM_RANGES_MAX)
		return -E2BIG;
	map->ranges[map->count++] = (struct ram_range){ base, size, type };
	return 0;
}

/* What the guest may use of a slot: all of it that is RAM and can be written. */
static uint64_t usable(const struct layout *layout, const struct slot *slot)
{
	const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];

	return cfg->flags & SLOT_READONLY ? 0 : slot_ram(layout, slot);
}

/* Leaves out what lies below 1 MiB: ram_map_make() has added that. */
static int add_slot(const struct layout *layout, const struct slot *slot, struct ram_map *map)
{
	uint64_t ram = usable(layout, slot), end = slot->base + ram, rest = slot->size - ram;
	uint64_t base = slot->base < PC_HIGH ? PC_HIGH : slot->base;
	int code = end > base ? add(map, base, end - base, RAM_USABLE) : 0;

	if (!code && end >= PC_HIGH)
		code = add(map, end, rest, RAM_RESERVED);
	return code;
}

static int check_hole(const struct layout *layout, const struct slot *slot, struct err *err)
{
	char name[CONFIG_NAME_MAX + 16];

	if (slot->base >= PC_DEVICES_END || slot->base + slot->size <= PC_DEVICES)
		return 0;
	err_set(err, EINVAL, "memslot.%s: it reaches into 0xfec00000 to 0xffffffff, where a PC's interrupt "
		"controllers are", slot_name(layout, slot, name));
	err_remedy(err, "end the low memslot at 3G, and let the rest begin at 4G");
	return -EINVAL;
}

/* The end of the RAM that begins at 0 and goes on without a hole. */
static uint64_t find_low_end(const struct layout *layout)
{
	uint64_t end = 0;

	for (size_t i = 0; i < layout->normal_count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[i]];

		if (slot->base != end || !usable(layout, slot))
			break;
		end += usable(layout, slot);
		if (usable(layout, slot) < slot->size)
			break;
	}
	return end;
}

int ram_map_make(const struct layout *layout, struct ram_map *map, struct err *err)
{
	int code = 0;

	*map = (struct ram_map){ .low_end = find_low_end(layout) };
	if (map->low_end < LEAST) {
		err_set(err, EINVAL, "payload = %s needs at least 16M of writable memory from address 0 on",
			payload_name(layout->config->guest.payload));
		err_remedy(err, "add [memslot.low] base = 0, size = 512M");
		return -EINVAL;
	}
	add(map, 0, PC_LOW_END, RAM_USABLE);
	add(map, PC_LOW_END, PC_HIGH - PC_LOW_END, RAM_RESERVED);
	for (size_t i = 0; !code && i < layout->normal_count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[i]];

		if (check_hole(layout, slot, err))
			return -EINVAL;
		code = add_slot(layout, slot, map);
	}
	return code ? err_set(err, EINVAL, "payload = %s: the memslots are more than %d separate ranges "
			      "of memory", payload_name(layout->config->guest.payload),
			      RAM_RANGES_MAX) : 0;
}
