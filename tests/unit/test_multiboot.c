// SPDX-License-Identifier: GPL-2.0-only
/* payload = multiboot without KVM: its file, what its kernel is told, and the test device. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel_files.h"
#include "vm/boot_multiboot.h"
#include "vm/pc.h"

#define M (1ull << 20)
#define G (1ull << 30)

/* A kernel's file. */

struct kernel {
	Elf32_Ehdr elf;
	Elf32_Phdr headers[2];
	uint32_t multiboot[3];
	uint8_t code[64];
};

static struct kernel make_kernel(void)
{
	struct kernel kernel = {
		.elf = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB }, .e_machine = EM_386,
			.e_phoff = offsetof(struct kernel, headers), .e_phnum = 2,
			.e_phentsize = sizeof(Elf32_Phdr), .e_entry = 0x400010,
		},
		.headers = {
			{ .p_type = PT_LOAD, .p_offset = offsetof(struct kernel, code), .p_filesz = 64,
			  .p_memsz = 4096, .p_paddr = 0x400000, .p_vaddr = 0x400000 },
			{ .p_type = PT_LOAD, .p_offset = offsetof(struct kernel, code), .p_filesz = 16,
			  .p_memsz = 16, .p_paddr = 0x8000, .p_vaddr = 0x8000 },
		},
		.multiboot = { 0x1badb002, 0, 0u - 0x1badb002 },
	};

	for (size_t i = 0; i < sizeof(kernel.code); i++)
		kernel.code[i] = (uint8_t)(i + 1);
	return kernel;
}

static int parse(const void *data, size_t size, struct boot_image *image, struct err *err)
{
	return kernel_file_parse(multiboot_image_parse, data, size, image, err);
}

static void refuse_kernel(const struct kernel *kernel, size_t size, const char *why)
{
	kernel_file_refused(multiboot_image_parse, kernel, size, why);
}

static void a_kernel_is_loaded_where_its_elf_headers_say(void **state)
{
	struct kernel kernel = make_kernel();
	struct boot_image image;
	struct err err;

	(void)state;
	assert_int_equal(parse(&kernel, sizeof(kernel), &image, &err), 0);
	assert_int_equal(image.protocol, BOOT_MULTIBOOT);
	assert_int_equal(image.count, 2);
	assert_int_equal(image.segments[0].gpa, 0x400000);
	assert_int_equal(image.segments[0].bytes, 64);
	assert_int_equal(image.segments[0].size, 4096);
	assert_int_equal(image.segments[1].gpa, 0x8000);
	assert_int_equal(image.entry, 0x400010);
	/* The entry is a virtual address, and the CPU starts without paging. */
	kernel.headers[0].p_vaddr = 0xc0400000;
	kernel.elf.e_entry = 0xc0400010;
	assert_int_equal(parse(&kernel, sizeof(kernel), &image, &err), 0);
	assert_int_equal(image.entry, 0x400010);
	/* Flags that ask for what there is. */
	kernel.multiboot[1] = 3;
	kernel.multiboot[2] -= 3;
	assert_int_equal(parse(&kernel, sizeof(kernel), &image, &err), 0);
}

/* A file of no known format, which says itself where it belongs: flag 16. */
struct flat {
	uint8_t before[20];
	struct multiboot_header header;
	uint8_t code[64];
};

/* Its first 4 bytes are not loaded. */
static struct flat make_flat(void)
{
	struct flat flat = {
		.header = {
			.magic = 0x1badb002, .flags = 1 << 16, .checksum = 0u - 0x1badb002 - (1 << 16),
			.header = 0x100010, .load = 0x100000, .bss_end = 0x110000, .entry = 0x100030,
		},
	};

	for (size_t i = 0; i < sizeof(flat.code); i++)
		flat.code[i] = (uint8_t)(i + 1);
	return flat;
}

