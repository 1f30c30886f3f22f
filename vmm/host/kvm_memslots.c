// SPDX-License-Identifier: GPL-2.0-only
#include "host/kvm_memslots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/module_symbols.h"

#define TRIES 20
#define VMS_MOST 65536
#define SLOTS_MOST 65536		/* 2 address spaces of 32764, and some slots of KVM's own */
#define SPACES_MOST 4
#define IN_PROGRESS (1ull << 63)	/* KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS */

/* One reading of one VM. */
struct reading {
	const struct kvm_reader *reader;
	unsigned char *kvm;		/* a copy of struct kvm */
	uint64_t generations[SPACES_MOST];
	struct kernel_vm vm;
};

static uint64_t kvm_value(const struct reading *reading, enum kernel_member member, uint32_t index)
{
	return kernel_value(&reading->reader->types, reading->kvm, member, index);
}

static int read_at(const struct reading *reading, uint64_t address, void *buffer, size_t size)
{
	return kernel_memory_read(&reading->reader->memory, address, buffer, size);
}

/* The active set of memslots is in struct kvm itself since 5.17, and so in the copy of that. */
static int read_set(const struct reading *reading, uint64_t address, void *buffer, size_t size)
{
	uint64_t into = address - reading->vm.kvm, all = reading->reader->types.kvm_size;

	if (address < reading->vm.kvm || into > all || size > all - into)
		return read_at(reading, address, buffer, size);
	memcpy(buffer, reading->kvm + into, size);
	return 0;
}

/* What was read is no state that existed: to be read again. */
static int refuse(struct reading *reading, const char *why)
{
	reading->vm.why = why;
	return -EAGAIN;
}

