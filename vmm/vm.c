// SPDX-License-Identifier: GPL-2.0-only
#include "vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backing.h"

static int map_backings(struct vm *vm, struct err *err)
{
	const struct config *config = vm->layout->config;

	vm->backings = calloc(config->memslot_count, sizeof(*vm->backings));
	if (!vm->backings)
		return err_set(err, ENOMEM, "no memory for %zu memslots", config->memslot_count);
	for (size_t i = 0; i < config->memslot_count; i++)
		vm->backings[i].fd = -1;
	for (size_t i = 0; i < config->memslot_count; i++) {
		int code;

		if (config->memslots[i].alias)
			continue;
		code = backing_map(&vm->backings[i], &config->memslots[i], err);
		if (code)
			return code;
	}
	/* An alias shows the memory of a slot that now has some. */
	for (size_t i = 0; i < config->memslot_count; i++)
		for (size_t j = 0; config->memslots[i].alias && j < config->memslot_count; j++)
			if (!strcmp(config->memslots[i].alias, config->memslots[j].name))
				vm->backings[i].hva = vm->backings[j].hva;
	return 0;
}

int vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout, struct err *err)
{
	int code;

	*vm = (struct vm){ .kvm = kvm, .layout = layout, .fd = -1 };
	code = kvm_ioctl(kvm->fd, KVM_CREATE_VM, NULL, err, "KVM_CREATE_VM(0)");
	if (code < 0)
		return code;
	vm->fd = code;
	code = map_backings(vm, err);
	if (code)
		vm_destroy(vm);
	return code;
}

static uint8_t *slot_hva(const struct vm *vm, const struct slot *slot)
{
	return vm->backings[slot->cfg].hva + (uint64_t)slot->index * slot->size;
}

int vm_set_slots(struct vm *vm, struct err *err)
{
	for (size_t i = 0; i < vm->layout->count; i++) {
		const struct slot *slot = &vm->layout->slots[i];
		struct kvm_userspace_memory_region region = {
			.slot = slot->id,
			.flags = slot->kvm_flags,
			.guest_phys_addr = slot->base,
			.memory_size = slot->size,
			.userspace_addr = (uintptr_t)slot_hva(vm, slot),
		};
		char name[CONFIG_NAME_MAX + 16];
		int code = kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, err,
				     "KVM_SET_USER_MEMORY_REGION(memslot.%s: slot=%#x flags=%#x "
				     "gpa=%#llx size=%#llx)",
				     slot_name(vm->layout, slot, name), region.slot, region.flags,
				     region.guest_phys_addr, region.memory_size);

		if (code < 0)
			return code;
	}
	return 0;
}

void vm_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	for (size_t i = 0; vm->backings && i < vm->layout->config->memslot_count; i++)
		backing_unmap(&vm->backings[i]);
	free(vm->backings);
	*vm = (struct vm){ .fd = -1 };
}

uint8_t *vm_page(const struct vm *vm, uint64_t gpa)
{
	const struct layout *layout = vm->layout;
	size_t low = 0, high = layout->normal_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct slot *slot = &layout->slots[layout->by_base[middle]];

		if (gpa < slot->base)
			high = middle;
		else if (gpa - slot->base >= slot->size)
			low = middle + 1;
		else
			return slot_hva(vm, slot) + ((gpa - slot->base) & -4096ull);
	}
	return NULL;
}

/* Calls memcpy page by page: neighbours in gpa need not be neighbours in hva. */
static int copy(const struct vm *vm, uint64_t gpa, void *data, size_t size, bool write)
{
	uint8_t *bytes = data;

	while (size) {
		size_t offset = gpa & 4095, length = 4096 - offset;
		uint8_t *page = vm_page(vm, gpa);

		if (!page)
			return -EFAULT;
		if (length > size)
			length = size;
		if (write)
			memcpy(page + offset, bytes, length);
		else
			memcpy(bytes, page + offset, length);
		gpa += length;
		bytes += length;
		size -= length;
	}
	return 0;
}

int vm_write(const struct vm *vm, uint64_t gpa, const void *data, size_t size)
{
	return copy(vm, gpa, (void *)data, size, true);
}

int vm_read(const struct vm *vm, uint64_t gpa, void *data, size_t size)
{
	return copy(vm, gpa, data, size, false);
}
