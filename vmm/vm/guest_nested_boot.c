// SPDX-License-Identifier: GPL-2.0-only
/*
 * payload = nested, until its first instruction: where it lies, its page tables, its device tree,
 * its registers.
 */
#include "vm/guest_nested.h"

#include <errno.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "config/ops.h"
#include "minivmm_pt.h"
#include "vm/device_tree.h"
#include "vm/vcpu_state.h"

/* payload_image.S */
extern const char payload_image[], payload_image_end[];

static uint64_t page_align(uint64_t bytes)
{
	return (bytes + 4095) & -4096ull;
}

static size_t image_bytes(void)
{
	/* cppcheck-suppress comparePointers ; the assembler puts one right behind the other */
	return (size_t)(payload_image_end - payload_image);
}

static uint64_t image_size(void)
{
	return page_align(image_bytes());
}

/* Bytes of the tables that an identity map needs: the root, and a table of each level for each region of its size. */
static uint64_t tables_size(const struct layout *layout, int page_level, enum slot_part part)
{
	uint64_t pages = 1;

	for (int level = page_level; level <= 3; level++)
		pages += layout_regions(layout, (unsigned int)(12 + 9 * level), part);
	return pages * 4096;
}

/* L1's nested tables: by the largest pages and, if a phase has them so, by 4K pages as well. do = tables has its own. */
static uint64_t pool_size(const struct layout *layout, int page_level)
{
	const struct config *config = layout->config;
	uint64_t size = tables_size(layout, page_level, SLOT_GUEST_RAM);

	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].nested_pages == NESTED_4K && config->phases[i].what != DO_TABLES)
			return size + tables_size(layout, 1, SLOT_GUEST_RAM);
	return size;
}

/* Does a phase have the memory for itself, by this memslot or by another one that shows it? */
static bool phase_owns(const struct config *config, const struct memslot_cfg *cfg)
{
	for (size_t i = 0; i < config->phase_count; i++) {
		const struct memslot_cfg *own = phase_own_memslot(config, &config->phases[i]);

		if (own && memslot_memory(config, own) == memslot_memory(config, cfg))
			return true;
	}
	return false;
}

static bool usable(const struct layout *layout, const struct slot *slot)
{
	const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];

	return slot_ram(layout, slot) && !(cfg->flags & SLOT_READONLY) && !cfg->alias &&
	       cfg->backing != BACKING_GUEST_MEMFD && !phase_owns(layout->config, cfg) &&
	       !memslot_holds_tables(layout->config, cfg) &&
	       !(layout_traits(layout, slot->cfg) &
		 (OP_LOSES_DATA | OP_REMOVES_SLOT | OP_WRITE_PROTECTS));
}

/* The lowest gpa with `size` bytes of writable, contiguous guest memory; page 0 stays NULL. */
static bool find_room(const struct layout *layout, uint64_t size, uint64_t *base)
{
	uint64_t start = 0, end = 0;

	for (size_t i = 0; i < layout->normal_count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[i]];

		if (!usable(layout, slot))
			continue;
		if (slot->base != end || !end)
			start = slot->base ? slot->base : 4096;
		end = slot->base + slot_ram(layout, slot);
		if (end > start && end - start >= size && end <= 1ull << 47) {
			*base = start;
			return true;
		}
	}
	return false;
}

/* The pages for L1's nested tables: behind those for CR3, or in a memslot of their own. */
static int place_pool(const struct layout *layout, struct payload *payload, uint64_t size,
		      struct err *err)
{
	char text[UNIT_TEXT];

	payload->pool = payload->tables_end;
	for (size_t i = 0; layout->config->guest.tables && i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];

		if (!memslot_holds_tables(layout->config, &layout->config->memslots[slot->cfg]))
			continue;
		if (slot_ram(layout, slot) < size)
			return err_set(err, EINVAL, "guest.tables: memslot.%s: L1's nested tables need %s",
				       layout->config->guest.tables, format_bytes(text, size));
		payload->pool = slot->base;
		break;
	}
	payload->pool_end = payload->pool + size;
	return 0;
}

/* Room for what says which pages are lost, if workers take some away. */
static uint64_t losses_size(const struct config *config)
{
	return op_traits_of(config, NULL) & OP_LOSES_DATA ? sizeof(struct abi_losses) : 0;
}