static int grow(struct kernel_vm *vm)
{
	size_t room = vm->room ? 2 * vm->room : 64;
	struct kernel_memslot *larger;

	if (vm->count < vm->room)
		return 0;
	larger = realloc(vm->slots, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	vm->slots = larger;
	vm->room = room;
	return 0;
}

static struct memslot_arrays arrays_of(const struct kernel_types *types, const void *raw)
{
	/* One or the other: gfn_track[] became gfn_write_track in 6.5. */
	uint64_t tracking = kernel_value(types, raw, MEMBER_SLOT_TRACK, 0);

	return (struct memslot_arrays){
		.rmap = { kernel_value(types, raw, MEMBER_SLOT_RMAP, 0),
			  kernel_value(types, raw, MEMBER_SLOT_RMAP, 1),
			  kernel_value(types, raw, MEMBER_SLOT_RMAP, 2) },
		.lpage_info = { kernel_value(types, raw, MEMBER_SLOT_LPAGE, 0),
				kernel_value(types, raw, MEMBER_SLOT_LPAGE, 1) },
		.tracking = tracking ? tracking :
				       kernel_value(types, raw, MEMBER_SLOT_WRITE_TRACK, 0),
		.dirty_bitmap = kernel_value(types, raw, MEMBER_SLOT_BITMAP, 0),
	};
}

static int add_slot(struct reading *reading, const void *raw, unsigned int as_id)
{
	const struct kernel_types *types = &reading->reader->types;
	struct kernel_vm *vm = &reading->vm;
	struct kernel_memslot *slot;

	if (vm->count == SLOTS_MOST)
		return refuse(reading, "it has more memslots than KVM allows");
	if (grow(vm))
		return -ENOMEM;
	slot = &vm->slots[vm->count++];
	*slot = (struct kernel_memslot){
		.base_gfn = kernel_value(types, raw, MEMBER_SLOT_BASE, 0),
		.npages = kernel_value(types, raw, MEMBER_SLOT_NPAGES, 0),
		.hva = kernel_value(types, raw, MEMBER_SLOT_HVA, 0),
		.flags = (uint32_t)kernel_value(types, raw, MEMBER_SLOT_FLAGS, 0),
		.id = (uint16_t)kernel_value(types, raw, MEMBER_SLOT_ID, 0),
		.as_id = (uint16_t)as_id,
		.arrays = arrays_of(types, raw),
	};
	if (!slot->npages || slot->npages >> 40 || slot->base_gfn >> 40 ||
	    (types->members[MEMBER_SLOT_AS_ID].known &&
	     kernel_value(types, raw, MEMBER_SLOT_AS_ID, 0) != as_id))
		return refuse(reading, "its memslots were not memslots");
	return 0;
}

/* Up to 5.16: a sorted array, the highest gfn first. */
static int read_array(struct reading *reading, uint64_t slots, const void *head, unsigned int as_id)
{
	const struct kernel_types *types = &reading->reader->types;
	uint64_t used = kernel_value(types, head, MEMBER_SLOTS_USED, 0);
	unsigned char *raw;
	int code = 0;

	if (used > SLOTS_MOST)
		return refuse(reading, "it has more memslots than KVM allows");
	raw = malloc(used * types->slot_size + 1);
	if (!raw)
		return -ENOMEM;
	if (used)
		code = read_at(reading, slots + types->members[MEMBER_SLOTS_ARRAY].offset, raw,
			       used * types->slot_size);
	for (size_t i = used; !code && i--;)
		code = add_slot(reading, raw + i * types->slot_size, as_id);
	free(raw);
	return code;
}

/* The way back up in a red-black tree of 2^16 nodes is at most 34 long. */
#define TREE_DEPTH 40

struct tree_walk {
	uint64_t next;			/* node to go down to, 0: go up */
	uint32_t node_offset;		/* of the rb_node in a slot */
	unsigned int depth;
	uint64_t right[TREE_DEPTH];
	unsigned char *raw;		/* TREE_DEPTH copies of a slot */
};

static int go_down(struct reading *reading, struct tree_walk *walk)
{
	size_t size = reading->reader->types.slot_size;
	unsigned char *raw = walk->raw + walk->depth * size;
	uint64_t links[3];		/* struct rb_node: parent and colour, right, left */
	int code;

	if (!kernel_pointer(walk->next) || walk->depth == TREE_DEPTH ||
	    walk->node_offset + sizeof(links) > size)
		return refuse(reading, "its memslots were not a tree");
	code = read_at(reading, walk->next - walk->node_offset, raw, size);
	if (code)
		return code;
	memcpy(links, raw + walk->node_offset, sizeof(links));
	walk->right[walk->depth++] = links[1];
	walk->next = links[2];
	return 0;
}

/* Since 5.17: a tree by gfn, in order. */
static int read_tree(struct reading *reading, const void *head, unsigned int as_id)
{
	const struct kernel_types *types = &reading->reader->types;
	const struct kernel_field *node = &types->members[MEMBER_SLOT_NODE];
	uint32_t index = kernel_value(types, head, MEMBER_SLOTS_INDEX, 0) & 1;
	struct tree_walk walk = {
		.next = kernel_value(types, head, MEMBER_SLOTS_TREE, 0),
		.node_offset = node->offset + index * node->size,
		.raw = malloc(TREE_DEPTH * (size_t)types->slot_size),
	};
	int code = walk.raw ? 0 : -ENOMEM;

	while (!code && (walk.next || walk.depth)) {
		if (walk.next) {
			code = go_down(reading, &walk);
			continue;
		}
		walk.depth--;
		code = add_slot(reading, walk.raw + walk.depth * types->slot_size, as_id);
		walk.next = walk.right[walk.depth];
	}
	free(walk.raw);
	return code;
}

static int check_order(struct reading *reading, size_t first)
{
	const struct kernel_memslot *slots = reading->vm.slots;

	for (size_t i = first + 1; i < reading->vm.count; i++)
		if (slots[i].base_gfn < slots[i - 1].base_gfn + slots[i - 1].npages)
			return refuse(reading, "its memslots were out of order");
	return 0;
}

/* One address space: normal, or SMM. */
static int read_space(struct reading *reading, unsigned int as_id)
{
	const struct kernel_types *types = &reading->reader->types;
	bool is_array = types->members[MEMBER_SLOTS_ARRAY].known;
	size_t size = is_array ? types->members[MEMBER_SLOTS_ARRAY].offset : types->slots_size;
	uint64_t slots = kvm_value(reading, MEMBER_KVM_MEMSLOTS, as_id);
	size_t first = reading->vm.count;
	unsigned char *head;
	int code;

	if (!kernel_pointer(slots))
		return refuse(reading, "it had no memslots yet");
	head = malloc(size);
	if (!head)
		return -ENOMEM;
	code = read_set(reading, slots, head, size);
	if (!code) {
		reading->generations[as_id] = kernel_value(types, head, MEMBER_SLOTS_GENERATION, 0);
		if (reading->generations[as_id] & IN_PROGRESS)
			code = refuse(reading, "its memslots kept changing");
	}
	if (!code)
		code = is_array ? read_array(reading, slots, head, as_id) :
				  read_tree(reading, head, as_id);
	free(head);
	return code ? code : check_order(reading, first);
}

static uint32_t space_count(const struct reading *reading)
{
	uint32_t count = reading->reader->types.members[MEMBER_KVM_MEMSLOTS].count;

	return count < SPACES_MOST ? count : SPACES_MOST;
}

/* KVM changes only the inactive set: the active one with the same generation is what it was. */
static int check_unchanged(struct reading *reading)
{
	const struct kernel_types *types = &reading->reader->types;
	uint32_t generation_at = types->members[MEMBER_SLOTS_GENERATION].offset;
	uint64_t now[SPACES_MOST], generation;
	int code = read_at(reading,
			   reading->vm.kvm + types->members[MEMBER_KVM_MEMSLOTS].offset, now,
			   space_count(reading) * sizeof(now[0]));

	for (uint32_t as = 0; !code && as < space_count(reading); as++) {
		if (now[as] != kvm_value(reading, MEMBER_KVM_MEMSLOTS, as))
			return refuse(reading, "its memslots kept changing");
		code = read_at(reading, now[as] + generation_at, &generation, sizeof(generation));
		if (!code && generation != reading->generations[as])
			return refuse(reading, "its memslots kept changing");
	}
	return code;
}

/* stats_id is "kvm-PID" (kvm_create_vm(), 5.14): the proof of a struct kvm that is complete. */
static int check_kvm(struct reading *reading)
{
	const struct kernel_field *id = &reading->reader->types.members[MEMBER_KVM_STATS_ID];
	struct kernel_vm *vm = &reading->vm;
	char expected[24];

	if (vm->pid <= 0 || !kvm_value(reading, MEMBER_KVM_USERS, 0) ||
	    !kernel_pointer(kvm_value(reading, MEMBER_KVM_MM, 0)))
		return refuse(reading, "it was being made or destroyed");
	snprintf(expected, sizeof(expected), "kvm-%d", vm->pid);
	if (id->known && memcmp(expected, reading->kvm + id->offset, strlen(expected) + 1))
		return refuse(reading, "its struct kvm did not name its thread");
	return 0;
}

static int check_sum(struct reading *reading)
{
	const struct kernel_vm *vm = &reading->vm;
	uint64_t pages = 0;

	for (size_t i = 0; i < vm->count; i++)
		pages += vm->slots[i].npages;
	if (reading->reader->types.members[MEMBER_KVM_PAGES].known &&
	    pages != kvm_value(reading, MEMBER_KVM_PAGES, 0))
		return refuse(reading, "nr_memslot_pages was not the sum of its memslots");
	return 0;
}

static int read_once(struct reading *reading)
{
	struct kernel_vm *vm = &reading->vm;
	int code = read_at(reading, vm->kvm, reading->kvm, reading->reader->types.kvm_size);

	if (code) {
		/* What the copy still has is another VM's. */
		memset(reading->kvm, 0, reading->reader->types.kvm_size);
		return refuse(reading, "it is gone");
	}
	vm->count = 0;
	vm->pid = (int32_t)kvm_value(reading, MEMBER_KVM_PID, 0);
	vm->vcpus = (uint32_t)kvm_value(reading, MEMBER_KVM_VCPUS, 0);
	code = check_kvm(reading);
	for (uint32_t as = 0; !code && as < space_count(reading); as++)
		code = read_space(reading, as);
	if (!code)
		code = check_unchanged(reading);
	return code ? code : check_sum(reading);
}

/* Reads who owns its memory, and its folder in debugfs. What can't be read stays unknown. */
static void read_owner(struct reading *reading)
{
	const struct kernel_field *members = reading->reader->types.members;
	uint64_t dentry = kvm_value(reading, MEMBER_KVM_DENTRY, 0), owner = 0, name = 0;
	uint64_t mm = kvm_value(reading, MEMBER_KVM_MM, 0);
	struct kernel_vm *vm = &reading->vm;

	vm->tgid = 0;
	if (members[MEMBER_MM_OWNER].known &&
	    !read_at(reading, mm + members[MEMBER_MM_OWNER].offset, &owner, sizeof(owner)) &&
	    kernel_pointer(owner) &&
	    read_at(reading, owner + members[MEMBER_TASK_TGID].offset, &vm->tgid, sizeof(vm->tgid)))
		vm->tgid = 0;
	memset(vm->folder, 0, sizeof(vm->folder));
	if (kernel_pointer(dentry) &&
	    !read_at(reading, dentry + members[MEMBER_DENTRY_NAME].offset, &name, sizeof(name)) &&
	    name >> 63)
		read_at(reading, name, vm->folder, sizeof(vm->folder) - 1);
	if (strspn(vm->folder, "0123456789-") != strlen(vm->folder))
		vm->folder[0] = '\0';
}

/* 0, settled or not, or -ENOMEM. */
static int read_vm(struct reading *reading)
{
	int code = -EAGAIN;

	reading->vm.why = NULL;
	reading->vm.pid = 0;
	for (unsigned int try = 0; code && try < TRIES; try++) {
		if (try)
			usleep(100u << (try < 8 ? try : 8));
		code = read_once(reading);
		if (code == -ENOMEM)
			return code;
		if (code == -EFAULT)
			refuse(reading, "it is gone");
	}
	reading->vm.settled = !code;
	read_owner(reading);
	if (code)
		reading->vm.count = 0;
	return 0;
}

struct node_list {
	uint64_t *nodes;
	size_t count;
};

/* One pass along vm_list; -EAGAIN when a VM was linked in or out meanwhile. */
static int list_once(const struct kvm_reader *reader, struct node_list *list)
{
	uint64_t links[2], at = reader->vm_list, before = at;	/* struct list_head: next, prev */

	for (list->count = 0; list->count < VMS_MOST; at = links[0]) {
		if (!kernel_pointer(at) ||
		    kernel_memory_read(&reader->memory, at, links, sizeof(links)))
			return -EAGAIN;
		if (at != reader->vm_list) {
			if (links[1] != before)
				return -EAGAIN;
			list->nodes[list->count++] = at;
			before = at;
		}
		if (links[0] == reader->vm_list)
			return 0;
	}
	return -EAGAIN;
}

static int list_vms(const struct kvm_reader *reader, struct node_list *list)
{
	int code = -EAGAIN;

	list->nodes = malloc(VMS_MOST * sizeof(*list->nodes));
	if (!list->nodes)
		return -ENOMEM;
	for (int try = 0; code && try < TRIES; try++) {
		if (try)
			usleep(200);
		code = list_once(reader, list);
	}
	return code;
}

static bool links_to(const struct kvm_reader *reader, uint64_t before, uint64_t node)
{
	uint64_t next;

	return !kernel_memory_read(&reader->memory, before, &next, sizeof(next)) && next == node;
}

/*
 * Memory of a VM that ended may still hold what it held: only a VM that is still listed counts.
 * Where its neighbour does not link to it any more, the neighbour may be the one that ended.
 */
static int check_listed(struct reading *reading, uint64_t node, uint64_t before)
{
	struct node_list now = { 0 };
	bool listed = false;
	int code;

	if (links_to(reading->reader, before, node))
		return 0;
	code = list_vms(reading->reader, &now);

	for (size_t i = 0; !code && i < now.count; i++)
		listed |= now.nodes[i] == node;
	free(now.nodes);
	if (code == -ENOMEM)
		return code;
	if (!listed) {
		reading->vm.settled = false;
		reading->vm.why = "it is gone";
		reading->vm.count = 0;
	}
	return 0;
}

int kvm_reader_vm(const struct kvm_reader *reader, struct kernel_vm *vm)
{
	struct reading reading = {
		.reader = reader, .kvm = malloc(reader->types.kvm_size), .vm = *vm,
	};
	int code = reading.kvm ? read_vm(&reading) : -ENOMEM;

	*vm = reading.vm;
	free(reading.kvm);
	return code;
}

int kvm_reader_each(const struct kvm_reader *reader, kernel_vm_visit *visit, void *data)
{
	struct reading reading = { .reader = reader, .kvm = malloc(reader->types.kvm_size) };
	struct node_list list = { 0 };
	int code = reading.kvm ? list_vms(reader, &list) : -ENOMEM;

	for (size_t i = 0; !code && i < list.count; i++) {
		reading.vm.kvm = list.nodes[i] - reader->types.members[MEMBER_KVM_VM_LIST].offset;
		code = read_vm(&reading);
		if (!code && reading.vm.settled)
			code = check_listed(&reading, list.nodes[i],
					    i ? list.nodes[i - 1] : reader->vm_list);
		if (!code)
			code = visit(&reading.vm, data);
	}
	free(list.nodes);
	free(reading.vm.slots);
	free(reading.kvm);
	return code;
}

/* All of them in one pass: /proc/kallsyms has some 200,000 lines. 0, or -errno with the reason in why. */
static int find_symbols(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY])
{
	struct kernel_symbol symbols[] = {
		{ .name = "vm_list" }, { .name = "vmap_area_list" }, { .name = "vmap_nodes" },
		{ .name = "nr_vmap_nodes" },
	};
	int code = kernel_symbols_find(root, symbols, sizeof(symbols) / sizeof(symbols[0]), why);

	if (code)
		return code;
	reader->vm_list = symbols[0].address;
	reader->vmap = (struct vmap_symbols){
		symbols[1].address, symbols[2].address, symbols[3].address,
	};
	if (reader->vm_list)
		return 0;
	snprintf(why, SOURCE_WHY, "/proc/kallsyms has no vm_list: KVM is not loaded, or this kernel "
		 "keeps its data symbols out");
	return -ENOENT;
}

int kvm_reader_open(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY])
{
	int code;

	*reader = (struct kvm_reader){ .memory.fd = -1 };
	code = kernel_memory_open(&reader->memory, root, why);
	if (!code)
		code = kernel_types_read(root, &reader->types, why);
	if (!code)
		reader->vm_list = module_symbol(root, &reader->memory, &reader->types, "vm_list");
	if (!code && !reader->vm_list)
		code = find_symbols(reader, root, why);
	if (code)
		kvm_reader_close(reader);
	return code;
}

int kvm_reader_find_areas(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY])
{
	const struct vmap_symbols *vmap = &reader->vmap;

	return vmap->area_list || vmap->nodes ? 0 : find_symbols(reader, root, why);
}

void kvm_reader_rest(struct kvm_reader *reader)
{
	kernel_memory_close(&reader->memory);
}

int kvm_reader_resume(struct kvm_reader *reader, const char *root, char why[SOURCE_WHY])
{
	return kernel_memory_open(&reader->memory, root, why);
}

void kvm_reader_close(struct kvm_reader *reader)
{
	kernel_memory_close(&reader->memory);
}
