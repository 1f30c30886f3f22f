// SPDX-License-Identifier: GPL-2.0-only
/* A file that is said to be a multiboot kernel: what is accepted lies in the file and in the RAM, and is loaded there. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "vm/boot_multiboot.h"

#define RAM (16ull << 20)

static void check_image(const struct boot_image *image, const struct boot_file *file)
{
	bool entered = false;

	MUST(image->protocol == BOOT_MULTIBOOT && image->count && image->count <= BOOT_SEGMENTS);
	for (size_t i = 0; i < image->count; i++) {
		const struct boot_segment *segment = &image->segments[i];

		MUST(segment->offset <= file->size && segment->bytes <= file->size - segment->offset);
		MUST(segment->size && segment->bytes <= segment->size);
		MUST(segment->gpa <= UINT32_MAX && segment->size <= UINT32_MAX);
		entered |= image->entry >= segment->gpa && image->entry - segment->gpa < segment->size;
	}
	MUST(entered);
}

/* Loads it into memory that is all the VM has: a byte beyond it would be a fault. */
static void load(const struct boot_image *image, const struct boot_file *file)
{
	static char path[] = "kernel", args[] = "a b";
	struct memslot_cfg slot = { .name = "low", .id = -1, .count = 1, .size = RAM, .stride = RAM, .plugged = RAM };
	const struct config config = {
		.vm.vcpus = 1, .memslots = &slot, .memslot_count = 1,
		.guest = { .payload = PAYLOAD_MULTIBOOT, .kernel = path, .args = args },
	};
	struct backing backing = { .size = RAM, .fd = -1 };
	struct vm vm = { .fd = -1, .backings = &backing };
	struct multiboot_words words;
	struct errors errors = { 0 };
	struct layout layout;
	struct ram_map map;
	struct err err;
	uint32_t magic;

	backing.hva = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	MUST(backing.hva != MAP_FAILED && !layout_build(&config, &LAYOUT_LIMITS_DEFAULT, &layout, &errors));
	vm.layout = &layout;
	MUST(!ram_map_make(&layout, &map, &err) && !multiboot_words(&config, &map, &words, &err));
	MUST(!multiboot_load(&vm, file, image, &map, &words, &err));
	/* The kernel has not overwritten what it is told. */
	MUST(!vm_read(&vm, PC_START_INFO, &magic, sizeof(magic)) && magic == (1 | 4 | 8 | 64));
	munmap(backing.hva, RAM);
	layout_free(&layout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_file file = { .fd = memfd_create("kernel", MFD_CLOEXEC), .size = size };
	struct err err = { .text = "" };
	struct boot_image image;

	MUST(file.fd >= 0 && write(file.fd, data, size) == (ssize_t)size);
	if (multiboot_image_parse(&file, &image, &err)) {
		MUST(err.text[0]);
	} else {
		check_image(&image, &file);
		if (!multiboot_check(&image, RAM, &err))
			load(&image, &file);
		else
			MUST(err.text[0]);
	}
	boot_file_close(&file);
	return 0;
}
