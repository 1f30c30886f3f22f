// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/backing.h"
#include "vm/kvm_gmem.h"

/* Thousands of slots take seconds: a signal is looked for after each such number of them. */
#define SLOTS_AT_ONCE 64

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
		code = backing_map(&vm->backings[i], &config->memslots[i], vm->fd, err);
		if (code)
			return code;
	}
	return 0;
}

static int disable_quirks(const struct vm *vm, struct err *err)
{
	unsigned int quirks = vm->layout->config->vm.disable_quirks;
	struct kvm_enable_cap cap = {
		.cap = QUIRKS_CAP, .args = { quirks & QUIRK_SLOT_ZAP_ALL ? QUIRKS_SLOT_ZAP_ALL : 0 },
	};

	return quirks ? kvm_ioctl(vm->fd, KVM_ENABLE_CAP, &cap, err,
				  "KVM_ENABLE_CAP(KVM_CAP_DISABLE_QUIRKS2: %#llx)", cap.args[0]) : 0;
}

/* This comes before the vCPUs: KVM makes each one's ring with it. */
static int enable_ring(const struct vm *vm, struct err *err)
{
	uint64_t size = vm->layout->config->vm.dirty_ring;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DIRTY_LOG_RING, .args = { size } };

	return size ? kvm_ioctl(vm->fd, KVM_ENABLE_CAP, &cap, err,
				"KVM_ENABLE_CAP(KVM_CAP_DIRTY_LOG_RING: %llu)",
				(unsigned long long)size) : 0;
}

/* Linux without CONFIG_CROSS_MEMORY_ATTACH has no such call. */
static int why_unasked(void)
{
	char byte = 0, to = 0;
	struct iovec from_here = { .iov_base = &byte, .iov_len = 1 }, to_here = { .iov_base = &to, .iov_len = 1 };

	return process_vm_writev(getpid(), &from_here, 1, &to_here, 1, 0) < 0 ? errno : 0;
}

/* What stops or freezes the process for a moment interrupts it, too, with no handler: mm_take_all_locks(), mm/vma.c, 6.12. */
static int ask_for_vm(const struct kvm *kvm, struct err *err)
{
	int code;

	do {
		code = kvm_ioctl(kvm->fd, KVM_CREATE_VM, NULL, err, "KVM_CREATE_VM(0)");
	} while (code == -EINTR);
	return code;
}

int vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout, struct err *err)
{
	uint64_t start = clock_ns();
	int code;

	*vm = (struct vm){ .kvm = kvm, .layout = layout, .fd = -1 };
	code = ask_for_vm(kvm, err);
	if (code < 0)
		return code;
	vm->fd = code;
	vm->ioctl_ns = clock_ns() - start;
	vm->creator = gettid();
	vm->unasked = why_unasked();
	code = disable_quirks(vm, err);
	if (code >= 0)
		code = enable_ring(vm, err);
	if (code >= 0)
		code = map_backings(vm, err);
	if (code)
		vm_destroy(vm);
	return code;
}

uint8_t *vm_slot_memory(const struct vm *vm, const struct slot *slot)
{
	const struct layout *layout = vm->layout;

	return vm->backings[layout->memory_of[slot->cfg]].hva +
	       layout->config->memslots[slot->cfg].alias_offset +
	       (uint64_t)slot->index * slot->size;
}

static int set_failed(const struct vm *vm, const struct slot *slot, int code, struct err *err)
{
	char name[CONFIG_NAME_MAX + 16];

	return err_errno(err, code, "KVM_SET_USER_MEMORY_REGION(memslot.%s: slot=%#x flags=%#x "
				    "gpa=%#llx size=%#llx)",
			 slot_name(vm->layout, slot, name), slot->id, slot->kvm_flags,
			 (unsigned long long)slot->base, (unsigned long long)slot->size);
}

/* Memory of a guest_memfd needs the second version of the ioctl, which names the file. */
static int set_gmem_slot(const struct vm *vm, const struct slot *slot, uint64_t base,
			 uint64_t size, uint32_t flags)
{
	struct gmem_region region = {
		.slot = slot->id,
		.flags = flags | GMEM_SLOT_FLAG,
		.guest_phys_addr = base,
		.memory_size = size,
		.userspace_addr = (uintptr_t)vm_slot_memory(vm, slot),
		.guest_memfd = (uint32_t)vm->backings[slot->cfg].fd,
		.guest_memfd_offset = (uint64_t)slot->index * slot->size,
	};

	return ioctl(vm->fd, GMEM_SET_REGION, &region);
}