static void a_kernel_may_say_in_its_header_where_it_is_loaded(void **state)
{
	struct flat flat = make_flat();
	struct boot_image image;
	struct err err;

	(void)state;
	assert_int_equal(parse(&flat, sizeof(flat), &image, &err), 0);
	assert_int_equal(image.protocol, BOOT_MULTIBOOT);
	assert_int_equal(image.count, 1);
	assert_int_equal(image.segments[0].offset, 4);
	assert_int_equal(image.segments[0].bytes, sizeof(flat) - 4);
	assert_int_equal(image.segments[0].gpa, 0x100000);
	assert_int_equal(image.segments[0].size, 0x10000);
	assert_int_equal(image.entry, 0x100030);
	/* Without a BSS, and with an end that is not the file's. */
	flat.header.bss_end = 0;
	flat.header.load_end = 0x100040;
	assert_int_equal(parse(&flat, sizeof(flat), &image, &err), 0);
	assert_int_equal(image.segments[0].bytes, 0x40);
	assert_int_equal(image.segments[0].size, 0x40);
}

static void refuse_flat(const struct flat *flat, size_t size, const char *why)
{
	kernel_file_refused(multiboot_image_parse, flat, size, why);
}

static void a_header_whose_addresses_are_no_kernels_is_refused(void **state)
{
	struct flat flat = make_flat();

	(void)state;
	refuse_flat(&flat, offsetof(struct flat, header) + 28, "addresses");
	flat.header.load = 0x100011;		/* behind the header */
	refuse_flat(&flat, sizeof(flat), "addresses");
	flat = make_flat();
	flat.header.load = 0xfffe0;		/* before the file */
	refuse_flat(&flat, sizeof(flat), "addresses");
	flat = make_flat();
	flat.header.load_end = 0xfffff;
	refuse_flat(&flat, sizeof(flat), "addresses");
	flat = make_flat();
	flat.header.load_end = 0x101000;	/* more than the file has */
	refuse_flat(&flat, sizeof(flat), "addresses");
	flat = make_flat();
	flat.header.header = 0xfffffff0;
	flat.header.load = 0xffffffe0;		/* ends beyond 4 GiB */
	refuse_flat(&flat, sizeof(flat), "addresses");
	flat = make_flat();
	flat.header.entry = 0x110000;
	refuse_flat(&flat, sizeof(flat), "entry lies in nothing");
}

static void a_kernel_that_can_not_be_booted_says_why(void **state)
{
	struct kernel kernel = make_kernel();

	(void)state;
	refuse_kernel(&kernel, 20, "no ELF file");
	refuse_kernel(&kernel, sizeof(kernel.elf) + 8, "no multiboot header");
	kernel.elf.e_ident[EI_CLASS] = ELFCLASS64;
	refuse_kernel(&kernel, sizeof(kernel), "objcopy -O elf32-i386");
	kernel = make_kernel();
	kernel.multiboot[2]++;
	refuse_kernel(&kernel, sizeof(kernel), "no multiboot header");
	kernel = make_kernel();
	kernel.multiboot[1] = 4;
	kernel.multiboot[2] -= 4;
	refuse_kernel(&kernel, sizeof(kernel), "a video mode");
	kernel = make_kernel();
	kernel.elf.e_phnum = 65;
	refuse_kernel(&kernel, sizeof(kernel), "broken, or too many");
	kernel = make_kernel();
	kernel.headers[0].p_filesz = UINT32_MAX;
	kernel.headers[0].p_memsz = UINT32_MAX;
	refuse_kernel(&kernel, sizeof(kernel), "broken, or too many");
	kernel = make_kernel();
	kernel.headers[0].p_memsz = 32;		/* fewer than the file has for it */
	refuse_kernel(&kernel, sizeof(kernel), "broken, or too many");
	kernel = make_kernel();
	kernel.elf.e_phoff = UINT32_MAX - 8;
	refuse_kernel(&kernel, sizeof(kernel), "broken, or too many");
	kernel = make_kernel();
	kernel.elf.e_entry = 0x401000;
	refuse_kernel(&kernel, sizeof(kernel), "entry lies in nothing");
	kernel.elf.e_phnum = 0;
	refuse_kernel(&kernel, sizeof(kernel), "nothing to load");
}

/* A VM whose memory is here: 16 MiB, the same memory for SMM, and RAM above 4 GiB that nobody touches. */
struct scene {
	struct memslot_cfg slots[3];
	struct phase_cfg phase;
	struct config config;
	struct layout layout;
	struct backing backings[3];
	struct vm vm;
	struct ram_map map;
	char path[32];
};

