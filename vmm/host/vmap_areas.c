// SPDX-License-Identifier: GPL-2.0-only
#include "host/vmap_areas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096ull
#define TRIES 20
#define AREAS_MOST (1u << 24)
#define NODES_MOST 4096		/* vmap_init_nodes() makes at most 128 */
#define COPY 256		/* bytes of a struct vmap_area or vm_struct that its members lie in */

struct walk {
	const struct kernel_memory *memory;
	const struct kernel_types *types;
	struct vmap_areas *areas;
};

static int add(struct vmap_areas *areas, const struct vmap_area *area)
{
	size_t room = areas->room ? 2 * areas->room : 1024;
	struct vmap_area *larger;

	if (areas->count == areas->room) {
		larger = realloc(areas->list, room * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		areas->list = larger;
		areas->room = room;
	}
	areas->list[areas->count++] = *area;
	return 0;
}

/* The end of the furthest of some members: that much of their structure is read. */
static size_t extent(const struct kernel_types *types, enum kernel_member first,
		     enum kernel_member last)
{
	size_t end = 0;

	for (enum kernel_member member = first; member <= last; member++) {
		const struct kernel_field *field = &types->members[member];

		if (field->offset + field->size > end)
			end = field->offset + field->size;
	}
	return end;
}

static int add_area(const struct walk *walk, uint64_t vm)
{
	char copy[COPY];
	int code = kernel_memory_read(walk->memory, vm, copy,
				      extent(walk->types, MEMBER_VM_ADDR, MEMBER_VM_NR_PAGES));
	struct vmap_area area;

	/* It ended meanwhile. */
	if (code)
		return 0;
	area = (struct vmap_area){
		.address = kernel_value(walk->types, copy, MEMBER_VM_ADDR, 0),
		.pages = kernel_value(walk->types, copy, MEMBER_VM_NR_PAGES, 0),
		.page_array = kernel_value(walk->types, copy, MEMBER_VM_PAGES, 0),
	};
	return add(walk->areas, &area);
}

/* One list of areas; -EAGAIN when it changed where it was being read. */
static int walk_list(const struct walk *walk, uint64_t head)
{
	uint32_t list = walk->types->members[MEMBER_AREA_LIST].offset;
	size_t size = extent(walk->types, MEMBER_AREA_LIST, MEMBER_AREA_START);
	uint64_t before = head, at, links[2];
	char copy[COPY];
	int code = kernel_memory_read(walk->memory, head, links, sizeof(links));

	for (at = links[0]; !code && at != head; at = links[0]) {
		uint64_t vm;

		if (!kernel_pointer(at) || walk->areas->count == AREAS_MOST ||
		    kernel_memory_read(walk->memory, at - list, copy, size))
			return -EAGAIN;
		memcpy(links, copy + list, sizeof(links));
		if (links[1] != before)
			return -EAGAIN;
		vm = kernel_value(walk->types, copy, MEMBER_AREA_VM, 0);
		if (kernel_pointer(vm))
			code = add_area(walk, vm);
		before = at;
	}
	return code;
}

static int walk_list_until_settled(const struct walk *walk, uint64_t head)
{
	size_t before = walk->areas->count;
	int code = -EAGAIN;

	for (int try = 0; code == -EAGAIN && try < TRIES; try++) {
		if (try)
			usleep(200);
		walk->areas->count = before;
		code = walk_list(walk, head);
	}
	return code;
}

/* Since 6.9 the areas are spread over nodes: vmap_nodes[nr_vmap_nodes], each with a list. */
static int walk_nodes(const struct walk *walk, uint64_t nodes_at, uint64_t count_at)
{
	uint64_t nodes = 0;
	uint32_t count = 0;
	int code = kernel_memory_read(walk->memory, nodes_at, &nodes, sizeof(nodes));

	if (!code)
		code = kernel_memory_read(walk->memory, count_at, &count, sizeof(count));
	if (!code && (!kernel_pointer(nodes) || count > NODES_MOST))
		code = -EINVAL;
	for (uint32_t i = 0; !code && i < count; i++)
		code = walk_list_until_settled(walk, nodes + (uint64_t)i * walk->types->node_size +
					       walk->types->members[MEMBER_NODE_BUSY].offset);
	return code;
}

static int by_address(const void *a, const void *b)
{
	const struct vmap_area *one = a, *other = b;

	return one->address < other->address ? -1 : one->address > other->address;
}

static bool types_fit(const struct kernel_types *types)
{
	return types->members[MEMBER_AREA_LIST].known && types->members[MEMBER_AREA_VM].known &&
	       types->members[MEMBER_VM_ADDR].known && types->members[MEMBER_VM_PAGES].known &&
	       types->members[MEMBER_VM_NR_PAGES].known &&
	       extent(types, MEMBER_AREA_LIST, MEMBER_AREA_START) <= COPY &&
	       extent(types, MEMBER_VM_ADDR, MEMBER_VM_NR_PAGES) <= COPY;
}

static int walk_all(const struct walk *walk, const struct vmap_symbols *symbols,
		    char why[SOURCE_WHY])
{
	int code = -ENOENT;

	if (symbols->area_list)
		code = walk_list_until_settled(walk, symbols->area_list);
	else if (symbols->nodes && symbols->count && walk->types->node_size &&
		 walk->types->members[MEMBER_NODE_BUSY].known)
		code = walk_nodes(walk, symbols->nodes, symbols->count);
	if (code == -ENOENT)
		snprintf(why, SOURCE_WHY, "/proc/kallsyms has neither vmap_area_list nor vmap_nodes");
	else if (code)
		snprintf(why, SOURCE_WHY, "the kernel's list of vmalloc areas can't be read: %s",
			 strerror(-code));
	return code;
}

int vmap_areas_read(const struct kernel_memory *memory, const struct kernel_types *types,
		    const struct vmap_symbols *symbols, struct vmap_areas *areas,
		    char why[SOURCE_WHY])
{
	const struct walk walk = { memory, types, areas };
	int code;

	*areas = (struct vmap_areas){ 0 };
	if (!types_fit(types)) {
		snprintf(why, SOURCE_WHY, "this kernel's BTF has no struct vmap_area and vm_struct "
			 "as this program knows them");
		return -ENOENT;
	}
	code = walk_all(&walk, symbols, why);
	if (code) {
		vmap_areas_free(areas);
		return code;
	}
	if (areas->count)
		qsort(areas->list, areas->count, sizeof(*areas->list), by_address);
	return 0;
}

void vmap_areas_free(struct vmap_areas *areas)
{
	free(areas->list);
	*areas = (struct vmap_areas){ 0 };
}

static struct vmap_area *find(const struct vmap_areas *areas, uint64_t address)
{
	const struct vmap_area key = { .address = address };

	if (!address || !areas->count)
		return NULL;
	return bsearch(&key, areas->list, areas->count, sizeof(key), by_address);
}

const struct vmap_area *vmap_area_at(const struct vmap_areas *areas, uint64_t address)
{
	return find(areas, address);
}

void vmap_area_take(struct vmap_areas *areas, uint64_t address)
{
	struct vmap_area *area = find(areas, address);

	if (area)
		area->taken = true;
}

uint64_t vmap_area_bytes(const struct vmap_areas *areas, uint64_t address)
{
	const struct vmap_area *area = vmap_area_at(areas, address);
	uint64_t bytes = 0;

	/* An array of page pointers is smaller than what it points to, or it is none. */
	while (area) {
		const struct vmap_area *array = vmap_area_at(areas, area->page_array);

		bytes += area->pages * PAGE;
		area = array && array->pages < area->pages ? array : NULL;
	}
	return bytes;
}
