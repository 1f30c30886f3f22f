// SPDX-License-Identifier: GPL-2.0-only
/* What /proc shows of another VMM's process: its VM's name, and the guest's memory in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/guest_memory.h"
#include "host/kernel_vms.h"
#include "host/vm_name.h"
#include "root_folder.h"

#define PAGE 4096ull
#define PRESENT (1ull << 63)
#define SHARED (1ull << 61)

/* With files of process 77. */
static int make_process(void **state)
{
	make_root(state);
	make_folder(*state, "/proc/77");
	return 0;
}

static FILE *create(const char *root, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/77/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

static void put(const char *root, const char *name, const char *text, size_t size)
{
	FILE *file = create(root, name);

	assert_int_equal(fwrite(text, 1, size, file), size);
	fclose(file);
}

#define PUT(root, name, text) put(root, name, text, sizeof(text) - 1)

static void names_come_from_who_knows_best(void **state)
{
	static const struct {
		const char *cgroup;
		enum vm_namer namer;
		const char *name;
	} rows[] = {
		{ "/machine.slice/machine-qemu\\x2d12\\x2dweb\\x2dfront.scope/libvirt/emulator",
		  NAMER_LIBVIRT, "web-front" },
		{ "/machine/db 1.libvirt-qemu/emulator", NAMER_LIBVIRT, "db 1" },
		{ "/machine.slice/machine-qemu\\x2d3.scope", NAMER_LIBVIRT, "3" },
		{ "/machine.slice/machine-lxc\\x2d3.scope", NAMER_COMMAND, "vmm" },
		{ "/.libvirt-qemu/machine-qemu\\x2d.scope", NAMER_COMMAND, "vmm" },
		{ "", NAMER_COMMAND, "vmm" },
	};
	const char *root = *state;
	struct vm_name name;

	vm_name_read(root, 77, "", "", &name);
	assert_int_equal(name.namer, NAMER_NONE);
	assert_null(vm_namer_name(name.namer));
	PUT(root, "comm", "vmm\n");
	/* Without its command line nothing says that the command's name is the VM's. */
	vm_name_read(root, 77, "", "", &name);
	assert_int_equal(name.namer, NAMER_NONE);
	PUT(root, "cmdline", "/usr/bin/vmm\0--id\0nobody\0-name\0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		vm_name_read(root, 77, rows[i].cgroup, "", &name);
		assert_int_equal(name.namer, rows[i].namer);
		assert_string_equal(name.text, rows[i].name);
	}
	vm_name_read(root, 77, "", "read before", &name);
	assert_int_equal(name.namer, NAMER_COMMAND);
	assert_string_equal(name.text, "read before");
}

#define EXPECT_NAME(root, words, expected_namer, expected_name) do {                   \
		struct vm_name is;                                                      \
		PUT(root, "cmdline", words);                                            \
		vm_name_read(root, 77, "/user.slice", "", &is);                             \
		assert_int_equal(is.namer, expected_namer);                             \
		assert_string_equal(is.text, expected_name);                            \
	} while (0)

static void command_lines_tell_a_name(void **state)
{
	static const char head[] = "qemu\0-name\0long\0";
	static char words[20000];	/* more than is read */
	const char *root = *state;

	PUT(root, "comm", "vmm\n");
	EXPECT_NAME(root, "qemu-system-x86_64\0-name\0guest=web,debug-threads=on\0", NAMER_QEMU, "web");
	EXPECT_NAME(root, "qemu\0-m\0" "1G\0-name\0a,,b,process=x\0", NAMER_QEMU, "a,b");
	EXPECT_NAME(root, "qemu\0-name\0debug-threads=on\0", NAMER_COMMAND, "vmm");
	EXPECT_NAME(root, "/opt/firecracker-v1.7\0--id\0fc-1\0--api-sock\0/x\0", NAMER_FIRECRACKER, "fc-1");
	EXPECT_NAME(root, "firecracker\0--id=fc-2\0", NAMER_FIRECRACKER, "fc-2");
	EXPECT_NAME(root, "firecracker\0--id\0", NAMER_COMMAND, "vmm");
	EXPECT_NAME(root, "", NAMER_COMMAND, "vmm");
	memset(words, 'x', sizeof(words));
	memcpy(words, head, sizeof(head));
	EXPECT_NAME(root, words, NAMER_QEMU, "long");
}

/* Each reader gets what is there: first a few words, then more than there is room for. */
static void a_command_line_may_come_in_parts(void **state)
{
	static const char first[] = "qemu\0-name\0ab";
	static char rest[60000] = "c";
	struct vm_name is;
	char path[128];
	pid_t writer;

	PUT(*state, "comm", "vmm\n");
	snprintf(path, sizeof(path), "%s/proc/77/cmdline", (const char *)*state);
	assert_int_equal(mkfifo(path, 0600), 0);
	writer = fork();
	if (!writer) {
		int fd = open(path, O_WRONLY);

		memset(rest + 2, 'x', sizeof(rest) - 2);
		if (write(fd, first, sizeof(first) - 1) != sizeof(first) - 1)
			_exit(1);
		usleep(100000);
		signal(SIGPIPE, SIG_IGN);
		_exit(write(fd, rest, sizeof(rest)) < 0);
	}
	vm_name_read(*state, 77, "/user.slice", "", &is);
	waitpid(writer, NULL, 0);
	assert_int_equal(is.namer, NAMER_QEMU);
	assert_string_equal(is.text, "abc");
}

