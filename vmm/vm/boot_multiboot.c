// SPDX-License-Identifier: GPL-2.0-only
#include "vm/boot_multiboot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "vm/boot_load.h"

#define SMI_HANDLER 0x38000u		/* SMBASE + 0x8000, after a reset */

/* Multiboot Specification 0.6.96, section 3.3. */
enum info_flag { INFO_MEMORY = 1, INFO_ARGS = 4, INFO_MODULES = 8, INFO_MAP = 64 };

struct info {
	uint32_t flags;
	uint32_t lower_kib, upper_kib;	/* of memory from 0 on, and from 1 MiB on */
	uint32_t boot_device, args;
	uint32_t modules, module_list;
	uint32_t symbols[4];
	uint32_t map_bytes, map;
};

struct module {
	uint32_t start, end, args, reserved;
};

struct map_entry {
	uint32_t size;			/* of what follows */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

static const uint8_t smi_handler[] = { 0x0f, 0xaa };	/* RSM */

_Static_assert(sizeof(struct map_entry) * RAM_RANGES_MAX <= 4096, "the map has a page");

static int too_long(struct err *err, const char *key, int size)
{
	return err_set(err, EINVAL, "guest.%s: it takes more than the %d bytes that there are for it", key, size);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Does one of the words, with spaces between them, set the variable? */
static bool sets(const char *words, const char *name)
{
	size_t length = strlen(name);

	for (; *words; words += strcspn(words, " ")) {
		words += strspn(words, " ");
		if (!strncmp(words, name, length) && words[length] == '=')
			return true;
	}
	return false;
}

/* Appends a line. False: there is no room for it and a NUL. */
static bool add_line(char text[PC_ENVIRONMENT_SIZE], const char *line, size_t length)
{
	size_t used = strlen(text);

	if (length + 2 > PC_ENVIRONMENT_SIZE - used)
		return false;
	memcpy(text + used, line, length);
	memcpy(text + used + length, "\n", 2);
	return true;
}

/* What a PC is said to have: its hole for devices below 1 MiB counts. */
static uint64_t ram_size(const struct ram_map *map)
{
	uint64_t size = PC_HIGH;

	for (size_t i = 0; i < map->count; i++)
		if (map->ranges[i].type == RAM_USABLE && map->ranges[i].base >= PC_HIGH)
			size += map->ranges[i].size;
	return size;
}

static bool add_defaults(const struct config *config, const struct ram_map *map, const char *given,
			 char text[PC_ENVIRONMENT_SIZE])
{
	const struct { const char *name; uint64_t value; } variables[] = {
		{ "NR_CPUS", config->vm.vcpus }, { "MEMSIZE", ram_size(map) >> 20 },
		{ "MEMLIMIT", 0 }, { "TEST_DEVICE", 1 }, { "BOOTLOADER", 0 },
	};
	bool room = true;

	for (size_t i = 0; room && i < sizeof(variables) / sizeof(variables[0]); i++) {
		char line[64];
		int length = snprintf(line, sizeof(line), "%s=%" PRIu64, variables[i].name, variables[i].value);

		room = sets(given, variables[i].name) || add_line(text, line, (size_t)length);
	}
	return room;
}

static bool add_given(const char *given, char text[PC_ENVIRONMENT_SIZE])
{
	bool room = true;

	for (const char *word = given; room && *word; word += strcspn(word, " ")) {
		word += strspn(word, " ");
		room = !*word || add_line(text, word, strcspn(word, " "));
	}
	return room;
}

int multiboot_words(const struct config *config, const struct ram_map *map, struct multiboot_words *words,
		    struct err *err)
{
	const char *args = config->guest.args ? config->guest.args : "";
	const char *given = config->guest.environment ? config->guest.environment : "";
	int length = snprintf(words->args, sizeof(words->args), "%s%s%s", file_name(config->guest.kernel),
			      args[0] ? " " : "", args);

	if (length >= PC_ARGS_SIZE)
		return too_long(err, "args", PC_ARGS_SIZE);
	words->environment[0] = '\0';
	return add_defaults(config, map, given, words->environment) && add_given(given, words->environment) ? 0 :
	       too_long(err, "environment", PC_ENVIRONMENT_SIZE);
}

int multiboot_check(const struct boot_image *image, uint64_t low_end, struct err *err)
{
	for (size_t i = 0; i < image->count; i++) {
		uint64_t base = image->segments[i].gpa, end = base + image->segments[i].size;
		char have[UNIT_TEXT];

		if (end > low_end) {
			err_set(err, EINVAL, "guest.kernel: a part of it belongs at %#llx to %#llx, and the memory "
				"that begins at 0 ends at %s", (unsigned long long)base,
				(unsigned long long)end, format_bytes(have, low_end));
			err_remedy(err, "a larger low memslot");
			return -EINVAL;
		}
		if (base < PC_BOOT_END && end > PC_GDT)
			return err_set(err, EINVAL, "guest.kernel: a part of it belongs at %#llx to %#llx, and what "
				       "a kernel is told at boot is at %#x to %#x", (unsigned long long)base,
				       (unsigned long long)end, PC_GDT, PC_BOOT_END);
	}
	return 0;
}

/* Is this memory, which SMM has there, the kernel's as well? */
static bool is_kernels(const struct vm *vm, const struct boot_image *image, const uint8_t *memory)
{
	const uint8_t *page = vm_page(vm, SMI_HANDLER);

	if (!page || page + SMI_HANDLER % 4096 != memory)
		return false;
	for (size_t i = 0; i < image->count; i++)
		if (image->segments[i].gpa < SMI_HANDLER + sizeof(smi_handler) &&
		    image->segments[i].gpa + image->segments[i].size > SMI_HANDLER)
			return true;
	return false;
}

/*
 * Without a BIOS nobody has put a handler where an SMI goes: it returns at once (RSM). If SMM's space shows
 * the normal one's memory, the kernel may put its own there.
 */
static void write_smi_handler(const struct vm *vm, const struct boot_image *image)
{
	const struct layout *layout = vm->layout;

	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];
		const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];
		uint8_t *memory;

