// SPDX-License-Identifier: GPL-2.0-only
/* payload = linux without KVM: its files, what its kernel is told, and its devices. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial_reg.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/value.h"
#include "model/implicit_slots.h"
#include "model/model.h"
#include "report/report_render.h"
#include "report/report_slots.h"
#include "vm/acpi.h"
#include "vm/agent_initrd.h"
#include "vm/agent_port.h"
#include "kernel_files.h"
#include "vm/boot_linux.h"
#include "vm/guest_cpuid.h"
#include "vm/pc.h"
#include "vm/pc_input.h"

#define M (1ull << 20)
#define G (1ull << 30)

/* Layouts. */

struct scene {
	struct memslot_cfg slots[4];
	struct phase_cfg phases[3];
	struct config config;
	struct layout layout;
};

static void add_slot(struct scene *s, const char *name, uint64_t base, uint64_t size)
{
	struct memslot_cfg *slot = &s->slots[s->config.memslot_count++];

	*slot = (struct memslot_cfg){ .id = -1, .node = -1, .count = 1, .base = base, .size = size,
				      .stride = size, .plugged = size };
	snprintf(slot->name, sizeof(slot->name), "%s", name);
}

static void build(struct scene *s)
{
	struct errors errors = { 0 };

	s->config.memslots = s->slots;
	s->config.phases = s->phases;
	s->config.guest.payload = PAYLOAD_LINUX;
	assert_int_equal(layout_build(&s->config, &LAYOUT_LIMITS_DEFAULT, &s->layout, &errors), 0);
}

static void memory_of_two_slots_has_a_hole(void **state)
{
	static const struct ram_range wanted[] = {
		{ 0, 0x9fc00, RAM_USABLE }, { 0x9fc00, 0x60400, RAM_RESERVED },
		{ M, 3 * G - M, RAM_USABLE }, { 4 * G, 5 * G, RAM_USABLE },
	};
	struct scene s = { 0 };
	struct ram_map map;
	struct err err;

	(void)state;
	add_slot(&s, "low", 0, 1 * G);
	add_slot(&s, "more", 1 * G, 2 * G);	/* next to it: one range */
	add_slot(&s, "high", 4 * G, 5 * G);
	build(&s);
	assert_int_equal(ram_map_make(&s.layout, &map, &err), 0);
	assert_int_equal(map.low_end, 3 * G);
	assert_int_equal(map.count, 4);
	for (size_t i = 0; i < map.count; i++) {
		assert_int_equal(map.ranges[i].base, wanted[i].base);
		assert_int_equal(map.ranges[i].size, wanted[i].size);
		assert_int_equal(map.ranges[i].type, wanted[i].type);
	}
	layout_free(&s.layout);
}

static void memory_that_is_not_ram_is_reserved(void **state)
{
	struct scene s = { 0 };
	struct ram_map map;
	struct err err;

	(void)state;
	add_slot(&s, "low", 0, 64 * M);
	add_slot(&s, "bar", 1 * G, 16 * M);
	s.slots[1].kind = SLOT_DEVICE;
	add_slot(&s, "rom", 2 * G, 2 * M);
	s.slots[2].flags = SLOT_READONLY;
	add_slot(&s, "part", 4 * G, 64 * M);
	s.slots[3].plugged = 16 * M;
	build(&s);
	assert_int_equal(ram_map_make(&s.layout, &map, &err), 0);
	assert_int_equal(map.count, 7);
	assert_int_equal(map.ranges[3].base, 1 * G);
	assert_int_equal(map.ranges[3].type, RAM_RESERVED);
	assert_int_equal(map.ranges[4].type, RAM_RESERVED);
	assert_int_equal(map.ranges[5].size, 16 * M);
	assert_int_equal(map.ranges[6].base, 4 * G + 16 * M);
	assert_int_equal(map.ranges[6].type, RAM_RESERVED);
	layout_free(&s.layout);
}

static void refuse_layout(uint64_t base, uint64_t size, const char *why)
{
	struct scene s = { 0 };
	struct ram_map map;
	struct err err = { 0 };

	add_slot(&s, "low", base, size);
	build(&s);
	assert_int_equal(ram_map_make(&s.layout, &map, &err), -EINVAL);
	assert_non_null(strstr(err.text, why));
	assert_true(err.remedy[0]);
	layout_free(&s.layout);
}

static void memory_without_a_hole_is_refused_with_the_rule(void **state)
{
	(void)state;
	refuse_layout(0, 8 * G, "memslot.low: it reaches into 0xfec00000");
	refuse_layout(0, 0xfec01000, "0xfec00000");
	refuse_layout(M, 512 * M, "from address 0 on");
	refuse_layout(0, 8 * M, "16M");
}

/* 512 MiB: rmaps of 257 + 1 + 1 pages and their page-pointer arrays, all in vmalloc. */
static uint64_t rmaps_with(const struct host *host, unsigned int spaces, uint64_t *all)
{
	struct model model = { .rmap_lazy = true, .tracking_lazy = true, .whole_pages = true };
	struct footprint creation, transition;
	struct scene s = { 0 };

	add_slot(&s, "low", 0, 512 * M);
	build(&s);
	implicit_slots_add(host, spaces, 32764, &s.layout);
	model_layout(&model, &s.layout, &creation, &transition);
	*all = footprint_total(&creation) + footprint_total(&transition);
	layout_free(&s.layout);
	return transition.bytes[ARRAY_RMAP];
}

