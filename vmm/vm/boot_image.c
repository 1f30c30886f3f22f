// SPDX-License-Identifier: GPL-2.0-only
#include "vm/boot_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETUP_AT 0x1f1			/* of struct setup_header in a bzImage */
#define SETUP_MAGIC 0x53726448u		/* "HdrS" */
#define SECTOR 512u
#define PROTOCOL_64 0x20cu		/* the first that says whether there is a 64-bit entry */
#define ENTRY_64 0x200u			/* from where it is loaded */
#define LEAST_LOAD 0x100000u
#define PHYS32_ENTRY 18u		/* XEN_ELFNOTE_PHYS32_ENTRY, include/xen/interface/elfnote.h */
#define NOTES_MAX 65536u
#define ADDRESS_MAX (1ull << 40)

int boot_file_open(const char *key, const char *path, struct boot_file *file, struct err *err)
{
	struct stat status;
	int code;
	char byte;

	/* A FIFO would block for ever. */
	*file = (struct boot_file){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	if (file->fd < 0)
		return err_errno(err, errno, "%s: open(%s)", key, path);
	if (fstat(file->fd, &status) || !S_ISREG(status.st_mode)) {
		boot_file_close(file);
		return err_set(err, EINVAL, "%s: %s is not a regular file", key, path);
	}
	/* A read error is said here: the parsers would call the file malformed. */
	if (pread(file->fd, &byte, 1, 0) < 0) {
		code = err_errno(err, errno, "%s: reading %s", key, path);
		boot_file_close(file);
		return code;
	}
	file->size = (uint64_t)status.st_size;
	return 0;
}

void boot_file_close(struct boot_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

int boot_file_read(const struct boot_file *file, uint64_t offset, void *data, size_t size)
{
	char *bytes = data;

	while (size) {
		ssize_t got = pread(file->fd, bytes, size, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		bytes += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return 0;
}

int boot_image_refuse(struct err *err, const char *why)
{
	return err_set(err, EINVAL, "guest.kernel: %s", why);
}

/* The header's size is a jump over it: boot.rst, "Details of Header Fields", jump. */
static int read_setup(const struct boot_file *file, struct setup_header *setup)
{
	uint8_t jump[2];
	size_t size;

	memset(setup, 0, sizeof(*setup));
	if (boot_file_read(file, 0x200, jump, sizeof(jump)))
		return -EIO;
	size = 0x202 - SETUP_AT + jump[1];
	return boot_file_read(file, SETUP_AT, setup, size < sizeof(*setup) ? size : sizeof(*setup));
}

static int parse_bzimage(const struct boot_file *file, struct boot_image *image, struct err *err)
{
	struct setup_header *setup = &image->setup;
	uint64_t skip;

	if (read_setup(file, setup) || setup->header != SETUP_MAGIC)
		return boot_image_refuse(err, "it is neither a bzImage nor an ELF file");
	if (setup->version < PROTOCOL_64 || !(setup->xloadflags & XLF_KERNEL_64))
		return boot_image_refuse(err, "this bzImage has no 64-bit entry (boot protocol 2.12, Linux 3.8, x86-64)");
	skip = (uint64_t)((setup->setup_sects ? setup->setup_sects : 4) + 1) * SECTOR;
	if (file->size <= skip + ENTRY_64)
		return boot_image_refuse(err, "this bzImage is cut off");
	if (setup->pref_address < LEAST_LOAD || setup->pref_address > ADDRESS_MAX)
		return boot_image_refuse(err, "this bzImage's pref_address can't be");
	image->protocol = BOOT_LINUX_64;
	image->segments[0] = (struct boot_segment){
		.offset = skip, .bytes = file->size - skip, .gpa = setup->pref_address,
		.size = setup->init_size,
	};
	if (image->segments[0].size < image->segments[0].bytes)
		image->segments[0].size = image->segments[0].bytes;
	image->count = 1;
	image->entry = ENTRY_64;
	if (setup->relocatable_kernel && setup->kernel_alignment &&
	    !(setup->kernel_alignment & (setup->kernel_alignment - 1)))
		image->alignment = setup->kernel_alignment;
	return 0;
}

/* Looks for the PVH entry in a PT_NOTE: each note is padded to 4 bytes. */
static int find_entry(const struct boot_file *file, const Elf64_Phdr *header, uint64_t *entry)
{
	char notes[NOTES_MAX];
	size_t size = header->p_filesz < sizeof(notes) ? header->p_filesz : sizeof(notes);

	if (boot_file_read(file, header->p_offset, notes, size))
		return -EIO;
	for (size_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
		uint64_t name = at + sizeof(Elf64_Nhdr), value;
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		value = name + ((note.n_namesz + 3ull) & ~3ull);
		if (value + note.n_descsz > size)
			return 0;
		if (note.n_type == PHYS32_ENTRY && note.n_namesz == 4 && note.n_descsz >= 4 &&
		    !memcmp(notes + name, "Xen", 4)) {
			*entry = 0;
			memcpy(entry, notes + value, 4);
		}
		at = value + ((note.n_descsz + 3ull) & ~3ull);
		if (at > size)
			return 0;
	}
	return 0;
}

int boot_image_add(struct boot_image *image, const struct boot_file *file, const struct boot_segment *segment)
{
	if (image->count == BOOT_SEGMENTS || segment->offset > file->size ||
	    segment->bytes > file->size - segment->offset || segment->size < segment->bytes ||
	    segment->gpa > ADDRESS_MAX || segment->size > ADDRESS_MAX)
		return -EINVAL;
	image->segments[image->count++] = *segment;
	return 0;
}

static int take_header(const struct boot_file *file, const Elf64_Phdr *header,
		       struct boot_image *image)
{
	if (header->p_type == PT_NOTE)
		return find_entry(file, header, &image->entry);
	if (header->p_type != PT_LOAD || !header->p_memsz)
		return 0;
	return boot_image_add(image, file, &(struct boot_segment){
		header->p_offset, header->p_filesz, header->p_paddr, header->p_memsz });
}

static int parse_elf64(const struct boot_file *file, struct boot_image *image, struct err *err)
{
	Elf64_Ehdr elf;

	if (boot_file_read(file, 0, &elf, sizeof(elf)) || elf.e_phentsize != sizeof(Elf64_Phdr) ||
	    elf.e_machine != EM_X86_64 || elf.e_phoff > file->size || elf.e_phnum > BOOT_HEADERS_MAX)
		return boot_image_refuse(err, "this ELF file is not for x86-64, or is cut off");
	for (unsigned int i = 0; i < elf.e_phnum; i++) {
		Elf64_Phdr header;

		if (boot_file_read(file, elf.e_phoff + i * sizeof(header), &header, sizeof(header)) ||
		    take_header(file, &header, image))
			return boot_image_refuse(err, "this ELF file's program headers are broken, or too many");
	}
	if (!image->entry)
		return boot_image_refuse(err, "this ELF file has no PVH entry: its kernel needs CONFIG_PVH");
	if (!image->count)
		return boot_image_refuse(err, "this ELF file has nothing to load");
	image->protocol = BOOT_PVH;
	return 0;
}

int boot_image_parse(const struct boot_file *file, struct boot_image *image, struct err *err)
{
	unsigned char ident[EI_NIDENT];

	*image = (struct boot_image){ 0 };
	if (boot_file_read(file, 0, ident, sizeof(ident)))
		return boot_image_refuse(err, "the file is shorter than any kernel");
	if (memcmp(ident, ELFMAG, SELFMAG))
		return parse_bzimage(file, image, err);
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return boot_image_refuse(err, "this ELF file is not a 64-bit one: payload = linux boots a vmlinux or a bzImage");
	return parse_elf64(file, image, err);
}