static void set_slot(struct memslot_cfg *slot, const char *name, uint64_t base, uint64_t size)
{
	*slot = (struct memslot_cfg){ .id = -1, .node = -1, .count = 1, .base = base, .size = size,
				      .stride = size, .plugged = size };
	snprintf(slot->name, sizeof(slot->name), "%s", name);
}

static void build(struct scene *s)
{
	struct errors errors = { 0 };
	struct err err;

	set_slot(&s->slots[0], "low", 0, 16 * M);
	set_slot(&s->slots[1], "smm", 0, 16 * M);
	s->slots[1].space = SPACE_SMM;
	set_slot(&s->slots[2], "high", 4 * G, 2 * G);
	snprintf(s->path, sizeof(s->path), "/tests/x/kernel.flat");
	s->phase = (struct phase_cfg){ .what = DO_RUN, .until = UNTIL_EXIT };
	s->config = (struct config){ .vm.vcpus = 2, .memslots = s->slots, .memslot_count = 3, .phases = &s->phase,
				     .phase_count = 1, .guest = { .payload = PAYLOAD_MULTIBOOT, .kernel = s->path } };
	assert_int_equal(layout_build(&s->config, &LAYOUT_LIMITS_DEFAULT, &s->layout, &errors), 0);
	for (size_t i = 0; i < 2; i++)
		s->backings[i] = (struct backing){
			.size = 16 * M, .hva = mmap(NULL, 16 * M, PROT_READ | PROT_WRITE,
						    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) };
	s->vm = (struct vm){ .layout = &s->layout, .fd = -1, .backings = s->backings };
	assert_int_equal(ram_map_make(&s->layout, &s->map, &err), 0);
}

static void take_down(struct scene *s)
{
	munmap(s->backings[0].hva, 16 * M);
	munmap(s->backings[1].hva, 16 * M);
	layout_free(&s->layout);
}

static uint32_t word(const struct scene *s, uint32_t gpa)
{
	uint32_t value;

	assert_int_equal(vm_read(&s->vm, gpa, &value, 4), 0);
	return value;
}

static uint64_t two_words(const struct scene *s, uint32_t gpa)
{
	return word(s, gpa) | (uint64_t)word(s, gpa + 4) << 32;
}

static const char *text(const struct scene *s, uint32_t gpa)
{
	return (const char *)vm_page(&s->vm, gpa) + gpa % 4096;
}

static void a_kernel_is_told_its_memory_its_words_and_its_environment(void **state)
{
	static char args[] = "one two", environment[] = "  NR_CPUS=7 A=b=c ";
	struct kernel kernel = make_kernel();
	struct boot_file file = kernel_file(&kernel, sizeof(kernel));
	struct multiboot_words words;
	struct scene s = { 0 };
	struct boot_image image;
	struct err err;
	uint32_t info = PC_START_INFO, module, map;

	(void)state;
	build(&s);
	s.config.guest.args = args;
	s.config.guest.environment = environment;
	assert_int_equal(multiboot_image_parse(&file, &image, &err), 0);
	assert_int_equal(multiboot_words(&s.config, &s.map, &words, &err), 0);
	assert_int_equal(multiboot_load(&s.vm, &file, &image, &s.map, &words, &err), 0);
	assert_memory_equal(text(&s, 0x400000), kernel.code, 64);
	assert_memory_equal(text(&s, 0x8000), kernel.code, 16);
	assert_int_equal(word(&s, info), 1 | 4 | 8 | 64);
	assert_int_equal(word(&s, info + 4), 639);
	assert_int_equal(word(&s, 0x413) & 0xffff, 639);
	assert_int_equal(word(&s, info + 8), 15 * 1024);
	assert_string_equal(text(&s, word(&s, info + 16)), "kernel.flat one two");
	assert_int_equal(word(&s, info + 20), 1);
	module = word(&s, info + 24);
	assert_string_equal(text(&s, word(&s, module)),
			    "MEMSIZE=2064\nMEMLIMIT=0\nTEST_DEVICE=1\nBOOTLOADER=0\nNR_CPUS=7\nA=b=c\n");
	assert_int_equal(word(&s, module + 4) - word(&s, module), strlen(words.environment));
	/* size, base, length, type; the size does not count itself. */
	map = word(&s, info + 48);
	assert_int_equal(word(&s, info + 44), 4 * 24);
	assert_int_equal(word(&s, map), 20);
	assert_int_equal(two_words(&s, map + 4), 0);
	assert_int_equal(two_words(&s, map + 12), 0x9fc00);
	assert_int_equal(word(&s, map + 20), 1);
	assert_int_equal(word(&s, map + 24 + 20), 2);
	assert_int_equal(two_words(&s, map + 72 + 4), 4 * G);
	assert_int_equal(two_words(&s, map + 72 + 12), 2 * G);
	/* Only SMM has a handler for SMIs. */
	assert_memory_equal(s.backings[1].hva + 0x38000, "\x0f\xaa", 2);
	assert_int_equal(word(&s, 0x38000), 0);
	take_down(&s);
	boot_file_close(&file);
}

