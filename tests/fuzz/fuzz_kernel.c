// SPDX-License-Identifier: GPL-2.0-only
/* A file that is said to be a kernel: what is to be loaded lies in the file, and finds a place in the RAM or none. */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "vm/boot_linux.h"

static void check_image(const struct boot_image *image, const struct boot_file *file)
{
	MUST(image->count && image->count <= BOOT_SEGMENTS);
	for (size_t i = 0; i < image->count; i++) {
		const struct boot_segment *segment = &image->segments[i];

		MUST(segment->offset <= file->size && segment->bytes <= file->size - segment->offset);
		MUST(segment->bytes <= segment->size);
	}
}

static void check_plan(const struct boot_image *image, uint64_t low_end, uint64_t initrd)
{
	const struct ram_map map = { .low_end = low_end };
	struct boot_plan plan;
	struct err err = { .text = "" };

	if (boot_plan(image, &map, initrd, &plan, &err)) {
		MUST(err.text[0]);
		return;
	}
	MUST(plan.initrd_size == initrd && plan.initrd <= low_end && initrd <= low_end - plan.initrd);
	for (size_t i = 0; i < image->count; i++) {
		uint64_t base = image->segments[i].gpa + plan.shift;

		MUST(base >= PC_HIGH && base <= low_end && image->segments[i].size <= low_end - base);
		MUST(base + image->segments[i].size <= plan.initrd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_file file = { .fd = memfd_create("kernel", MFD_CLOEXEC), .size = size };
	struct err err = { .text = "" };
	struct boot_image image;

	MUST(file.fd >= 0 && write(file.fd, data, size) == (ssize_t)size);
	if (boot_image_parse(&file, &image, &err)) {
		MUST(err.text[0]);
	} else {
		check_image(&image, &file);
		check_plan(&image, 16ull << 20, 0);
		check_plan(&image, 512ull << 20, 3ull << 20);
		check_plan(&image, 3ull << 30, UINT64_MAX);
	}
	boot_file_close(&file);
	return 0;
}
