/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel's file: what it is, which of its bytes go where in guest memory, and where it is entered.
 * Files are not trusted. No guest memory, no ioctl.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <asm/bootparam.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum boot_protocol {
	BOOT_LINUX_64,		/* bzImage: Documentation/arch/x86/boot.rst, 64-bit boot protocol */
	BOOT_PVH,		/* ELF64 with the note XEN_ELFNOTE_PHYS32_ENTRY */
	BOOT_MULTIBOOT,		/* a header of Multiboot 0.6.96, in an ELF32 or any other file */
};

#define BOOT_SEGMENTS 32
#define BOOT_HEADERS_MAX 64u		/* program headers of an ELF file */

/* `bytes` bytes of the file, from offset on, are copied to gpa. The rest of size is 0. */
struct boot_segment {
	uint64_t offset, bytes;
	uint64_t gpa, size;
};

struct boot_image {
	enum boot_protocol protocol;
	struct boot_segment segments[BOOT_SEGMENTS];
	size_t count;
	uint64_t entry;
	/* A bzImage has a header, and may be loaded elsewhere, too: at each multiple of the alignment. */
	struct setup_header setup;
	uint64_t alignment;		/* 0: only where its segment says */
};

/* A file that is open for reading. */
struct boot_file {
	int fd;
	uint64_t size;
};

int boot_file_open(const char *key, const char *path, struct boot_file *file, struct err *err);
void boot_file_close(struct boot_file *file);
/* Reads exactly so many bytes, or -EIO if the file has fewer. */
int boot_file_read(const struct boot_file *file, uint64_t offset, void *data, size_t size);

/* Both: -EINVAL: it is no kernel that this payload can boot, and why. Linux's: */
int boot_image_parse(const struct boot_file *file, struct boot_image *image, struct err *err);

/*
 * What payload = multiboot boots: multiboot_image.c. The members after the checksum count if flag 16 is set: they say
 * where the file is loaded (Multiboot Specification 0.6.96, section 3.1.3).
 */
#define MULTIBOOT_HEADER_MAGIC 0x1badb002u

struct multiboot_header {
	uint32_t magic, flags, checksum;
	uint32_t header, load, load_end, bss_end, entry;
};

int multiboot_image_parse(const struct boot_file *file, struct boot_image *image, struct err *err);

/* For parsers: a segment whose bytes must lie in the file. -EINVAL: they do not, or there are too many. */
int boot_image_add(struct boot_image *image, const struct boot_file *file, const struct boot_segment *segment);
/* Says why the kernel is refused. -EINVAL. */
int boot_image_refuse(struct err *err, const char *why);

#endif
