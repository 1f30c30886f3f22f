/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a Linux kernel, its initramfs and what they are told at boot into guest memory. */
#ifndef BOOT_LINUX_H
#define BOOT_LINUX_H

#include "vm/boot_image.h"
#include "vm/ram_map.h"
#include "vm/vm.h"

/* Where each part lies. Pure. */
struct boot_plan {
	uint64_t entry;
	uint64_t shift;			/* of a kernel that is not loaded where it prefers to be */
	uint64_t initrd, initrd_size;	/* at the end of the low RAM; size 0: there is none */
};

/* -EINVAL: the low RAM has no room for the kernel or the initramfs of so many bytes. */
int boot_plan(const struct boot_image *image, const struct ram_map *map, uint64_t initrd_size,
	      struct boot_plan *plan, struct err *err);

/* What comes after the user's initrd, or NULL: see initrd_size(). */
struct boot_extra {
	const void *data;
	size_t size;
};

/* Both archives, the second at a multiple of 4 bytes, as the kernel's init/initramfs.c wants it. */
uint64_t boot_initrd_size(const struct boot_file *initrd, const struct boot_extra *extra);

struct boot_linux {
	const struct boot_file *kernel, *initrd;	/* initrd may be NULL */
	const struct boot_extra *extra;			/* may be NULL */
	const char *args;
};

/* Writes everything; the vCPU then starts as boot_start() says. */
int boot_linux_load(const struct vm *vm, const struct boot_linux *boot,
		    const struct boot_image *image, const struct ram_map *map,
		    const struct boot_plan *plan, struct err *err);

#endif