static void memslots_that_kvm_makes_are_counted(void **state)
{
	struct host host = { .module = "kvm_amd", .tdp = ANSWER_YES };
	uint64_t all, plain, plain_all;

	(void)state;
	plain = rmaps_with(&host, 2, &plain_all);
	assert_int_equal(plain, 1056768);
	/* An APIC-access page: 3 pages of rmaps in each address space, 6 of all arrays. */
	host = (struct host){ .module = "kvm_intel", .tdp = ANSWER_YES, .flexpriority = ANSWER_YES,
			      .unrestricted_guest = ANSWER_YES };
	assert_int_equal(rmaps_with(&host, 2, &all), plain + 2 * 3 * 4096);
	assert_int_equal(all, plain_all + 49152);
	assert_int_equal(rmaps_with(&host, 1, &all), plain + 3 * 4096);
	host.flexpriority = ANSWER_NO;
	assert_int_equal(rmaps_with(&host, 2, &all), plain);
	/* And a TSS and an identity map. */
	host.unrestricted_guest = ANSWER_NO;
	assert_int_equal(rmaps_with(&host, 2, &all), plain + 2 * 2 * 3 * 4096);
	host.tdp = ANSWER_NO;
	assert_int_equal(rmaps_with(&host, 2, &all), plain + 2 * 3 * 4096);
}

/* The plan for a machine on which KVM is not loaded is one for the machine on which it is. */
static void without_a_module_the_cpu_decides(void **state)
{
	const struct host none = { .module = "" }, intel = { .cpu_vendor = "intel" }, amd = { .cpu_vendor = "amd" };
	const struct host loaded = { .module = "kvm_intel", .tdp = ANSWER_YES, .flexpriority = ANSWER_YES,
				     .unrestricted_guest = ANSWER_YES };
	const struct host hygon = { .cpu_vendor = "HygonGenuine" }, kvm_amd = { .module = "kvm_amd" };
	uint64_t all, with = rmaps_with(&loaded, 2, &all), without = rmaps_with(&kvm_amd, 2, &all);

	(void)state;
	assert_true(with > without);
	assert_int_equal(rmaps_with(&intel, 2, &all), with);
	assert_int_equal(rmaps_with(&none, 2, &all), with);
	assert_int_equal(rmaps_with(&amd, 2, &all), without);
	assert_int_equal(rmaps_with(&hygon, 2, &all), without);
}

static void memslots_that_kvm_makes_have_names(void **state)
{
	const struct host host = { .module = "kvm_intel", .tdp = ANSWER_YES, .flexpriority = ANSWER_YES,
				   .unrestricted_guest = ANSWER_NO };
	struct scene s = { 0 };
	json_t *slots;

	(void)state;
	add_slot(&s, "low", 0, 512 * M);
	build(&s);
	/* The built-in payload's VM has none but the identity map, as seen on 6.12; and with unrestricted guest none at all. */
	s.config.guest.payload = PAYLOAD_NESTED;
	implicit_slots_add(&host, 2, 509, &s.layout);
	assert_int_equal(s.layout.implicit_count, 2);
	assert_string_equal(s.layout.implicit_names[0], "kvm:identity-map");
	assert_string_equal(s.layout.implicit_names[1], "kvm:identity-map");
	s.layout.implicit_count = 0;
	implicit_slots_assume(509, &s.layout);
	assert_int_equal(s.layout.implicit_count, 0);
	s.config.guest.payload = PAYLOAD_MULTIBOOT;
	implicit_slots_add(&host, 2, 509, &s.layout);
	slots = report_slots_json(&s.layout, NULL);
	assert_int_equal(json_array_size(slots), 7);
	assert_string_equal(value_string(json_array_get(slots, 1), "name"), "kvm:apic-access");
	assert_string_equal(value_string(json_array_get(slots, 4), "name"), "kvm:tss");
	assert_string_equal(value_string(json_array_get(slots, 4), "space"), "smm");
	assert_int_equal(json_integer_value(value_at(json_array_get(slots, 4), "id")), 509);
	assert_string_equal(value_string(json_array_get(slots, 5), "name"), "kvm:identity-map");
	assert_string_equal(value_string(json_array_get(slots, 5), "space"), "normal");
	assert_int_equal(json_integer_value(value_at(json_array_get(slots, 5), "id")), 511);
	json_decref(slots);
	layout_free(&s.layout);
}

static char *slots_as_text(const json_t *report)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_text_slots(report, out), 0);
	fclose(out);
	return text;
}

/* Of a host that is known, only what concerns it. */
static void amd_is_named_where_no_host_is_known(void **state)
{
	json_t *report = json_pack("{s:[{s:s, s:i, s:i}], s:{s:n}}", "slots", "name", "kvm:apic-access", "base", 0,
				   "size", 4096, "host", "cpu_vendor");
	char *text = slots_as_text(report);

	(void)state;
	assert_non_null(strstr(text, "  KVM makes those named kvm: by itself, on Intel; on AMD there are none\n"));
	free(text);
	json_object_set_new(json_object_get(report, "host"), "cpu_vendor", json_string("GenuineIntel"));
	text = slots_as_text(report);
	assert_non_null(strstr(text, "  KVM makes those named kvm: by itself\n"));
	free(text);
	json_decref(report);
}

