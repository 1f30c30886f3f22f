/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts a multiboot kernel and what it is told at boot into guest memory. */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "vm/boot_image.h"
#include "vm/ram_map.h"
#include "vm/vm.h"

#define MULTIBOOT_MAGIC 0x2badb002u	/* in EAX, and the information's address in EBX */

/* What a kernel is told, beside its memory. */
struct multiboot_words {
	char args[PC_ARGS_SIZE];
	char environment[PC_ENVIRONMENT_SIZE];	/* a line NAME=VALUE for each variable */
};

/*
 * The command line is the file's name and guest.args. The environment tells how many CPUs and how much memory
 * there are, as kernels ask firmware that is not here, unless guest.environment says otherwise. Pure. -EINVAL:
 * they are too long.
 */
int multiboot_words(const struct config *config, const struct ram_map *map, struct multiboot_words *words,
		    struct err *err);

/* -EINVAL: the low RAM has no room for the kernel, or it is loaded to where it is told what it has. Pure. */
int multiboot_check(const struct boot_image *image, uint64_t low_end, struct err *err);

/* Writes everything; the first vCPU then starts at the image's entry. */
int multiboot_load(const struct vm *vm, const struct boot_file *kernel, const struct boot_image *image,
		   const struct ram_map *map, const struct multiboot_words *words, struct err *err);

#endif
