// SPDX-License-Identifier: GPL-2.0-only
/*
 * To a VMM this is a Linux kernel: it looks at what the boot protocol gives it, prints what it found, and does what the first
 * word of its command line says. What payload = linux does is so tested where no real one is to be had, in milliseconds.
 */
#include <asm/bootparam.h>
#include <stdbool.h>
#include <stdint.h>

#include "io.h"
#include "minivmm_agent.h"

static void check(bool good, const char *what)
{
	print(good ? "PASS: " : "FAIL: ");
	print(what);
	print("\n");
}

static bool begins(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

/* The memory below the hole begins at 0 and has the kernel in it. */
static bool has_memory(const struct boot_params *params)
{
	uint64_t ram = 0;

	for (int i = 0; i < params->e820_entries; i++)
		if (params->e820_table[i].type == 1)
			ram += params->e820_table[i].size;
	return params->e820_entries && !params->e820_table[0].addr && ram > 32 << 20;
}

/* The initramfs is a file that begins with these words, with minivmm's agent, a cpio archive, behind it. */
static bool has_initrd(const struct setup_header *setup)
{
	const char *initrd = (const char *)(uintptr_t)setup->ramdisk_image;

	return setup->ramdisk_size > 16 && setup->ramdisk_image + setup->ramdisk_size <= setup->initrd_addr_max &&
	       begins(initrd, "an initramfs");
}

static bool has_agent(const struct setup_header *setup)
{
	const char *initrd = (const char *)(uintptr_t)setup->ramdisk_image;

	for (uint32_t i = 0; i + 6 < setup->ramdisk_size; i += 4)
		if (begins(initrd + i, "070701"))
			return true;
	return false;
}

/* As the agent does it: runs what it is told to, of which the first character is the exit status. */
static void be_agent(void)
{
	for (;;) {
		uint32_t next = in32(AGENT_PORT + AGENT_NEXT);
		char first = 0;

		if ((next & AGENT_DO_NAMES) == AGENT_DO_WAIT)
			continue;
		for (uint32_t i = 0; i < (next & ~AGENT_DO_NAMES); i++) {
			char byte = (char)in8(AGENT_PORT + AGENT_TEXT);

			first = first ? first : byte;
			out8(AGENT_PORT + AGENT_OUTPUT, (uint8_t)byte);
		}
		if ((next & AGENT_DO_NAMES) == AGENT_DO_RUN)
			out32(AGENT_PORT + AGENT_STATUS, (uint32_t)(first - '0'));
	}
}

/* Prints what is typed, until a q. */
static void echo(void)
{
	char typed[2] = "";

	while (*typed != 'q') {
		while (!(in8(0x3fd) & 1))
			continue;
		*typed = (char)in8(0x3f8);
		print(typed);
	}
}

void main(const struct boot_params *params)
{
	const struct setup_header *setup = &params->hdr;
	const char *args = (const char *)(uintptr_t)setup->cmd_line_ptr;

	print("Linux, to a boot loader: ");
	print(args);
	print("\n");
	check(setup->type_of_loader == 0xff && setup->loadflags & LOADED_HIGH && setup->header == 0x53726448, "the header");
	check(has_memory(params), "the memory's map");
	check(begins((const char *)params->acpi_rsdp_addr, "RSD PTR "), "ACPI's tables");
	if (begins(args, "initrd"))
		check(has_initrd(setup) && !has_agent(setup), "an initramfs");
	else if (begins(args, "agent"))
		check(has_initrd(setup) && has_agent(setup), "an initramfs with the agent");
	else
		check(!setup->ramdisk_image && !setup->ramdisk_size, "no initramfs");
	if (begins(args, "agent"))
		be_agent();
	if (begins(args, "mark")) {
		out32(AGENT_PORT + AGENT_MARK, 7);
		out32(AGENT_PORT + AGENT_MARK, 8);
	}
	if (begins(args, "panic"))
		print("Kernel panic - not syncing: as told\n");
	if (begins(args, "echo"))
		echo();
	if (begins(args, "reset"))
		out8(0x64, 0xfe);
	if (begins(args, "acpi-reset"))
		out8(0xcf9, 6);
	if (begins(args, "hang"))
		return;
	/* Sleep type 5 with SLP_EN, as ACPI's \_S5 says. */
	out16(0x604, 5 << 10 | 1 << 13);
}