/* ACPI. */

static uint8_t sum(const uint8_t *bytes, size_t count)
{
	uint8_t total = 0;

	for (size_t i = 0; i < count; i++)
		total = (uint8_t)(total + bytes[i]);
	return total;
}

static uint64_t number(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static const uint8_t *table_at(const uint8_t *tables, uint32_t gpa, uint64_t at, const char *name)
{
	const uint8_t *table = tables + (at - gpa);

	assert_in_range(at, gpa, gpa + ACPI_SIZE - 36);
	assert_memory_equal(table, name, 4);
	assert_int_equal(sum(table, number(table + 4, 4)), 0);
	return table;
}

static void acpi_names_every_cpu(void **state)
{
	static const unsigned int counts[] = { 1, 2, 16, ACPI_CPUS_MAX };
	uint8_t tables[ACPI_SIZE];

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		const uint32_t gpa = 0xe0000;
		const uint8_t *xsdt, *fadt, *dsdt, *madt;

		acpi_tables(tables, gpa, counts[c]);
		assert_memory_equal(tables, "RSD PTR ", 8);
		assert_int_equal(sum(tables, 20), 0);
		assert_int_equal(sum(tables, 36), 0);
		xsdt = table_at(tables, gpa, number(tables + 24, 8), "XSDT");
		fadt = table_at(tables, gpa, number(xsdt + 36, 8), "FACP");
		madt = table_at(tables, gpa, number(xsdt + 44, 8), "APIC");
		dsdt = table_at(tables, gpa, number(fadt + 40, 4), "DSDT");
		assert_int_equal(number(fadt + 140, 8), number(fadt + 40, 4));
		assert_int_equal(number(fadt + 56, 4), ACPI_PM1_EVENT);
		assert_int_equal(number(fadt + 64, 4), ACPI_PM1_CONTROL);
		assert_int_equal(number(fadt + 120, 8), ACPI_RESET);
		assert_int_equal(fadt[128], ACPI_RESET_VALUE);
		assert_memory_equal(dsdt + 37, "_S5_", 4);
		assert_int_equal(number(madt + 4, 4), 44 + 8 * counts[c] + 28);
		for (unsigned int i = 0; i < counts[c]; i++) {
			assert_int_equal(madt[44 + 8 * i + 3], i);	/* APIC id */
			assert_int_equal(madt[44 + 8 * i + 4], 1);	/* enabled */
		}
	}
}

/* Kernels. */

static int parse(const void *data, size_t size, struct boot_image *image, struct err *err)
{
	return kernel_file_parse(boot_image_parse, data, size, image, err);
}

static void refuse_kernel(const void *data, size_t size, const char *why)
{
	kernel_file_refused(boot_image_parse, data, size, why);
}

#define SETUP_SECTORS 2
#define BZIMAGE 4096

static struct setup_header *make_bzimage(uint8_t file[BZIMAGE])
{
	struct setup_header *setup = (void *)(file + 0x1f1);

	memset(file, 0, BZIMAGE);
	*setup = (struct setup_header){
		.setup_sects = SETUP_SECTORS, .jump = 0x66eb, .header = 0x53726448, .version = 0x20f,
		.xloadflags = XLF_KERNEL_64, .pref_address = 16 * M, .init_size = 32 * M,
		.relocatable_kernel = 1, .kernel_alignment = 2 * M, .initrd_addr_max = 0x7fffffff,
		.cmdline_size = 2047,
	};
	return setup;
}

static void a_bzimage_is_entered_by_its_64_bit_entry(void **state)
{
	uint8_t file[BZIMAGE];
	struct boot_image image;
	struct err err;

	(void)state;
	make_bzimage(file);
	assert_int_equal(parse(file, sizeof(file), &image, &err), 0);
	assert_int_equal(image.protocol, BOOT_LINUX_64);
	assert_int_equal(image.count, 1);
	assert_int_equal(image.segments[0].offset, (SETUP_SECTORS + 1) * 512);
	assert_int_equal(image.segments[0].bytes, BZIMAGE - (SETUP_SECTORS + 1) * 512);
	assert_int_equal(image.segments[0].size, 32 * M);
	assert_int_equal(image.entry, 0x200);
	assert_int_equal(image.setup.version, 0x20f);
}

static void a_bzimage_that_can_not_be_booted_says_why(void **state)
{
	uint8_t file[BZIMAGE];

	(void)state;
	make_bzimage(file)->header = 0;
	refuse_kernel(file, sizeof(file), "neither a bzImage nor an ELF file");
	make_bzimage(file)->version = 0x20b;
	refuse_kernel(file, sizeof(file), "no 64-bit entry");
	make_bzimage(file)->xloadflags = 0;
	refuse_kernel(file, sizeof(file), "no 64-bit entry");
	make_bzimage(file)->setup_sects = 200;
	refuse_kernel(file, sizeof(file), "cut off");
	make_bzimage(file)->pref_address = 0;
	refuse_kernel(file, sizeof(file), "pref_address");
	refuse_kernel(file, 8, "shorter than any kernel");
}

