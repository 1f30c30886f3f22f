/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory map of a PC, as the memslots give it: which guest-physical addresses are RAM that its
 * kernel may use. Pure.
 */
#ifndef RAM_MAP_H
#define RAM_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/layout.h"

/*
 * Fixed addresses of a PC, and those that we chose below 1 MiB: no kernel is loaded there. The 64 KiB below
 * PC_LOW_END are free, because kernels put their real-mode code there while they read what they are told.
 */
enum pc_address {
	PC_BIOS_LOW_KIB = 0x413,	/* 2 bytes of a BIOS's data: RAM from 0 on, multiboot */
	PC_GDT = 0x80000,
	PC_START_INFO = 0x81000,	/* PVH, multiboot */
	PC_START_MAP = 0x82000,		/* PVH, multiboot */
	PC_BOOT_PARAMS = 0x83000,	/* Linux's zero page */
	PC_ENVIRONMENT = 0x83000,	/* multiboot */
	PC_ENVIRONMENT_SIZE = 0x1000,
	PC_PAGE_TABLES = 0x84000,	/* 6 pages: 4 GiB, mapped to themselves */
	PC_ARGS = 0x8a000,
	PC_ARGS_SIZE = 0x1000,
	PC_BOOT_END = 0x8b000,
	PC_LOW_END = 0x9fc00,		/* RAM ends here, and begins again at 1 MiB */
	PC_ACPI = 0xe0000,
	PC_HIGH = 0x100000,
};
/* From here to 4 GiB are I/O APIC, local APIC and, on Intel, what KVM needs for real mode. */
#define PC_DEVICES 0xfec00000ull
#define PC_DEVICES_END (4ull << 30)

enum ram_type { RAM_USABLE = 1, RAM_RESERVED = 2 }; /* the numbers of e820 and PVH */

struct ram_range {
	uint64_t base, size;
	enum ram_type type;
};

#define RAM_RANGES_MAX 120	/* fewer than the zero page's e820 table holds */

struct ram_map {
	struct ram_range ranges[RAM_RANGES_MAX];
	size_t count;
	uint64_t low_end;		/* the RAM that begins at 1 MiB ends here */
};

/* -EINVAL, with the rule: a PC's memory must begin at 0, and leave room for its devices. */
int ram_map_make(const struct layout *layout, struct ram_map *map, struct err *err);

#endif
