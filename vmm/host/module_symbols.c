// SPDX-License-Identifier: GPL-2.0-only
#include "host/module_symbols.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/source.h"

/* Where the kernel keeps the module's struct module: add_sect_attrs(), kernel/module/sysfs.c. */
#define THIS_MODULE "/sys/module/kvm/sections/.gnu.linkonce.this_module"
#define SYMBOLS_MOST 65536	/* kvm has some 5,000 */
#define NAMES_MOST (8u << 20)	/* bytes */

/* struct mod_kallsyms, copied. */
struct symbol_table {
	Elf64_Sym *symbols;
	size_t count;
	char *names;		/* it ends with a NUL */
	size_t size;
};

/* The file says 0 to whom /proc/kallsyms would. */
static uint64_t this_module(const char *root)
{
	char buffer[SOURCE_PATH], line[32] = "";
	FILE *file = fopen(source_path(buffer, root, THIS_MODULE), "re");

	if (file && !fgets(line, sizeof(line), file))
		*line = '\0';
	if (file)
		fclose(file);
	return strtoull(line, NULL, 16);
}

/* A member of a structure at an address, or 0. */
static uint64_t member_at(const struct kernel_memory *memory, const struct kernel_types *types,
			  uint64_t address, enum kernel_member member)
{
	const struct kernel_field *field = &types->members[member];
	uint64_t value = 0;

	if (!field->known || field->size > sizeof(value) || !kernel_pointer(address) ||
	    kernel_memory_read(memory, address + field->offset, &value, field->size))
		return 0;
	return value;
}

/* A copy of the kernel's memory, with NUL behind it; NULL if it can't be read. */
static void *copy(const struct kernel_memory *memory, uint64_t address, size_t size)
{
	char *to = malloc(size + 1);

	if (to && kernel_memory_read(memory, address, to, size)) {
		free(to);
		return NULL;
	}
	if (to)
		to[size] = '\0';
	return to;
}

/* The kernel does not say how long the names are: up to the end of the last one, if it is `length` long. */
static size_t names_size(const struct symbol_table *table, size_t length)
{
	size_t last = 0;

	for (size_t i = 0; i < table->count; i++)
		if (table->symbols[i].st_name > last)
			last = table->symbols[i].st_name;
	return last < NAMES_MOST ? last + length : 0;
}

static bool read_table(const struct kernel_memory *memory, const struct kernel_types *types,
		       uint64_t kallsyms, size_t length, struct symbol_table *table)
{
	uint64_t symbols = member_at(memory, types, kallsyms, MEMBER_SYMBOLS_TABLE);
	uint64_t names = member_at(memory, types, kallsyms, MEMBER_SYMBOLS_NAMES);

	table->count = member_at(memory, types, kallsyms, MEMBER_SYMBOLS_COUNT);
	if (!table->count || table->count > SYMBOLS_MOST || !kernel_pointer(symbols))
		return false;
	table->symbols = copy(memory, symbols, table->count * sizeof(*table->symbols));
	table->size = table->symbols ? names_size(table, length) : 0;
	table->names = table->size ? copy(memory, names, table->size) : NULL;
	return table->names;
}

uint64_t module_symbol(const char *root, const struct kernel_memory *memory,
		       const struct kernel_types *types, const char *name)
{
	uint64_t kallsyms = member_at(memory, types, this_module(root), MEMBER_MODULE_KALLSYMS);
	struct symbol_table table = { 0 };
	uint64_t address = 0;

	if (kallsyms && read_table(memory, types, kallsyms, strlen(name) + 1, &table)) {
		for (size_t i = 0; !address && i < table.count; i++)
			if (table.symbols[i].st_shndx != SHN_UNDEF &&
			    !strcmp(table.names + table.symbols[i].st_name, name))
				address = table.symbols[i].st_value;
	}
	free(table.symbols);
	free(table.names);
	return kernel_pointer(address) ? address : 0;
}