struct vmlinux {
	Elf64_Ehdr elf;
	Elf64_Phdr headers[2];
	struct {
		Elf64_Nhdr header;
		char name[4];
		uint64_t entry;
	} note;
	char code[64];
};

static struct vmlinux make_vmlinux(void)
{
	return (struct vmlinux){
		.elf = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB }, .e_machine = EM_X86_64,
			.e_phoff = offsetof(struct vmlinux, headers), .e_phnum = 2,
			.e_phentsize = sizeof(Elf64_Phdr),
		},
		.headers = {
			{ .p_type = PT_LOAD, .p_offset = offsetof(struct vmlinux, code), .p_filesz = 64,
			  .p_memsz = 4096, .p_paddr = 16 * M },
			{ .p_type = PT_NOTE, .p_offset = offsetof(struct vmlinux, note),
			  .p_filesz = 24 },
		},
		.note = { .header = { 4, 8, 18 }, .name = "Xen", .entry = 0x1000b20 },
	};
}

static void a_vmlinux_is_entered_by_its_pvh_entry(void **state)
{
	struct vmlinux file = make_vmlinux();
	struct boot_image image;
	struct err err;

	(void)state;
	assert_int_equal(parse(&file, sizeof(file), &image, &err), 0);
	assert_int_equal(image.protocol, BOOT_PVH);
	assert_int_equal(image.entry, 0x1000b20);
	assert_int_equal(image.segments[0].gpa, 16 * M);
	assert_int_equal(image.segments[0].bytes, 64);
	assert_int_equal(image.segments[0].size, 4096);
}

static void a_vmlinux_that_can_not_be_booted_says_why(void **state)
{
	struct vmlinux file = make_vmlinux();

	(void)state;
	file.note.header.n_type = 17;
	refuse_kernel(&file, sizeof(file), "CONFIG_PVH");
	file = make_vmlinux();
	file.note.header.n_namesz = UINT32_MAX;	/* beyond the note, by far */
	refuse_kernel(&file, sizeof(file), "CONFIG_PVH");
	file = make_vmlinux();
	file.headers[0].p_filesz = UINT64_MAX - 8;
	refuse_kernel(&file, sizeof(file), "broken");
	file = make_vmlinux();
	file.headers[0].p_offset = UINT64_MAX;
	refuse_kernel(&file, sizeof(file), "broken");
	file = make_vmlinux();
	file.elf.e_phnum = 65;
	refuse_kernel(&file, sizeof(file), "cut off");
	file = make_vmlinux();
	file.elf.e_machine = EM_386;
	refuse_kernel(&file, sizeof(file), "x86-64");
	file = make_vmlinux();
	file.elf.e_ident[EI_CLASS] = ELFCLASS32;
	refuse_kernel(&file, sizeof(file), "not a 64-bit one");
}

static void kernel_and_initrd_find_their_places(void **state)
{
	struct boot_image image;
	struct boot_plan plan;
	struct ram_map map = { .low_end = 512 * M };
	uint8_t file[BZIMAGE];
	struct err err = { 0 };

	(void)state;
	make_bzimage(file);
	assert_int_equal(parse(file, sizeof(file), &image, &err), 0);
	assert_int_equal(boot_plan(&image, &map, 5 * M + 1, &plan, &err), 0);
	assert_int_equal(plan.entry, 16 * M + 0x200);
	assert_int_equal(plan.initrd, 507 * M - 4096);
	/* A small VM: the kernel moves down. */
	map.low_end = 40 * M;
	assert_int_equal(boot_plan(&image, &map, 0, &plan, &err), 0);
	assert_int_equal(plan.entry, 2 * M + 0x200);
	assert_int_equal(boot_plan(&image, &map, 7 * M, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "guest.initrd"));
	assert_int_equal(boot_plan(&image, &map, UINT64_MAX, &plan, &err), -EINVAL);
	map.low_end = 20 * M;
	assert_int_equal(boot_plan(&image, &map, 0, &plan, &err), -EINVAL);
	assert_non_null(strstr(err.text, "guest.kernel"));
	/* An initrd has to be where the kernel can reach it. */
	map.low_end = 3 * G;
	assert_int_equal(boot_plan(&image, &map, 4096, &plan, &err), 0);
	assert_true(plan.initrd + 4096 <= 0x80000000);
}

static void the_agents_archive_comes_after_zeros(void **state)
{
	const struct boot_extra extra = { .size = 100 };
	struct boot_file initrd = { .size = 8 };

	(void)state;
	assert_int_equal(boot_initrd_size(NULL, NULL), 0);
	assert_int_equal(boot_initrd_size(NULL, &extra), 100);
	assert_int_equal(boot_initrd_size(&initrd, NULL), 8);
	assert_int_equal(boot_initrd_size(&initrd, &extra), 12 + 100);
	initrd.size = 9;
	assert_int_equal(boot_initrd_size(&initrd, &extra), 16 + 100);
}

/* CPUID. */