static int set_slot(const struct vm *vm, const struct slot *slot, uint64_t base, uint64_t size,
		    uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->id,
		.flags = flags,
		.guest_phys_addr = base,
		.memory_size = size,
		.userspace_addr = (uintptr_t)vm_slot_memory(vm, slot),
	};

	if (vm->layout->config->memslots[slot->cfg].backing == BACKING_GUEST_MEMFD)
		return set_gmem_slot(vm, slot, base, size, flags);
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_slot_set(const struct vm *vm, const struct slot *slot, uint64_t base, uint32_t flags)
{
	return set_slot(vm, slot, base, slot->size, flags) ? -errno : 0;
}

int vm_slot_delete(const struct vm *vm, const struct slot *slot)
{
	return set_slot(vm, slot, slot->base, 0, 0) ? -errno : 0;
}

int vm_limit_mmu_pages(const struct vm *vm, uint64_t pages, struct err *err)
{
	return ioctl(vm->fd, KVM_SET_NR_MMU_PAGES, (unsigned long)pages) ?
	       err_errno(err, errno, "KVM_SET_NR_MMU_PAGES(%llu)", (unsigned long long)pages) : 0;
}

static int populate(const struct vm *vm, const struct signals *signals, struct err *err)
{
	const struct config *config = vm->layout->config;
	uint64_t deadline = clock_ns() + config->vm.timeout;
	int code = 0;

	for (size_t i = 0; !code && i < config->memslot_count; i++)
		if (config->memslots[i].populate && vm->backings[i].hva)
			code = backing_populate(&vm->backings[i], &config->memslots[i], signals,
						deadline, err);
	return code;
}

int vm_set_slots(struct vm *vm, const struct signals *signals, struct err *err)
{
	const struct layout *layout = vm->layout;
	bool broken = layout->config->selftest.break_what == BREAK_SLOT_FAILS;
	int populated = populate(vm, signals, err);

	if (populated)
		return populated;
	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];
		uint32_t flags = slot->kvm_flags;
		uint64_t start = clock_ns();
		int code;

		if (slot->gone)
			continue;
		if (i % SLOTS_AT_ONCE == 0 && signals_came(signals))
			return err_set(err, EINTR, "interrupted when %zu of %zu memslots were made", i,
				       layout->count);
		if (broken && i + 1 == layout->count)
			flags |= 1u << 15;	/* KVM knows no such flag */
		code = set_slot(vm, slot, slot->base, slot->size, flags) ? errno : 0;
		vm->ioctl_ns += clock_ns() - start;
		if (code)
			return set_failed(vm, slot, code, err);
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

bool vm_spare_gpa(const struct vm *vm, uint64_t size, uint64_t *gpa)
{
	*gpa = layout_spare_gpa(vm->layout);
	return *gpa + size <= 1ull << kvm_phys_bits(vm->kvm);
}

const struct slot *vm_slot_at(const struct vm *vm, uint64_t gpa)
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
			return slot;
	}
	return NULL;
}

uint8_t *vm_page(const struct vm *vm, uint64_t gpa)
{
	const struct slot *slot = vm_slot_at(vm, gpa);

	return slot ? vm_slot_memory(vm, slot) + ((gpa - slot->base) & -4096ull) : NULL;
}

void vm_small_pages(const struct vm *vm, uint64_t gpa, uint64_t size)
{
	uint64_t end = gpa + size;

	while (gpa < end) {
		uint8_t *start = vm_page(vm, gpa);
		uint64_t length = 4096;

		while (gpa + length < end && vm_page(vm, gpa + length) == start + length)
			length += 4096;
		if (start)
			madvise(start, length, MADV_NOHUGEPAGE);
		gpa += length;
	}
}

/* Copies page by page: what is contiguous in gpa need not be contiguous in hva. */
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

int vm_write_if_allowed(const struct vm *vm, uint64_t gpa, const void *data, size_t size)
{
	struct iovec from = { .iov_base = (void *)data, .iov_len = size }, to = { .iov_len = size };
	uint8_t *page = vm_page(vm, gpa);

	if (!page)
		return -EFAULT;
	if (vm->unasked)
		return vm_write(vm, gpa, data, size);
	to.iov_base = page + (gpa & 4095);
	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0 ? -errno : 0;
}