/* Loads the kernel with so many bytes for its second segment, which begins at 0x8000. SMM shows the same memory. */
static void load_with_bss(struct scene *s, const struct kernel *kernel, uint64_t segment_size)
{
	struct boot_file file = kernel_file(kernel, sizeof(*kernel));
	struct multiboot_words words;
	struct boot_image image;
	struct err err;

	s->layout.memory_of[1] = 0;
	assert_int_equal(multiboot_image_parse(&file, &image, &err), 0);
	image.segments[1].size = segment_size;
	assert_int_equal(multiboot_words(&s->config, &s->map, &words, &err), 0);
	assert_int_equal(multiboot_load(&s->vm, &file, &image, &s->map, &words, &err), 0);
	boot_file_close(&file);
}

/* What an earlier run may have left in a file that is the VM's memory, and what waits for an SMI where SMM has the same. */
static void memory_behind_a_segments_bytes_is_0(void **state)
{
	struct kernel kernel = make_kernel();
	struct scene s = { 0 };

	(void)state;
	build(&s);
	s.slots[0].backing = BACKING_FILE;
	memset(s.backings[0].hva + 0x400000, 0xa5, 8192);
	load_with_bss(&s, &kernel, 0x40000);
	assert_memory_equal(text(&s, 0x400000), kernel.code, 64);
	assert_int_equal(word(&s, 0x400040), 0);
	assert_int_equal(word(&s, 0x400ffc), 0);
	assert_int_equal(word(&s, 0x401000), 0xa5a5a5a5);
	assert_int_equal(word(&s, 0x38000), 0);
	take_down(&s);
}

/* What stands where an SMI goes, in new memory. */
static uint32_t where_an_smi_goes(uint64_t segment_size)
{
	struct kernel kernel = make_kernel();
	struct scene s = { 0 };
	uint32_t found;

	build(&s);
	load_with_bss(&s, &kernel, segment_size);
	found = word(&s, 0x38000);
	take_down(&s);
	return found;
}

static void what_waits_for_an_smi_is_not_put_into_the_kernel(void **state)
{
	(void)state;
	assert_int_equal(where_an_smi_goes(0x30000), 0xaa0f);
	assert_int_equal(where_an_smi_goes(0x30001), 0);
}

static void words_that_are_too_long_are_refused(void **state)
{
	char *many = malloc(8192);
	struct multiboot_words words;
	struct scene s = { 0 };
	struct err err = { 0 };

	(void)state;
	build(&s);
	memset(many, 'a', 8191);
	many[8191] = '\0';
	s.config.guest.args = many;
	assert_int_equal(multiboot_words(&s.config, &s.map, &words, &err), -EINVAL);
	assert_non_null(strstr(err.text, "guest.args"));
	s.config.guest.args = NULL;
	s.config.guest.environment = many;
	assert_int_equal(multiboot_words(&s.config, &s.map, &words, &err), -EINVAL);
	assert_non_null(strstr(err.text, "guest.environment"));
	/* As many as there is room for: a page, with a NUL. */
	for (size_t length = 3900; length < 4096; length++) {
		many[length] = '\0';
		if (!multiboot_words(&s.config, &s.map, &words, &err))
			assert_true(strlen(words.environment) < PC_ENVIRONMENT_SIZE);
		many[length] = 'a';
	}
	take_down(&s);
	free(many);
}

