// SPDX-License-Identifier: GPL-2.0-only
/* Symbols of module kvm, from a core file that has a module's symbol table. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "root_folder.h"

#include "host/module_symbols.h"

#define BASE 0xffffffffc0000000ull	/* of the memory below */
#define VM_LIST 0xffffffffc0289bd0ull

/* The memory of a kernel whose struct module has its kallsyms at 16. */
struct memory {
	uint64_t module[3];
	struct {
		uint64_t symbols;
		uint32_t count, unused;
		uint64_t names;
	} kallsyms;
	Elf64_Sym symbols[4];
	char names[64];
};

static const struct kernel_types types = {
	.members = {
		[MEMBER_MODULE_KALLSYMS] = { true, 16, 8, 1 },
		[MEMBER_SYMBOLS_TABLE] = { true, 0, 8, 1 },
		[MEMBER_SYMBOLS_COUNT] = { true, 8, 4, 1 },
		[MEMBER_SYMBOLS_NAMES] = { true, 16, 8, 1 },
	},
};

static const struct memory healthy = {
	.module = { 1, 2, BASE + offsetof(struct memory, kallsyms) },
	.kallsyms = { BASE + offsetof(struct memory, symbols), 4, 0,
		      BASE + offsetof(struct memory, names) },
	.symbols = {
		{ 0 },
		/* An undefined symbol has no address, and a longer name is another one. */
		{ .st_name = 1, .st_shndx = SHN_UNDEF, .st_value = BASE },
		{ .st_name = 9, .st_shndx = 1, .st_value = BASE + 8 },
		{ .st_name = 20, .st_shndx = 1, .st_value = VM_LIST },
	},
	.names = "\0vm_list\0vm_list_of\0vm_list",
};

/* Begins a core file whose only segment is this memory, of so many bytes. */
static FILE *begin_core(const char *root, const struct memory *memory, size_t size)
{
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
		.e_phoff = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
	};
	const Elf64_Phdr load = {
		.p_type = PT_LOAD, .p_offset = 4096, .p_vaddr = BASE, .p_memsz = size,
	};
	FILE *kcore = make_file(root, "/proc/kcore");

	assert_int_equal(fwrite(&header, sizeof(header), 1, kcore), 1);
	assert_int_equal(fwrite(&load, sizeof(load), 1, kcore), 1);
	assert_int_equal(fseek(kcore, 4096, SEEK_SET), 0);
	assert_int_equal(fwrite(memory, sizeof(*memory), 1, kcore), 1);
	return kcore;
}

/* Ends it. Returns the symbol's address there; file says where struct module is. */
static uint64_t look_into(FILE *kcore, const char *root, const struct kernel_types *of, const char *file)
{
	struct kernel_memory opened;
	char why[SOURCE_WHY] = "";
	uint64_t address;

	assert_int_equal(fclose(kcore), 0);
	put_file(root, "/sys/module/kvm/sections/.gnu.linkonce.this_module", file);
	if (kernel_memory_open(&opened, root, why))
		fail_msg("%s", why);
	address = module_symbol(root, &opened, of, "vm_list");
	kernel_memory_close(&opened);
	return address;
}

/* What the symbol's address is on a host of this memory. */
static uint64_t look_up(const char *root, const struct memory *memory, const struct kernel_types *of,
			const char *file)
{
	return look_into(begin_core(root, memory, sizeof(*memory)), root, of, file);
}

/* The same where the symbol is the last of count, and its name begins so many bytes behind the first one. */
static uint64_t look_up_last(const char *root, uint32_t count, uint32_t name)
{
	const Elf64_Sym last = { .st_name = name, .st_shndx = 1, .st_value = VM_LIST };
	const uint32_t symbols = 1 << 20, names = 4 << 20;
	struct memory memory = healthy;
	FILE *kcore;

	memory.kallsyms.symbols = BASE + symbols;
	memory.kallsyms.count = count;
	memory.kallsyms.names = BASE + names;
	kcore = begin_core(root, &memory, 16 << 20);
	assert_int_equal(fseek(kcore, 4096 + symbols + (count - 1) * (long)sizeof(last), SEEK_SET), 0);
	assert_int_equal(fwrite(&last, sizeof(last), 1, kcore), 1);
	assert_int_equal(fseek(kcore, 4096 + names + name, SEEK_SET), 0);
	assert_int_equal(fwrite("vm_list", 8, 1, kcore), 1);
	return look_into(kcore, root, &types, "0xffffffffc0000000\n");
}

/* What is larger than any module's is not read, though it is there. */
static void tables_have_a_limit(void **state)
{
	assert_int_equal(look_up_last(*state, 65536, 1), VM_LIST);
	assert_int_equal(look_up_last(*state, 65537, 1), 0);
	assert_int_equal(look_up_last(*state, 2, (8 << 20) - 1), VM_LIST);
	assert_int_equal(look_up_last(*state, 2, 8 << 20), 0);
}

static void the_symbol_is_found(void **state)
{
	struct memory memory = healthy;

	assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), VM_LIST);
	memory.names[20] = 'w';
	assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
}

static void an_address_that_is_hidden_is_none(void **state)
{
	assert_int_equal(look_up(*state, &healthy, &types, "0x0000000000000000\n"), 0);
	assert_int_equal(look_up(*state, &healthy, &types, ""), 0);
	assert_int_equal(look_up(*state, &healthy, &types, "0x1000\n"), 0);
}

static void a_kernel_whose_types_are_unknown_has_none(void **state)
{
	for (int member = MEMBER_MODULE_KALLSYMS; member <= MEMBER_SYMBOLS_NAMES; member++) {
		struct kernel_types less = types;

		less.members[member].known = false;
		assert_int_equal(look_up(*state, &healthy, &less, "0xffffffffc0000000\n"), 0);
	}
}

/* Memory that is not what it should be ends the search, whatever it holds. */
static void garbage_is_refused(void **state)
{
	static const uint64_t values[] = { 0, 1, 4096, 65537, UINT32_MAX, BASE + 1, BASE + (1 << 20),
					   UINT64_MAX, UINT64_MAX - 7 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct memory memory = healthy;

		memory.module[2] = values[i];
		assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
		memory = healthy;
		memory.kallsyms.symbols = values[i];
		assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
		memory = healthy;
		memory.kallsyms.names = values[i];
		assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
		memory = healthy;
		memory.kallsyms.count = (uint32_t)values[i];
		assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
		memory = healthy;
		memory.symbols[2].st_name = values[i] ? (uint32_t)values[i] : 4096;
		if (values[i] != 1)
			assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
		memory = healthy;
		memory.symbols[3].st_value = values[i];
		if (kernel_pointer(values[i]))
			continue;
		assert_int_equal(look_up(*state, &memory, &types, "0xffffffffc0000000\n"), 0);
	}
}

static void without_the_file_it_is_not_looked_for(void **state)
{
	const struct kernel_memory none = { .fd = -1 };

	(void)state;
	assert_int_equal(module_symbol("/nowhere", &none, &types, "vm_list"), 0);
}

#define ROOT_TEST(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(the_symbol_is_found),
		ROOT_TEST(an_address_that_is_hidden_is_none),
		ROOT_TEST(a_kernel_whose_types_are_unknown_has_none),
		ROOT_TEST(garbage_is_refused),
		ROOT_TEST(tables_have_a_limit),
		cmocka_unit_test(without_the_file_it_is_not_looked_for),
	};

	return cmocka_run_group_tests_name("module_symbols", tests, NULL, NULL);
}