static void cpuid_says_which_cpu_it_is(void **state)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + 5 * sizeof(cpuid->entries[0]));
	const struct cpuid_of of = { .index = 3, .count = 4, .tsc_deadline = true };

	(void)state;
	cpuid->nent = 5;
	cpuid->entries[0] = (struct kvm_cpuid_entry2){ .function = 1, .ebx = 0xffff0800 };
	cpuid->entries[1] = (struct kvm_cpuid_entry2){ .function = 0xb, .eax = 1, .ebx = 2, .ecx = 0x101 };
	cpuid->entries[2] = (struct kvm_cpuid_entry2){ .function = 0x8000001e, .eax = 9, .ebx = 9 };
	cpuid->entries[3] = (struct kvm_cpuid_entry2){ .function = 4, .eax = 0xfc01c121 };
	cpuid->entries[4] = (struct kvm_cpuid_entry2){ .function = 0x80000008, .eax = 48 };
	guest_cpuid(cpuid, &of);
	assert_int_equal(cpuid->entries[0].ebx, 0x03040800);
	assert_int_equal(cpuid->entries[0].ecx, 1u << 31 | 1 << 24);
	assert_int_equal(cpuid->entries[0].edx, 1 << 28);
	assert_int_equal(cpuid->entries[1].ebx, 0);
	assert_int_equal(cpuid->entries[1].edx, 3);
	assert_int_equal(cpuid->entries[2].eax, 3);
	assert_int_equal(cpuid->entries[3].eax >> 26, 3);
	assert_int_equal(cpuid->entries[3].eax & 0x3fff, 0x0121);
	assert_int_equal(cpuid->entries[4].ecx, 3);
	assert_int_equal(cpuid->entries[4].eax, 48);
	free(cpuid);
}

/* Devices. */

static void the_serial_port_says_when_more_can_be_sent(void **state)
{
	struct uart uart = { 0 };
	uint8_t sent = 0;

	(void)state;
	assert_true(uart_write(&uart, UART_TX, 'a', &sent));
	assert_int_equal(sent, 'a');
	assert_false(uart_interrupts(&uart));
	uart_write(&uart, UART_IER, UART_IER_THRI, &sent);
	assert_true(uart_interrupts(&uart));
	assert_int_equal(uart_read(&uart, UART_IIR), UART_IIR_THRI);
	assert_false(uart_interrupts(&uart));
	assert_int_equal(uart_read(&uart, UART_IIR), UART_IIR_NO_INT);
	assert_true(uart_write(&uart, UART_TX, 'b', &sent));
	assert_true(uart_interrupts(&uart));
	/* The divisor is no data. */
	uart_write(&uart, UART_LCR, UART_LCR_DLAB, &sent);
	assert_false(uart_write(&uart, UART_DLL, 1, &sent));
	assert_int_equal(uart_read(&uart, UART_DLL), 1);
}

static void the_serial_port_receives_as_much_as_it_has_room_for(void **state)
{
	const uint8_t text[] = "0123456789abcdefghij";
	struct uart uart = { .ier = UART_IER_RDI };
	uint8_t sent;

	(void)state;
	assert_int_equal(uart_receive(&uart, text, 20), UART_FIFO);
	assert_int_equal(uart_receive(&uart, text, 1), 0);
	assert_true(uart_interrupts(&uart));
	assert_int_equal(uart_read(&uart, UART_IIR) & UART_IIR_ID, UART_IIR_RDI);
	for (unsigned int i = 0; i < UART_FIFO; i++) {
		assert_true(uart_read(&uart, UART_LSR) & UART_LSR_DR);
		assert_int_equal(uart_read(&uart, UART_RX), text[i]);
	}
	assert_false(uart_interrupts(&uart));
	/* In loopback what is sent comes back, and goes nowhere. */
	uart_write(&uart, UART_MCR, UART_MCR_LOOP, &sent);
	assert_false(uart_write(&uart, UART_TX, 'x', &sent));
	assert_int_equal(uart_read(&uart, UART_RX), 'x');
}

/* A PC whose VM KVM does not know. */
struct stage {
	struct scene scene;
	struct vm vm;
	struct pc pc;
};

static int set(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct err err;

	add_slot(&s->scene, "low", 0, 64 * M);
	s->scene.config.phase_count = 3;
	for (size_t i = 0; i < 3; i++)
		s->scene.phases[i] = (struct phase_cfg){ .what = DO_RUN, .until = UNTIL_EXIT };
	build(&s->scene);
	s->vm = (struct vm){ .layout = &s->scene.layout, .fd = -1 };
	assert_int_equal(pc_open(&s->pc, &s->vm, &err), 0);
	pc_begin_phase(&s->pc, 0);
	*state = s;
	return 0;
}

static int unset(void **state)
{
	struct stage *s = *state;

	pc_close(&s->pc);
	layout_free(&s->scene.layout);
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
	uint8_t data[4] = { 0 };

	pc_port(&s->pc, port, true, size, 1, data);
	return (uint32_t)number(data, size);
}

static void print(struct stage *s, const char *text)
{
	for (; *text; text++)
		out(s, 0x3f8, 1, (uint8_t)*text);
}

/* How many bytes wait for the guest; 0 as well where its interrupt does not say so. */
static unsigned int waiting(struct stage *s)
{
	unsigned int count;

	pthread_mutex_lock(&s->pc.lock);
	count = uart_interrupts(&s->pc.uart) ? s->pc.uart.received_count : 0;
	pthread_mutex_unlock(&s->pc.lock);
	return count;
}