static void refuse_place(uint64_t gpa, uint64_t size, const char *why)
{
	struct boot_image image = { .count = 1, .segments = { { .gpa = gpa, .size = size } } };
	struct err err = { 0 };

	assert_int_equal(multiboot_check(&image, 16 * M, &err), -EINVAL);
	assert_non_null(strstr(err.text, why));
}

static void a_kernel_without_room_is_refused(void **state)
{
	struct boot_image image = { .count = 1, .segments = { { .gpa = 0x8000, .size = 0x78000 } } };
	struct err err;

	(void)state;
	assert_int_equal(multiboot_check(&image, 16 * M, &err), 0);
	image.segments[0] = (struct boot_segment){ .gpa = 0x8b000, .size = 16 * M - 0x8b000 };
	assert_int_equal(multiboot_check(&image, 16 * M, &err), 0);
	refuse_place(16 * M - 4096, 4097, "that begins at 0 ends at 16");
	refuse_place(UINT32_MAX, UINT32_MAX, "that begins at 0 ends at 16");
	refuse_place(0x8000, 0x78001, "what a kernel is told at boot");
	refuse_place(0x8afff, 1, "what a kernel is told at boot");
}

/* The test device. */

struct stage {
	struct scene scene;
	struct pc pc;
};

static int set(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct err err;

	build(&s->scene);
	assert_int_equal(pc_open(&s->pc, &s->scene.vm, &err), 0);
	pc_begin_phase(&s->pc, 0);
	*state = s;
	return 0;
}

static int unset(void **state)
{
	struct stage *s = *state;

	pc_close(&s->pc);
	take_down(&s->scene);
	free(s);
	return 0;
}

static void out(struct stage *s, uint16_t port, unsigned int size, uint32_t value)
{
	uint8_t data[4];

	memcpy(data, &value, 4);
	pc_port(&s->pc, port, false, size, 1, data);
}

static uint32_t in(struct stage *s, uint16_t port, unsigned int size)
{
	uint32_t value = 0;

	pc_port(&s->pc, port, true, size, 1, (uint8_t *)&value);
	return value;
}

static void its_exit_port_ends_the_guest(void **state)
{
	struct stage *s = *state;

	in(s, TEST_EXIT, 4);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	out(s, TEST_EXIT, 4, 38);
	assert_int_equal(pc_event(&s->pc), PC_EXIT);
	assert_int_equal(s->pc.value, 38);
	assert_true(pc_has_ended(&s->pc));
	/* The first exit counts, in the next phase as well. */
	pc_begin_phase(&s->pc, 0);
	out(s, TEST_EXIT, 1, 0);
	assert_int_equal(s->pc.value, 38);
}

static void the_latch_holds_what_was_written_to_its_bytes(void **state)
{
	struct stage *s = *state;

	out(s, TEST_LATCH, 4, 0x12345678);
	assert_int_equal(in(s, TEST_LATCH, 4), 0x12345678);
	out(s, TEST_LATCH + 1, 1, 0xab);
	out(s, TEST_LATCH + 2, 2, 0xcdef);
	assert_int_equal(in(s, TEST_LATCH, 4), 0xcdefab78);
	assert_int_equal(in(s, TEST_LATCH + 1, 1), 0xab);
	/* Beyond its end is nothing. */
	out(s, TEST_LATCH + 3, 4, 0x01020304);
	assert_int_equal(in(s, TEST_LATCH, 4), 0x04efab78);
	assert_int_equal(in(s, TEST_LATCH + 3, 4), 0xffffff04);
}

static uint64_t memory(struct stage *s, uint64_t gpa, bool write, uint32_t size, uint64_t value)
{
	pc_mmio(&s->pc, gpa, write, size, (uint8_t *)&value);
	return value;
}