		if (cfg->space != SPACE_SMM || cfg->flags & SLOT_READONLY || slot->base > SMI_HANDLER ||
		    SMI_HANDLER - slot->base >= slot->size)
			continue;
		memory = vm_slot_memory(vm, slot) + (SMI_HANDLER - slot->base);
		if (!is_kernels(vm, image, memory))
			memcpy(memory, smi_handler, sizeof(smi_handler));
	}
}

static int write_map(const struct vm *vm, const struct ram_map *map)
{
	struct map_entry entries[RAM_RANGES_MAX];

	for (size_t i = 0; i < map->count; i++)
		entries[i] = (struct map_entry){ sizeof(entries[i]) - sizeof(entries[i].size),
						 map->ranges[i].base, map->ranges[i].size, map->ranges[i].type };
	return vm_write(vm, PC_START_MAP, entries, map->count * sizeof(entries[0]));
}

/* Kernels look for memory for their real-mode code below the end that a BIOS names: Xen does, whatever it is told. */
static int write_bios_data(const struct vm *vm)
{
	const uint16_t low_kib = PC_LOW_END >> 10;

	return vm_write(vm, PC_BIOS_LOW_KIB, &low_kib, sizeof(low_kib));
}

static int write_info(const struct vm *vm, const struct ram_map *map, const struct multiboot_words *words)
{
	uint32_t environment = (uint32_t)strlen(words->environment);
	struct {
		struct info info;
		struct module module;
	} told = {
		.info = {
			.flags = INFO_MEMORY | INFO_ARGS | INFO_MODULES | INFO_MAP,
			.lower_kib = PC_LOW_END >> 10, .upper_kib = (uint32_t)((map->low_end - PC_HIGH) >> 10),
			.args = PC_ARGS, .modules = 1, .module_list = PC_START_INFO + sizeof(told.info),
			.map_bytes = (uint32_t)(map->count * sizeof(struct map_entry)), .map = PC_START_MAP,
		},
		.module = { .start = PC_ENVIRONMENT, .end = PC_ENVIRONMENT + environment },
	};
	int code = vm_write(vm, PC_ARGS, words->args, strlen(words->args) + 1);

	if (!code)
		code = vm_write(vm, PC_ENVIRONMENT, words->environment, environment + 1);
	return code ? code : vm_write(vm, PC_START_INFO, &told, sizeof(told));
}

int multiboot_load(const struct vm *vm, const struct boot_file *kernel, const struct boot_image *image,
		   const struct ram_map *map, const struct multiboot_words *words, struct err *err)
{
	const uint64_t gdt[4] = { 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	int code;

	write_smi_handler(vm, image);
	code = write_bios_data(vm);
	if (code)
		return err_errno(err, -code, "writing a BIOS's data into the guest");
	/* A part of the kernel may lie there: it counts. */
	code = boot_load_image(vm, kernel, image, 0);
	if (code)
		return err_errno(err, -code, "reading guest.kernel into the guest");
	code = vm_write(vm, PC_GDT, gdt, sizeof(gdt));
	if (!code)
		code = write_map(vm, map);
	if (!code)
		code = write_info(vm, map, words);
	return code ? err_errno(err, -code, "writing what the guest's kernel is told") : 0;
}
