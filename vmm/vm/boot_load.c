// SPDX-License-Identifier: GPL-2.0-only
#include "vm/boot_load.h"

#include <errno.h>
#include <string.h>

#define PAGE 4096ull

int boot_load_file(const struct vm *vm, const struct boot_file *file, uint64_t offset, uint64_t gpa,
		   uint64_t size)
{
	while (size) {
		uint64_t within = gpa % PAGE, part = PAGE - within;
		uint8_t *page = vm_page(vm, gpa);

		part = part < size ? part : size;
		if (!page)
			return -EFAULT;
		if (boot_file_read(file, offset, page + within, part))
			return -EIO;
		offset += part;
		gpa += part;
		size -= part;
	}
	return 0;
}

/* New memory is 0. A file of the user's may hold what an earlier run has left there. */
static bool may_hold_something(const struct vm *vm, uint64_t gpa)
{
	const struct slot *slot = vm_slot_at(vm, gpa);
	const struct layout *layout = vm->layout;

	return slot && layout->config->memslots[layout->memory_of[slot->cfg]].backing == BACKING_FILE;
}

int boot_clear(const struct vm *vm, uint64_t gpa, uint64_t size)
{
	while (size) {
		uint64_t within = gpa % PAGE, part = PAGE - within;
		uint8_t *page = vm_page(vm, gpa);

		part = part < size ? part : size;
		if (!page)
			return -EFAULT;
		if (may_hold_something(vm, gpa))
			memset(page + within, 0, part);
		gpa += part;
		size -= part;
	}
	return 0;
}

int boot_load_image(const struct vm *vm, const struct boot_file *file, const struct boot_image *image,
		    uint64_t shift)
{
	int code = 0;

	for (size_t i = 0; !code && i < image->count; i++) {
		const struct boot_segment *segment = &image->segments[i];
		uint64_t gpa = segment->gpa + shift;

		code = boot_load_file(vm, file, segment->offset, gpa, segment->bytes);
		if (!code)
			code = boot_clear(vm, gpa + segment->bytes, segment->size - segment->bytes);
	}
	return code;
}