static void its_memory_is_64_kib_and_no_byte_more(void **state)
{
	struct stage *s = *state;

	memory(s, TEST_MEMORY, true, 8, 0x1122334455667788);
	memory(s, TEST_MEMORY + 0xfff8, true, 8, 42);
	assert_int_equal(memory(s, TEST_MEMORY, false, 8, 0), 0x1122334455667788);
	assert_int_equal(memory(s, TEST_MEMORY + 2, false, 2, 0), 0x5566);
	assert_int_equal(memory(s, TEST_MEMORY + 0xfff8, false, 8, 0), 42);
	memory(s, TEST_MEMORY + 0xfff9, true, 8, 0);
	memory(s, TEST_MEMORY - 1, true, 2, 0);
	memory(s, TEST_MEMORY, true, UINT32_MAX, 0);
	assert_int_equal(memory(s, TEST_MEMORY + 0xfff9, false, 8, 0), UINT64_MAX);
	assert_int_equal(memory(s, TEST_MEMORY + 0x10000, false, 1, 0), UINT64_MAX);
	assert_int_equal(memory(s, TEST_MEMORY - 1, false, 1, 0), UINT64_MAX);
	assert_int_equal(memory(s, UINT64_MAX, false, 8, 0), UINT64_MAX);
	assert_int_equal(memory(s, TEST_MEMORY, false, 8, 0), 0x1122334455667788);
	assert_int_equal(memory(s, TEST_MEMORY + 0xfff8, false, 8, 0), 42);
}

static void a_flushed_page_keeps_what_it_holds(void **state)
{
	struct stage *s = *state;
	uint32_t *page = (uint32_t *)s->scene.backings[0].hva + 4096;

	*page = 7;
	out(s, TEST_FLUSH, 4, 0x4123);
	out(s, TEST_FLUSH, 1, 0x40);
	out(s, TEST_FLUSH + 1, 4, 0x4000);
	out(s, TEST_FLUSH, 4, UINT32_MAX);	/* nothing is there */
	assert_int_equal(*page, 7);
	*page = 8;
}

static void what_is_linuxs_is_not_there(void **state)
{
	static const char panic[] = "Kernel panic - not syncing";
	struct stage *s = *state;

	out(s, 0x604, 2, 0x2000);	/* ACPI's power-off */
	assert_int_equal(in(s, 0x604, 2), 0xffff);
	assert_int_equal(in(s, AGENT_PORT, 4), UINT32_MAX);
	for (const char *at = panic; *at; at++)
		out(s, 0x3f8, 1, (uint8_t)*at);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	out(s, TEST_IRQ + TEST_IRQS, 1, 1);
	assert_int_equal(in(s, TEST_IRQ + TEST_IRQS, 4), UINT32_MAX);
	assert_int_equal(in(s, TEST_IRQ + TEST_IRQS - 1, 4), 0);
}

static void random_accesses_do_no_harm(void **state)
{
	struct stage *s = *state;
	uint8_t data[4 * 64];

	srandom(1);
	for (unsigned int i = 0; i < 200000; i++) {
		uint16_t port = (uint16_t)(random() % 4 ? 0xd0 + random() % 0x30 : 0x1ff0 + random() % 0x40);

		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = (uint8_t)random();
		pc_port(&s->pc, port, random() % 2, 1u << random() % 3, (uint32_t)(1 + random() % 64), data);
		pc_mmio(&s->pc, TEST_MEMORY - 16 + (uint64_t)random() % 0x10020, random() % 2,
			(uint32_t)random() % 10, data);
	}
}

int main(void)
{
#define IN_PC(test) cmocka_unit_test_setup_teardown(test, set, unset)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_is_loaded_where_its_elf_headers_say),
		cmocka_unit_test(a_kernel_may_say_in_its_header_where_it_is_loaded),
		cmocka_unit_test(a_header_whose_addresses_are_no_kernels_is_refused),
		cmocka_unit_test(a_kernel_that_can_not_be_booted_says_why),
		cmocka_unit_test(a_kernel_is_told_its_memory_its_words_and_its_environment),
		cmocka_unit_test(memory_behind_a_segments_bytes_is_0),
		cmocka_unit_test(what_waits_for_an_smi_is_not_put_into_the_kernel),
		cmocka_unit_test(words_that_are_too_long_are_refused),
		cmocka_unit_test(a_kernel_without_room_is_refused),
		IN_PC(its_exit_port_ends_the_guest),
		IN_PC(the_latch_holds_what_was_written_to_its_bytes),
		IN_PC(its_memory_is_64_kib_and_no_byte_more),
		IN_PC(a_flushed_page_keeps_what_it_holds),
		IN_PC(what_is_linuxs_is_not_there),
		IN_PC(random_accesses_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
