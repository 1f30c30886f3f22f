// SPDX-License-Identifier: GPL-2.0-only
/*
 * A multiboot kernel's file: Multiboot Specification 0.6.96, sections 3.1 and 3.2. If its multiboot header has
 * flag 16, that header says what is loaded where. Otherwise its ELF headers say it.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "vm/boot_image.h"

#define SEARCHED 8192u			/* the header lies in so many first bytes */
#define MUST_UNDERSTAND 0xffffu		/* bits of flags that a loader may not ignore */
#define WANTS_PAGES 1u			/* modules begin at a page */
#define WANTS_MEMORY 2u			/* the size of the memory */
#define HAS_ADDRESSES 0x10000u		/* the header says what is loaded where */

/* Returns where it is in *at, and its flags in *flags. */
static int find_header(const struct boot_file *file, uint64_t *at, uint32_t *flags)
{
	size_t size = file->size < SEARCHED ? file->size / 4 * 4 : SEARCHED;
	uint32_t words[SEARCHED / 4];

	if (boot_file_read(file, 0, words, size))
		return -EIO;
	for (size_t i = 0; i + 3 <= size / 4; i++) {
		if (words[i] != MULTIBOOT_HEADER_MAGIC || words[i] + words[i + 1] + words[i + 2])
			continue;
		*at = i * sizeof(words[0]);
		*flags = words[i + 1];
		return 0;
	}
	return -ENOENT;
}

/* Adds what is to be loaded. The entry is a virtual address, and paging is off. */
static int take_header(const struct boot_file *file, const Elf32_Phdr *header, uint32_t entry,
		       struct boot_image *image)
{
	if (header->p_type != PT_LOAD || !header->p_memsz)
		return 0;
	if (entry >= header->p_vaddr && entry - header->p_vaddr < header->p_memsz)
		image->entry = (uint64_t)header->p_paddr + (entry - header->p_vaddr);
	return boot_image_add(image, file, &(struct boot_segment){
		header->p_offset, header->p_filesz, header->p_paddr, header->p_memsz });
}

static int parse_elf32(const struct boot_file *file, const Elf32_Ehdr *elf, struct boot_image *image,
		       struct err *err)
{
	image->entry = UINT64_MAX;
	for (unsigned int i = 0; i < elf->e_phnum; i++) {
		Elf32_Phdr header;

		if (boot_file_read(file, (uint64_t)elf->e_phoff + i * sizeof(header), &header,
				   sizeof(header)) ||
		    take_header(file, &header, elf->e_entry, image))
			return boot_image_refuse(err, "this ELF file's program headers are broken, or too many");
	}
	if (!image->count)
		return boot_image_refuse(err, "this ELF file has nothing to load");
	if (image->entry == UINT64_MAX)
		return boot_image_refuse(err, "this ELF file's entry lies in nothing that is loaded");
	image->protocol = BOOT_MULTIBOOT;
	return 0;
}

static int read_elf(const struct boot_file *file, Elf32_Ehdr *elf, struct err *err)
{
	if (boot_file_read(file, 0, elf, sizeof(*elf)) || memcmp(elf->e_ident, ELFMAG, SELFMAG))
		return boot_image_refuse(err, "it is no ELF file, and has no multiboot header that says where it is loaded (flag 16)");
	if (elf->e_ident[EI_CLASS] != ELFCLASS32 || elf->e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf->e_machine != EM_386)
		return boot_image_refuse(err, "payload = multiboot boots ELF files for i386 (a 64-bit kernel: "
					 "objcopy -O elf32-i386)");
	if (elf->e_phentsize != sizeof(Elf32_Phdr) || elf->e_phnum > BOOT_HEADERS_MAX)
		return boot_image_refuse(err, "this ELF file's program headers are broken, or too many");
	return 0;
}

/*
 * The file from `load` on, of which the header is a part, up to `load_end` or, if that is 0, its end; then
 * zeros up to bss_end.
 */
static int parse_addresses(const struct boot_file *file, uint64_t at, struct boot_image *image, struct err *err)
{
	const char *const wrong = "the addresses in its multiboot header do not fit the file";
	struct multiboot_header header;
	struct boot_segment segment;
	uint64_t end;

	if (boot_file_read(file, at, &header, sizeof(header)) || header.header < header.load ||
	    header.header - header.load > at || (header.load_end && header.load_end < header.load))
		return boot_image_refuse(err, wrong);
	segment = (struct boot_segment){ .gpa = header.load, .offset = at - (header.header - header.load) };
	segment.bytes = header.load_end ? header.load_end - header.load : file->size - segment.offset;
	end = segment.gpa + segment.bytes;
	end = header.bss_end > end ? header.bss_end : end;
	segment.size = end - segment.gpa;
	if (end > 1ull << 32 || boot_image_add(image, file, &segment))
		return boot_image_refuse(err, wrong);
	if (header.entry < segment.gpa || header.entry >= end)
		return boot_image_refuse(err, "its entry lies in nothing that is loaded");
	image->entry = header.entry;
	image->protocol = BOOT_MULTIBOOT;
	return 0;
}

int multiboot_image_parse(const struct boot_file *file, struct boot_image *image, struct err *err)
{
	uint64_t at = 0;
	uint32_t flags = 0;
	bool found = !find_header(file, &at, &flags), of_elf = !found || !(flags & HAS_ADDRESSES);
	Elf32_Ehdr elf;
	int code = of_elf ? read_elf(file, &elf, err) : 0;

	*image = (struct boot_image){ 0 };
	if (code)
		return code;
	if (!found)
		return boot_image_refuse(err, "no multiboot header is in the first 8192 bytes of the file");
	if (flags & MUST_UNDERSTAND & ~(WANTS_PAGES | WANTS_MEMORY))
		return boot_image_refuse(err, "its multiboot header wants what there is not: a video mode, or more");
	return of_elf ? parse_elf32(file, &elf, image, err) : parse_addresses(file, at, image, err);
}