static const struct kernel_memslot slots[] = {
	{ .base_gfn = 0, .npages = 16, .hva = 0x10000000 },
	{ .base_gfn = 0x100, .npages = 16, .hva = 0x20000000 },
	{ .base_gfn = 0x200, .npages = 1024, .hva = 0x30000000 },	/* a BAR */
	{ .base_gfn = 0x100, .npages = 16, .hva = 0x20000000, .as_id = 1 },
	{ .base_gfn = 0x300, .npages = 8, .hva = 0x20008000 },		/* an alias */
};
#define SLOTS (sizeof(slots) / sizeof(slots[0]))

static const char maps[] =
	"00400000-00500000 r-xp 00000000 08:01 17 /usr/bin/vmm\n"
	"0ffff000-10012000 rw-p 00000000 00:00 0 \n"	/* the guest's memory, and a page on each side more */
	"20000000-20010000 rw-s 00000000 00:05 9    /memfd:ram name (deleted)\n"
	"30000000-30400000 rw-s 00000000 00:0e 3 /dev/vfio/12\n"
	"40000000-40004000 rw-p 00000000 00:00 0 [heap]\n"
	/* A library's: code, what it wrote before that became read-only, and data. */
	"50000000-50002000 rw-p 00000000 00:00 0 \n"
	"50002000-50004000 r-xp 00000000 08:01 18 /lib/x.so\n"
	"50004000-50005000 r--p 00002000 08:01 18 /lib/x.so\n"
	"50005000-50006000 rw-p 00003000 08:01 18 /lib/x.so\n";

static void set_pages(FILE *pagemap, uint64_t address, uint64_t entry, unsigned int count)
{
	assert_int_equal(fseek(pagemap, (long)(address / PAGE * 8), SEEK_SET), 0);
	while (count--)
		assert_int_equal(fwrite(&entry, sizeof(entry), 1, pagemap), 1);
}

static void the_guests_memory_is_told_from_the_vmms(void **state)
{
	const char *root = *state;
	struct guest_memory memory;
	FILE *pagemap;

	guest_memory_read(root, 77, slots, SLOTS, &memory);
	assert_false(memory.ram.known || memory.resident.known);
	assert_non_null(strstr(memory.why, "/proc/77/maps"));
	PUT(root, "maps", maps);
	guest_memory_read(root, 77, slots, SLOTS, &memory);
	assert_true(memory.ram.known && !memory.resident.known);
	guest_memory_free(&memory);
	assert_int_equal(memory.ram.value, 32 * PAGE);
	assert_non_null(strstr(memory.why, "/proc/77/status"));
	/* 9 pages of the guest's and 9 of its own are anonymous, 4 of the guest's are shared. */
	PUT(root, "status", "Name:\tx\nRssAnon:\t      72 kB\nRssFile:\t 99 kB\nRssShmem:\t 16 kB\n");
	pagemap = create(root, "pagemap");
	set_pages(pagemap, 0x0ffff000, PRESENT, 11);	/* the last one is at 0x10009000 */
	set_pages(pagemap, 0x10010000, PRESENT, 2);
	set_pages(pagemap, 0x40000000, PRESENT, 3);
	set_pages(pagemap, 0x40003000, PRESENT | SHARED, 1);
	set_pages(pagemap, 0x50001000, PRESENT, 1);
	set_pages(pagemap, 0x50002000, PRESENT | SHARED, 2);
	set_pages(pagemap, 0x50004000, PRESENT, 2);
	fclose(pagemap);
	guest_memory_read(root, 77, slots, SLOTS, &memory);
	assert_true(memory.resident.known && memory.own.known);
	assert_int_equal(memory.own.value, 9 * PAGE);
	assert_int_equal(memory.resident.value, 13 * PAGE);
	assert_string_equal(memory.why, "");
	guest_memory_free(&memory);
}

static void what_lies_behind_a_slot_is_named(void **state)
{
	const char *root = *state;
	char why[SOURCE_WHY];
	struct mappings list;

	PUT(root, "maps", maps);
	assert_int_equal(mappings_read(root, 77, &list, why), 0);
	assert_int_equal(list.count, 9);
	assert_null(mapping_at(&list, 0x00500000));
	assert_string_equal(mapping_at(&list, 0x2000ffff)->name, "/memfd:ram name (deleted)");
	assert_string_equal(mapping_at(&list, 0x10000000)->name, "");
	assert_false(mapping_is_device(mapping_at(&list, 0x20000000)));
	assert_true(mapping_is_device(mapping_at(&list, 0x30000000)));
	mappings_free(&list);
}

static void the_vms_of_a_kernel_are_kept(void **state)
{
	struct kernel_vms vms;
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(kernel_vms_read("tests/fixtures/memslots/6.12", false, &vms, why), 0);
	assert_int_equal(vms.count, 3);
	for (size_t i = 0; i < vms.count; i++) {
		assert_true(vms.list[i].settled);
		assert_ptr_equal(kernel_vms_find(&vms, vms.list[i].folder), &vms.list[i]);
		if (vms.list[i].count == 4)
			assert_int_equal(vms.list[i].slots[3].as_id, 1);
	}
	assert_null(kernel_vms_find(&vms, "1-1"));
	kernel_vms_free(&vms);
	assert_true(kernel_vms_read("/nowhere", true, &vms, why) < 0);
	assert_int_equal(vms.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_come_from_who_knows_best, make_process, remove_root),
		cmocka_unit_test_setup_teardown(command_lines_tell_a_name, make_process, remove_root),
		cmocka_unit_test_setup_teardown(a_command_line_may_come_in_parts, make_process, remove_root),
		cmocka_unit_test_setup_teardown(the_guests_memory_is_told_from_the_vmms, make_process,
						remove_root),
		cmocka_unit_test_setup_teardown(what_lies_behind_a_slot_is_named, make_process,
						remove_root),
		cmocka_unit_test(the_vms_of_a_kernel_are_kept),
	};

	return cmocka_run_group_tests_name("vm_process", tests, NULL, NULL);
}
