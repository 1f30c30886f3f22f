// SPDX-License-Identifier: GPL-2.0-only
#include "host/kernel_memory.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/source.h"

#define KCORE "/proc/kcore"
#define KALLSYMS "/proc/kallsyms"
#define LOADS_MOST 4096	/* a host has some ten: memory, vmalloc, modules, text */

bool kernel_pointer(uint64_t address)
{
	return address >= 0xff00000000000000ull && address < (uint64_t)-4095 && !(address & 7);
}

/* The errno of a read that got `got` bytes; a file that is too short is no core file. */
static int short_read(ssize_t got)
{
	return got < 0 ? -errno : -EINVAL;
}

static int read_headers(struct kernel_memory *memory)
{
	Elf64_Ehdr header;
	ssize_t got = pread(memory->fd, &header, sizeof(header), 0);
	size_t size;

	if (got != sizeof(header))
		return short_read(got);
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_phentsize != sizeof(Elf64_Phdr) || !header.e_phnum ||
	    header.e_phnum > LOADS_MOST)
		return -EINVAL;
	size = header.e_phnum * sizeof(Elf64_Phdr);
	memory->loads = malloc(size);
	if (!memory->loads)
		return -ENOMEM;
	got = pread(memory->fd, memory->loads, size, (off_t)header.e_phoff);
	if (got != (ssize_t)size)
		return short_read(got);
	memory->count = header.e_phnum;
	return 0;
}

int kernel_memory_open(struct kernel_memory *memory, const char *root, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];
	int code;

	*memory = (struct kernel_memory){ .fd = open(source_path(path, root, KCORE),
						     O_RDONLY | O_CLOEXEC) };
	code = memory->fd < 0 ? -errno : read_headers(memory);
	if (!code)
		return 0;
	kernel_memory_close(memory);
	if (code == -EPERM)
		snprintf(why, SOURCE_WHY, KCORE ": the kernel does not let anyone read its memory "
			 "(lockdown=confidentiality, or CAP_SYS_RAWIO is missing)");
	else if (code == -EINVAL)
		snprintf(why, SOURCE_WHY, KCORE ": not an ELF core file of 64 bits");
	else
		source_errno(why, -code, KCORE);
	return code;
}

int kernel_memory_open_probe(struct kernel_memory *memory, char why[SOURCE_WHY])
{
	int code;

	*memory = (struct kernel_memory){ .fd = -1 };
	code = kernel_probe_open(&memory->probe, why);
	memory->probed = !code;
	return code;
}

void kernel_memory_close(struct kernel_memory *memory)
{
	if (memory->probed)
		kernel_probe_close(&memory->probe);
	free(memory->loads);
	if (memory->fd >= 0)
		close(memory->fd);
	*memory = (struct kernel_memory){ .fd = -1 };
}

/* The segment that holds all of address..address+size, or NULL. */
static const Elf64_Phdr *segment(const struct kernel_memory *memory, uint64_t address, size_t size)
{
	const Elf64_Phdr *loads = memory->loads;

	for (size_t i = 0; i < memory->count; i++) {
		uint64_t into = address - loads[i].p_vaddr;

		if (loads[i].p_type == PT_LOAD && address >= loads[i].p_vaddr &&
		    into < loads[i].p_memsz && size <= loads[i].p_memsz - into)
			return &loads[i];
	}
	return NULL;
}

int kernel_memory_read(const struct kernel_memory *memory, uint64_t address, void *buffer,
		       size_t size)
{
	const Elf64_Phdr *load = segment(memory, address, size);
	char *to = buffer;

	if (memory->probed)
		return kernel_probe_read(&memory->probe, address, buffer, size);
	if (!load)
		return -EFAULT;
	for (size_t done = 0; done < size;) {
		off_t at = (off_t)(load->p_offset + (address - load->p_vaddr) + done);
		ssize_t got = pread(memory->fd, to + done, size - done, at);

		if (got <= 0)
			return -EFAULT;
		done += (size_t)got;
	}
	return 0;
}

/* The name in "ADDRESS TYPE NAME[\t[MODULE]]\n", or NULL. */
static const char *symbol_name(const char *line)
{
	const char *space = strchr(line, ' ');

	return space && space[1] && space[2] == ' ' ? space + 3 : NULL;
}

/* Only vmlinux and module kvm have the symbols that are looked for. */
static bool is_named(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return !strncmp(name, wanted, length) &&
	       (name[length] == '\n' || !strcmp(name + length, "\t[kvm]\n"));
}

/* One pass over some 200,000 lines. */
struct symbol_search {
	struct kernel_symbol *symbols;
	size_t count;
	bool code_seen;		/* a line of code showed its address */
	bool hidden;		/* the kernel hides the addresses from this process */
	bool done;
};

/* Code is never at 0, as data of each CPU is. The first line of code tells for all. */
static void check_code(struct symbol_search *search, uint64_t address, char type)
{
	if (type != 't' && type != 'T')
		return;
	search->code_seen = true;
	search->hidden = !address;
}

/* Modules come after vmlinux, and callers look for at most one symbol of kvm, which may be one. */
static void take_symbol(struct symbol_search *search, const char *line, const char *name)
{
	for (size_t i = 0; i < search->count; i++) {
		struct kernel_symbol *symbol = &search->symbols[i];

		if (symbol->address || *name != *symbol->name || !is_named(name, symbol->name))
			continue;
		symbol->address = strtoull(line, NULL, 16);
		search->hidden |= !symbol->address;
		search->done = strchr(name, '\t');
	}
}

static void search_line(struct symbol_search *search, const char *line)
{
	const char *name = symbol_name(line);

	if (!name)
		return;
	if (!search->code_seen)
		check_code(search, strtoull(line, NULL, 16), name[-2]);
	take_symbol(search, line, name);
}

int kernel_symbols_find(const char *root, struct kernel_symbol *symbols, size_t count,
			char why[SOURCE_WHY])
{
	struct symbol_search search = { .symbols = symbols, .count = count };
	char buffer[SOURCE_BUFFER], *line = NULL;
	size_t room = 0;
	FILE *file;
	int code = source_open(&file, root, KALLSYMS, why);

	if (code)
		return code;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	while (!search.hidden && !search.done && getline(&line, &room, file) > 0)
		search_line(&search, line);
	free(line);
	code = source_close(file, KALLSYMS, source_end(file), why);
	if (!code && search.hidden) {
		snprintf(why, SOURCE_WHY, KALLSYMS " hides addresses (kernel.kptr_restrict, or "
			 "CAP_SYSLOG is missing)");
		code = -EPERM;
	}
	return code;
}