/* More than the serial port has room for: the rest waits until the guest has read. */
static void what_is_typed_reaches_the_guest(void **state)
{
	static const char text[] = "a line that is longer than the FIFO\r";
	struct stage *s = *state;
	struct err err;
	int ends[2];

	out(s, 0x3f8 + UART_IER, 1, UART_IER_RDI);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(pc_input_start(&s->pc, ends[0], &err), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	for (const char *at = text; *at; at++) {
		while (!waiting(s))
			sched_yield();
		assert_true(in(s, 0x3f8 + UART_LSR, 1) & UART_LSR_DR);
		assert_int_equal(in(s, 0x3f8, 1), *at);
	}
	/* A guest that reads nothing does not hold up the end. */
	assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
	while (waiting(s) < UART_FIFO)
		sched_yield();
	pc_input_stop(&s->pc);
	pc_input_stop(&s->pc);
	close(ends[0]);
	close(ends[1]);
}

/* A prompt has no newline, and is to be seen all the same. */
static void a_console_on_a_terminal_shows_each_byte(void **state)
{
	struct stage *s = *state;
	char seen[8] = "";
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	s->pc.console.fd = ends[1];
	s->pc.console.eager = true;
	print(s, "# ");
	assert_int_equal(read(ends[0], seen, sizeof(seen)), 2);
	assert_string_equal(seen, "# ");
	s->pc.console.fd = -1;
	close(ends[0]);
	close(ends[1]);
}

/* As -o: not a FIFO that nobody reads, nor what another user has planted; what is there is emptied. */
static void a_console_file_is_opened_as_an_output_file(void **state)
{
	char folder[] = "/tmp/minivmm-console-XXXXXX", path[64];
	struct config config = { .guest = { .console = CONSOLE_FILE, .console_path = path } };
	struct guest_console console;
	struct err err = { .text = "" };

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 01777), 0);
	snprintf(path, sizeof(path), "%s/console", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(console_open(&console, &config, &err), -ENXIO);
	assert_non_null(strstr(err.text, "guest.console: writing "));
	assert_non_null(strstr(err.text, "nobody reads this FIFO"));
	assert_int_equal(unlink(path), 0);
	if (!geteuid()) {
		assert_int_equal(symlink("/dev/null", path), 0);
		assert_int_equal(lchown(path, 65534, 65534), 0);
		assert_int_equal(console_open(&console, &config, &err), -EPERM);
		assert_int_equal(unlink(path), 0);
	}
	for (int i = 0; i < 2; i++) {
		struct stat found;

		assert_int_equal(console_open(&console, &config, &err), 0);
		assert_false(fcntl(console.fd, F_GETFL) & O_NONBLOCK);
		console_put(&console, 'x');
		console_close(&console);
		assert_int_equal(stat(path, &found), 0);
		assert_int_equal(found.st_size, 1);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void a_guest_powers_off_or_asks_for_a_reset(void **state)
{
	struct stage *s = *state;

	out(s, ACPI_PM1_CONTROL, 2, 1);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	assert_int_equal(in(s, ACPI_PM1_CONTROL, 2), 1);
	out(s, ACPI_PM1_EVENT + 2, 2, 0x120);
	assert_int_equal(in(s, ACPI_PM1_EVENT + 2, 2), 0x120);
	assert_int_equal(in(s, ACPI_PM1_EVENT, 2), 0);
	out(s, ACPI_PM1_CONTROL, 2, ACPI_SLEEP_ENABLE | 5 << 10);
	assert_int_equal(pc_event(&s->pc), PC_OFF);
	/* Nothing revives it. */
	pc_begin_phase(&s->pc, 1);
	out(s, 0x64, 1, 0xfe);
	assert_int_equal(pc_event(&s->pc), PC_OFF);
	assert_int_equal(s->pc.value, 0);
}

static void a_reset_has_an_exit_status(void **state)
{
	struct stage *s = *state;

	assert_int_equal(in(s, 0x64, 1), 0);
	out(s, ACPI_RESET, 1, ACPI_RESET_VALUE);
	assert_int_equal(pc_event(&s->pc), PC_RESET);
	assert_int_equal(s->pc.value, 1);
}

static void where_no_device_is_all_bits_are_set(void **state)
{
	static const uint16_t ports[] = { 0, 0x20, 0xcf8, 0xcfc, 0x3f0, 0x400, 0xffff };
	struct stage *s = *state;
	uint8_t data[8] = { 0 };

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		out(s, ports[i], 4, 0x12345678);
		assert_int_equal(in(s, ports[i], 4), UINT32_MAX);
	}
	assert_int_equal(in(s, 0x3f8, 4), UINT32_MAX);
	pc_mmio(&s->pc, 0xff000000, false, 8, data);
	assert_int_equal(number(data, 8), UINT64_MAX);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
}

static void a_text_on_the_console_ends_a_phase(void **state)
{
	char text[] = "login:";
	struct stage *s = *state;

	s->scene.phases[0].until = UNTIL_CONSOLE;
	s->scene.phases[0].until_text = text;
	print(s, "log\r\nlogin");
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	print(s, ":");
	assert_int_equal(pc_event(&s->pc), PC_TEXT);
}

static void a_panic_is_seen(void **state)
{
	struct stage *s = *state;

	print(s, "[ 1.2] Kernel panic - not syncing: Attempted to kill init!");
	assert_int_equal(pc_event(&s->pc), PC_PANIC);
	pc_begin_phase(&s->pc, 1);
	assert_int_equal(pc_event(&s->pc), PC_PANIC);
}

static void a_flood_is_ended(void **state)
{
	struct stage *s = *state;

	s->pc.console.bytes = CONSOLE_BYTES_MAX - 1;
	print(s, "a");
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	print(s, "a");
	assert_int_equal(pc_event(&s->pc), PC_FLOOD);
}

static void what_a_guest_prints_is_safe_to_be_shown(void **state)
{
	struct tail tail = { 0 };
	char text[64];

	(void)state;
	for (const char *at = "a\x1b[31m\xff\r\nb\tc"; *at; at++)
		tail_add(&tail, *at);
	tail_copy(&tail, text, sizeof(text));
	assert_string_equal(text, "a?[31m?\nb\tc");
	tail_copy(&tail, text, 5);
	assert_string_equal(text, "b\tc");
	for (unsigned int i = 0; i < 10000; i++)
		tail_add(&tail, (char)('0' + i % 10));
	assert_true(tail.cut);
	assert_true(tail.length <= sizeof(tail.text));
	assert_true(tail_ends_with(&tail, "789"));
	tail_copy(&tail, text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

/* The agent. */

static void ask(struct stage *s, uint32_t wanted, const char *text)
{
	uint32_t next = in(s, AGENT_PORT + AGENT_NEXT, 4);
	char got[64] = "";

	assert_int_equal(next & AGENT_DO_NAMES, wanted);
	assert_int_equal(next & ~AGENT_DO_NAMES, strlen(text));
	pc_port(&s->pc, AGENT_PORT + AGENT_TEXT, true, 1, (uint32_t)strlen(text), (uint8_t *)got);
	assert_string_equal(got, text);
	assert_int_equal(in(s, AGENT_PORT + AGENT_TEXT, 1), 0);
}

static void the_agent_gets_each_command_once_and_then_the_init(void **state)
{
	char first[] = "modprobe kvm", second[] = "run; x", args[] = "rdinit=/a quiet rdinit=/b";
	struct stage *s = *state;

	s->scene.phases[0].command = first;
	s->scene.phases[0].until = UNTIL_COMMAND;
	s->scene.phases[2].command = second;
	s->scene.phases[2].until = UNTIL_COMMAND;
	assert_true(agent_is_needed(&s->scene.config));
	ask(s, AGENT_DO_RUN, first);
	ask(s, AGENT_DO_WAIT, "");
	for (const char *at = "out\x07\n"; *at; at++)
		out(s, AGENT_PORT + AGENT_OUTPUT, 1, (uint8_t)*at);
	out(s, AGENT_PORT + AGENT_STATUS, 4, 7);
	assert_int_equal(pc_event(&s->pc), PC_COMMAND);
	assert_int_equal(s->pc.value, 7);
	assert_memory_equal(s->pc.agent.output.text, "out?\n", 5);
	pc_begin_phase(&s->pc, 1);
	ask(s, AGENT_DO_WAIT, "");
	/* Nobody asked for a command: no status is one. */
	out(s, AGENT_PORT + AGENT_STATUS, 4, 0);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	pc_begin_phase(&s->pc, 2);
	ask(s, AGENT_DO_RUN, second);
	out(s, AGENT_PORT + AGENT_STATUS, 4, 0);
	ask(s, AGENT_DO_INIT, "/init");
	s->scene.config.guest.args = args;
	ask(s, AGENT_DO_INIT, "/b");
}

static void the_init_is_what_the_kernel_would_take(void **state)
{
	char args[] = "\trdinit=/a x=\"b rdinit=/c\" rdinit=\"/d e\" -- rdinit=/f";
	struct stage *s = *state;

	s->scene.config.guest.args = args;
	ask(s, AGENT_DO_INIT, "/d e");
}

static void the_init_may_be_in_quotes_of_the_whole_word(void **state)
{
	char args[] = "rdinit=/a \"rdinit=/b c\" \"--\" rdinit=/d";
	struct stage *s = *state;

	s->scene.config.guest.args = args;
	ask(s, AGENT_DO_INIT, "/b c");
}

static void expect_args(const char *args, const char *wanted)
{
	char all[128];

	assert_int_equal(agent_args(args, all, sizeof(all)), 0);
	assert_string_equal(all, wanted);
}

static void the_agents_argument_is_the_last_of_the_kernels(void **state)
{
	char all[128];

	(void)state;
	expect_args("", "rdinit=/minivmm/init");
	expect_args("quiet", "quiet rdinit=/minivmm/init");
	expect_args("-- single", "rdinit=/minivmm/init -- single");
	expect_args("rdinit=/a  -- -- b", "rdinit=/a  rdinit=/minivmm/init -- -- b");
	expect_args("x=\"a -- b\" y", "x=\"a -- b\" y rdinit=/minivmm/init");
	expect_args("a \"--\" b", "a rdinit=/minivmm/init \"--\" b");
	expect_args("a --b -- \"c", "a --b rdinit=/minivmm/init -- \"c");
	assert_int_equal(agent_args("a=\"b c", all, sizeof(all)), -EINVAL);
}

static void only_the_mark_that_is_waited_for_ends_a_phase(void **state)
{
	struct stage *s = *state;

	out(s, AGENT_PORT + AGENT_MARK, 4, 2);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	s->scene.phases[0].until = UNTIL_MARK;
	s->scene.phases[0].until_value = 2;
	out(s, AGENT_PORT + AGENT_MARK, 4, 1);
	out(s, AGENT_PORT + AGENT_MARK, 1, 2);
	assert_int_equal(pc_event(&s->pc), PC_NOTHING);
	out(s, AGENT_PORT + AGENT_MARK, 4, 2);
	assert_int_equal(pc_event(&s->pc), PC_MARK);
}

/* cpio itself reads it. */
static void the_agents_archive_is_a_cpio_archive(void **state)
{
	char path[] = "/tmp/minivmm-agent-XXXXXX", command[256], line[256];
	int fd = mkstemp(path);
	size_t size;
	void *data = agent_initrd(&size);
	FILE *list;

	(void)state;
	assert_non_null(data);
	assert_int_equal(size % 4, 0);
	assert_int_equal(write(fd, data, size), size);
	snprintf(command, sizeof(command), "cpio --quiet -t <%s", path);
	list = popen(command, "r");
	assert_non_null(fgets(line, sizeof(line), list));
	assert_string_equal(line, "minivmm\n");
	assert_non_null(fgets(line, sizeof(line), list));
	assert_string_equal(line, "minivmm/init\n");
	assert_non_null(fgets(line, sizeof(line), list));
	assert_string_equal(line, "minivmm/mark\n");
	assert_null(fgets(line, sizeof(line), list));
	assert_int_equal(pclose(list), 0);
	unlink(path);
	close(fd);
	free(data);
}

/* Any access of any port leaves the devices whole. */
static void random_accesses_do_no_harm(void **state)
{
	struct stage *s = *state;
	uint8_t data[4 * 64];

	srandom(1);
	for (unsigned int i = 0; i < 200000; i++) {
		uint16_t port = (uint16_t)(random() % 4 ? 0x3f8 + random() % 0x210 : random());
		unsigned int size = 1u << random() % 3;

		for (size_t j = 0; j < sizeof(data); j++)
			data[j] = (uint8_t)random();
		pc_port(&s->pc, port, random() % 2, size, (uint32_t)(1 + random() % 64), data);
		assert_true(s->pc.uart.received_count <= UART_FIFO);
		assert_true(s->pc.console.tail.length <= sizeof(s->pc.console.tail.text));
	}
}

int main(void)
{
#define IN_PC(test) cmocka_unit_test_setup_teardown(test, set, unset)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_two_slots_has_a_hole),
		cmocka_unit_test(memory_that_is_not_ram_is_reserved),
		cmocka_unit_test(memory_without_a_hole_is_refused_with_the_rule),
		cmocka_unit_test(memslots_that_kvm_makes_are_counted),
		cmocka_unit_test(without_a_module_the_cpu_decides),
		cmocka_unit_test(memslots_that_kvm_makes_have_names),
		cmocka_unit_test(amd_is_named_where_no_host_is_known),
		cmocka_unit_test(acpi_names_every_cpu),
		cmocka_unit_test(a_bzimage_is_entered_by_its_64_bit_entry),
		cmocka_unit_test(a_bzimage_that_can_not_be_booted_says_why),
		cmocka_unit_test(a_vmlinux_is_entered_by_its_pvh_entry),
		cmocka_unit_test(a_vmlinux_that_can_not_be_booted_says_why),
		cmocka_unit_test(kernel_and_initrd_find_their_places),
		cmocka_unit_test(the_agents_archive_comes_after_zeros),
		cmocka_unit_test(cpuid_says_which_cpu_it_is),
		cmocka_unit_test(the_serial_port_says_when_more_can_be_sent),
		cmocka_unit_test(the_serial_port_receives_as_much_as_it_has_room_for),
		IN_PC(a_guest_powers_off_or_asks_for_a_reset),
		IN_PC(a_reset_has_an_exit_status),
		IN_PC(where_no_device_is_all_bits_are_set),
		IN_PC(what_is_typed_reaches_the_guest),
		IN_PC(a_console_on_a_terminal_shows_each_byte),
		cmocka_unit_test(a_console_file_is_opened_as_an_output_file),
		IN_PC(a_text_on_the_console_ends_a_phase),
		IN_PC(a_panic_is_seen),
		IN_PC(a_flood_is_ended),
		cmocka_unit_test(what_a_guest_prints_is_safe_to_be_shown),
		IN_PC(the_agent_gets_each_command_once_and_then_the_init),
		IN_PC(the_init_is_what_the_kernel_would_take),
		IN_PC(the_init_may_be_in_quotes_of_the_whole_word),
		cmocka_unit_test(the_agents_argument_is_the_last_of_the_kernels),
		IN_PC(only_the_mark_that_is_waited_for_ends_a_phase),
		cmocka_unit_test(the_agents_archive_is_a_cpio_archive),
		IN_PC(random_accesses_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
