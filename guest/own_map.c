// SPDX-License-Identifier: GPL-2.0-only
#include "own_map.h"

#define ENTRIES 512
#define ADDRESS 0x000ffffffffff000ull

static unsigned int slot_of(uint64_t gpa, int level)
{
	return gpa >> (12 + 9 * (level - 1)) & (ENTRIES - 1);
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(entry & ADDRESS);
}

static void copy(uint64_t *to, const uint64_t *from)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		to[i] = from[i];
}

static uint64_t link(const struct own_map *map, const uint64_t *table)
{
	return (uint64_t)table | map->format.table;
}

static uint64_t large_page(const struct own_map *map, uint64_t gpa)
{
	return (gpa & -pt_level_size(2)) | map->format.leaf | map->format.large;
}

/* In the shared map the whole GiB is one page, or a table that may have gaps. */
static void fill_level2(const struct own_map *map, uint64_t entry)
{
	uint64_t base = map->gpa & -pt_level_size(3);

	if (!(entry & map->format.large)) {
		copy(map->level2, table_of(entry));
		return;
	}
	for (unsigned int i = 0; i < ENTRIES; i++)
		map->level2[i] = large_page(map, base + i * pt_level_size(2));
}

static uint64_t *table_in(uint64_t pages, unsigned int index)
{
	return (uint64_t *)(pages + index * pt_level_size(1));
}

bool own_map_make(struct own_map *map, struct pt_format format, uint64_t pages,
		  uint64_t shared_root, uint64_t gpa)
{
	uint64_t entry;

	*map = (struct own_map){
		.format = format,
		.root = table_in(pages, 0), .level3 = table_in(pages, 1),
		.level2 = table_in(pages, 2), .level1 = table_in(pages, 3),
		.shared_root = shared_root, .gpa = gpa,
	};
	copy(map->root, table_of(shared_root));
	entry = map->root[slot_of(gpa, 4)];
	if (!entry)
		return false;
	copy(map->level3, table_of(entry));
	map->root[slot_of(gpa, 4)] = link(map, map->level3);
	entry = map->level3[slot_of(gpa, 3)];
	if (!entry)
		return false;
	fill_level2(map, entry);
	map->level3[slot_of(gpa, 3)] = link(map, map->level2);
	return map->level2[slot_of(gpa, 2)] != 0;
}

void own_map_alias(struct own_map *map, uint64_t gpa, uint64_t target)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		map->level1[i] = target | map->format.leaf;
	map->level2[slot_of(gpa, 2)] = link(map, map->level1);
}

void own_map_alias_counts(struct own_map *map, uint64_t gpa, uint64_t target)
{
	unsigned int next = 0;

	map->counted = true;
	map->target = target;
	for (unsigned int page = 0; page < ABI_COUNTED_PAGES; page++, target += ABI_PAGE_SIZE)
		for (unsigned int i = 0; i <= page; i++)
			map->level1[next++] = target | map->format.leaf;
	while (next < ENTRIES)
		map->level1[next++] = 0;
	map->level2[slot_of(gpa, 2)] = link(map, map->level1);
}

uint64_t *own_map_leaf(struct own_map *map, uint64_t gpa, uint64_t table)
{
	uint64_t *entry = &map->level2[slot_of(gpa, 2)];

	*entry = table | map->format.table;
	return entry;
}

void own_map_view(struct own_map *map, uint64_t gpa, bool writable)
{
	map->level3[slot_of(gpa, 3)] = link(map, map->level2) & ~(writable ? 0 : PT_WRITABLE);
}

bool own_map_has(const struct own_map *map, uint64_t gpa)
{
	return map->level3[slot_of(gpa, 3)];
}

void own_map_forget(struct own_map *map)
{
	map->churns = true;
	/*
	 * KVM write-protects the tables that it shadows: write only where there is something to
	 * change.
	 */
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (map->level2[i])
			map->level2[i] = 0;
	map->level3[slot_of(map->gpa, 3)] = 0;
}

/* The entry of the shared map: 2M of its GiB page, or what its level-2 table has. */
static uint64_t shared_level2(const struct own_map *map, uint64_t gpa)
{
	uint64_t entry = table_of(map->shared_root)[slot_of(gpa, 4)];

	entry = table_of(entry)[slot_of(gpa, 3)];
	if (entry & map->format.large)
		return large_page(map, gpa);
	return table_of(entry)[slot_of(gpa, 2)];
}

bool own_map_give(struct own_map *map, uint64_t gpa)
{
	uint64_t *gib, *page;

	if (!map->churns || gpa >> 30 != map->gpa >> 30)
		return false;
	gib = &map->level3[slot_of(map->gpa, 3)];
	page = &map->level2[slot_of(gpa, 2)];
	if (*gib && *page)
		return false;
	if (!*gib)
		*gib = link(map, map->level2);
	if (!*page)
		*page = shared_level2(map, gpa);
	return *page != 0;
}