int nested_place(const struct layout *layout, struct payload *payload, struct err *err)
{
	uint64_t tables = tables_size(layout, payload->page_level, SLOT_WHOLE), pool = pool_size(layout, payload->page_level);
	char text[UNIT_TEXT];

	payload->tree_size = page_align(device_tree_bound(layout));
	payload->size = image_size() +
			(uint64_t)payload->vcpus * ABI_VCPU_PAGES * ABI_PAGE_SIZE + tables +
			losses_size(layout->config) + payload->tree_size;
	if (!layout->config->guest.tables)
		payload->size += pool;
	if (!find_room(layout, payload->size, &payload->base)) {
		err_set(err, EINVAL, "the guest payload needs %s of contiguous writable guest memory "
				     "below 128 TiB that no worker or phase takes away; no run of "
				     "memslots is that large",
			format_bytes(text, payload->size));
		err_remedy(err, "add a slot for it, for instance [memslot.boot] base = 0, size = %lluM",
			   (unsigned long long)(payload->size >> 20) + 1);
		return -EINVAL;
	}
	payload->vcpu_blocks = payload->base + image_size();
	payload->tables = nested_block(payload, payload->vcpus);
	payload->tables_end = payload->tables + tables;
	payload->tree = payload->base + payload->size - payload->tree_size;
	if (losses_size(layout->config))
		payload->losses = payload->tree - losses_size(layout->config);
	return place_pool(layout, payload, pool, err);
}

static uint64_t *guest_table(void *ctx, uint64_t gpa)
{
	return (uint64_t *)vm_page(ctx, gpa);
}

/*
 * Whole GiBs, which takes no table more than their memory alone: L2 has these tables as well, and L1 may give it pages at addresses where
 * there is no memory (guest/leaf.c).
 */
static int map_memory(struct payload *payload, const struct vm *vm, struct err *err)
{
	const uint64_t gib = pt_level_size(3);
	uint64_t mapped = 0;
	struct pt pt = {
		.format = PT_FORMAT_X86, .page_level = payload->page_level,
		.next = payload->tables, .end = payload->tables_end,
		.table = guest_table, .ctx = (void *)vm,
	};

	for (size_t i = 0; i < vm->layout->normal_count; i++) {
		const struct slot *slot = &vm->layout->slots[vm->layout->by_base[i]];
		uint64_t base = slot->base & -gib, end = (slot->base + slot->size + gib - 1) & -gib;

		if (base < mapped)
			base = mapped;
		if (!pt_map(&pt, base, end - base))
			return err_set(err, ENOSPC, "the tables planned for CR3 are too few");
		mapped = end;
	}
	payload->cr3 = pt.root;
	return 0;
}

/* In a file, memory has what the run before left. */
static void clear(const struct vm *vm, uint64_t gpa, uint64_t end)
{
	const struct memslot_cfg *memslots = vm->layout->config->memslots;

	for (; gpa < end; gpa += ABI_PAGE_SIZE)
		if (memslots[vm_slot_at(vm, gpa)->cfg].backing == BACKING_FILE)
			memset(vm_page(vm, gpa), 0, ABI_PAGE_SIZE);
}

int nested_load(struct payload *payload, const struct vm *vm, struct err *err)
{
	void *tree;
	int code;

	code = device_tree_make(vm->layout, payload, &tree, err);
	if (code)
		return code;
	vm_small_pages(vm, payload->base, payload->size);
	if (payload->losses)
		clear(vm, payload->losses, payload->tree);
	clear(vm, payload->pool, payload->pool_end);
	code = vm_write(vm, payload->tree, tree, fdt_totalsize(tree));
	free(tree);
	if (!code)
		code = vm_write(vm, payload->base, payload_image, image_bytes());
	if (code)
		return err_errno(err, -code, "writing the payload to gpa %#llx",
				 (unsigned long long)payload->base);
	return map_memory(payload, vm, err);
}

int nested_start(const struct vcpu *vcpu, struct err *err)
{
	const struct payload *payload = vcpu->payload;
	const struct kvm_regs regs = {
		.rip = payload->base,
		.rsp = nested_block(payload, vcpu->index) + ABI_VCPU_STACK_TOP,
		.rdi = vcpu->index,
		.rsi = payload->tree,
		.rflags = 2,
	};

	return vcpu_start_64bit(vcpu, payload->cr3, &regs, err);
}
