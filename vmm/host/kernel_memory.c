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

void kernel_memory_close(struct kernel_memory *memory)
{
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

/* "ADDRESS TYPE NAME[\t[MODULE]]\n". True when a symbol that was looked for is found. */
static bool take_symbol(const char *line, struct kernel_symbol *symbols, size_t count)
{
	char *end;
	uint64_t address = strtoull(line, &end, 16);
	const char *name = end + 3;
	size_t length;

	if (end == line || end[0] != ' ' || !end[1] || end[2] != ' ')
		return false;
	length = strcspn(name, "\t\n");
	if (name[length] == '\t' && strcmp(name + length, "\t[kvm]\n"))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (symbols[i].address || strlen(symbols[i].name) != length ||
		    memcmp(symbols[i].name, name, length))
			continue;
		symbols[i].address = address;
		return true;
	}
	return false;
}

int kernel_symbols_find(const char *root, struct kernel_symbol *symbols, size_t count,
			char why[SOURCE_WHY])
{
	char buffer[SOURCE_BUFFER], *line = NULL;
	bool hidden = false;
	size_t room = 0;
	FILE *file;
	int code = source_open(&file, root, KALLSYMS, why);

	if (code)
		return code;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	while (getline(&line, &room, file) > 0)
		if (take_symbol(line, symbols, count))
			hidden |= !strtoull(line, NULL, 16);
	free(line);
	code = source_close(file, KALLSYMS, source_end(file), why);
	if (!code && hidden) {
		snprintf(why, SOURCE_WHY, KALLSYMS " hides addresses (kernel.kptr_restrict, or "
			 "CAP_SYSLOG is missing)");
		code = -EPERM;
	}
	return code;
}
