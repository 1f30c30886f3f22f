// SPDX-License-Identifier: GPL-2.0-only
#include "vm/losses.h"

#include "minivmm_abi.h"

/* What lies at an offset in the table. The guest's memory need not be contiguous in the VMM, but each of its pages is. */
static void *at(const struct vm *vm, uint64_t table, uint64_t offset)
{
	return vm_page(vm, table + offset / ABI_PAGE_SIZE * ABI_PAGE_SIZE) + offset % ABI_PAGE_SIZE;
}

static struct abi_loss *loss_of(const struct vm *vm, uint64_t table, uint64_t page)
{
	return at(vm, table, offsetof(struct abi_losses, pages) + page % ABI_LOSS_ENTRIES * sizeof(struct abi_loss));
}

/* number: of the removal that ends; 0: it begins. */
static void mark(const struct vm *vm, uint64_t table, uint64_t first, uint64_t end, uint64_t number)
{
	for (uint64_t page = first; page < end; page++) {
		struct abi_loss *loss = loss_of(vm, table, page);

		if (number)
			abi_loss_end(loss, number);
		else
			abi_loss_begin(loss);
	}
}

/* Marks the pages of the part that the slot shows, if it does. */
static void mark_in_slot(const struct vm *vm, uint64_t table, const struct losses_part *part, const struct slot *slot,
			 uint64_t number)
{
	const uint8_t *memory = vm_slot_memory(vm, slot), *begin = part->memory, *end = part->memory + part->size;

	if (begin < memory)
		begin = memory;
	if (end > memory + slot->size)
		end = memory + slot->size;
	if (begin >= end)
		return;
	mark(vm, table, (slot->base + (uint64_t)(begin - memory)) / ABI_PAGE_SIZE,
	     (slot->base + (uint64_t)(end - memory) + ABI_PAGE_SIZE - 1) / ABI_PAGE_SIZE, number);
}

static void mark_everywhere(const struct vm *vm, uint64_t table, const struct losses_part *part, uint64_t number)
{
	const struct layout *layout = vm->layout;

	for (size_t i = 0; i < layout->normal_count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[i]];

		if (layout->memory_of[slot->cfg] == layout->memory_of[part->slot->cfg])
			mark_in_slot(vm, table, part, slot, number);
	}
}

void losses_begin(const struct vm *vm, uint64_t table, const struct losses_part *part)
{
	if (table)
		mark_everywhere(vm, table, part, 0);
}

void losses_end(const struct vm *vm, uint64_t table, const struct losses_part *part)
{
	if (table)
		mark_everywhere(vm, table, part, __atomic_add_fetch((uint64_t *)at(vm, table, 0), 1, __ATOMIC_SEQ_CST));
}
