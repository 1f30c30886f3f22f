// SPDX-License-Identifier: GPL-2.0-only
#include "own_map.h"

#include "cpu.h"

#define ENTRIES 512
#define ADDRESS 0x000ffffffffff000ull

static uint64_t *own_table(const struct cpu *cpu, enum cpu_page page)
{
	return (uint64_t *)cpu_page(cpu, page);
}

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

/* The shared map has the whole GiB in one page, or in a table that may have gaps. */
static void fill_level2(struct cpu *cpu, uint64_t entry)
{
	const struct own_map *map = &cpu->own_map;
	uint64_t *level2 = own_table(cpu, CPU_PAGE_OWN_LEVEL2);
	uint64_t base = map->gpa & -pt_level_size(3);

	if (!(entry & map->format.large)) {
		copy(level2, table_of(entry));
		return;
	}
	for (unsigned int i = 0; i < ENTRIES; i++)
		level2[i] = large_page(map, base + i * pt_level_size(2));
}

bool own_map_make(struct cpu *cpu, struct pt_format format, uint64_t shared_root, uint64_t gpa)
{
	uint64_t *root = own_table(cpu, CPU_PAGE_OWN_ROOT);
	uint64_t *level3 = own_table(cpu, CPU_PAGE_OWN_LEVEL3);
	uint64_t *level2 = own_table(cpu, CPU_PAGE_OWN_LEVEL2);
	uint64_t entry;

	cpu->own_map = (struct own_map){
		.format = format, .shared_root = shared_root, .gpa = gpa,
	};
	copy(root, table_of(shared_root));
	entry = root[slot_of(gpa, 4)];
	if (!entry)
		return false;
	copy(level3, table_of(entry));
	root[slot_of(gpa, 4)] = link(&cpu->own_map, level3);
	entry = level3[slot_of(gpa, 3)];
	if (!entry)
		return false;
	fill_level2(cpu, entry);
	level3[slot_of(gpa, 3)] = link(&cpu->own_map, level2);
	return level2[slot_of(gpa, 2)] != 0;
}

void own_map_alias(struct cpu *cpu, uint64_t gpa, uint64_t target)
{
	uint64_t *level1 = own_table(cpu, CPU_PAGE_OWN_LEVEL1);

	for (unsigned int i = 0; i < ENTRIES; i++)
		level1[i] = target | cpu->own_map.format.leaf;
	own_table(cpu, CPU_PAGE_OWN_LEVEL2)[slot_of(gpa, 2)] = link(&cpu->own_map, level1);
}

void own_map_forget(struct cpu *cpu)
{
	uint64_t *level2 = own_table(cpu, CPU_PAGE_OWN_LEVEL2);

	cpu->own_map.churns = true;
	/* KVM write-protects tables it shadows: no more writes than there is something to change. */
	for (unsigned int i = 0; i < ENTRIES; i++)
		if (level2[i])
			level2[i] = 0;
	own_table(cpu, CPU_PAGE_OWN_LEVEL3)[slot_of(cpu->own_map.gpa, 3)] = 0;
}

/* As the shared map has it: 2M of its GiB page, or its own entry. */
static uint64_t shared_level2(const struct own_map *map, uint64_t gpa)
{
	uint64_t entry = table_of(map->shared_root)[slot_of(gpa, 4)];

	entry = table_of(entry)[slot_of(gpa, 3)];
	if (entry & map->format.large)
		return large_page(map, gpa);
	return table_of(entry)[slot_of(gpa, 2)];
}

bool own_map_give(struct cpu *cpu, uint64_t gpa)
{
	const struct own_map *map = &cpu->own_map;
	uint64_t *level2 = own_table(cpu, CPU_PAGE_OWN_LEVEL2);
	uint64_t *gib = &own_table(cpu, CPU_PAGE_OWN_LEVEL3)[slot_of(map->gpa, 3)];
	uint64_t *page = &level2[slot_of(gpa, 2)];

	if (!map->churns || gpa >> 30 != map->gpa >> 30 || (*gib && *page))
		return false;
	if (!*gib)
		*gib = link(map, level2);
	if (!*page)
		*page = shared_level2(map, gpa);
	return *page != 0;
}
