// SPDX-License-Identifier: GPL-2.0-only
/* The memslots of a host's VMs, read from slices of four kernels' memory (tests/fixtures/memslots). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/kvm_memslots.h"
#include "host/vmap_areas.h"
#include "root_folder.h"

#define FIXTURES "tests/fixtures/memslots/"

/* The bytes of a VM's arrays, added up over its memslots. */
struct sums {
	uint64_t rmap, tracking, lpage_info, dirty_bitmap;
};

/* What was seen of a host: the VM that never ran a nested guest, the one that did, the idle one. */
struct seen {
	struct vmap_areas areas;
	unsigned int vms, settled;
	struct sums plain, nested;
	struct kernel_memslot plain_slots[3], nested_slots[4];
};

static struct sums add_up(const struct vmap_areas *areas, const struct kernel_vm *vm)
{
	struct sums sums = { 0 };

	for (size_t i = 0; i < vm->count; i++) {
		const struct memslot_arrays *arrays = &vm->slots[i].arrays;

		for (int level = 0; level < 3; level++)
			sums.rmap += vmap_area_bytes(areas, arrays->rmap[level]);
		for (int level = 0; level < 2; level++)
			sums.lpage_info += vmap_area_bytes(areas, arrays->lpage_info[level]);
		sums.tracking += vmap_area_bytes(areas, arrays->tracking);
		sums.dirty_bitmap += vmap_area_bytes(areas, arrays->dirty_bitmap);
	}
	return sums;
}

static int look(const struct kernel_vm *vm, void *data)
{
	struct seen *seen = data;

	seen->vms++;
	seen->settled += vm->settled;
	if (vm->count == 3) {
		seen->plain = add_up(&seen->areas, vm);
		memcpy(seen->plain_slots, vm->slots, sizeof(seen->plain_slots));
	} else if (vm->count == 4) {
		seen->nested = add_up(&seen->areas, vm);
		memcpy(seen->nested_slots, vm->slots, sizeof(seen->nested_slots));
	}
	if (vm->settled && vm->count)
		assert_int_equal(vm->pid, vm->tgid);
	return 0;
}

static void read_host(const char *root, struct seen *seen)
{
	char why[SOURCE_WHY] = "";
	struct kvm_reader reader;

	if (kvm_reader_open(&reader, root, why))
		fail_msg("%s: %s", root, why);
	if (vmap_areas_read(&reader.memory, &reader.types, &reader.vmap, &seen->areas, why))
		fail_msg("%s: %s", root, why);
	assert_int_equal(kvm_reader_each(&reader, look, seen), 0);
	vmap_areas_free(&seen->areas);
	kvm_reader_close(&reader);
}

static void check_slot(const struct kernel_memslot *slot, unsigned int as_id, unsigned int id,
		       uint64_t base_gfn, uint64_t npages, uint32_t flags)
{
	assert_int_equal(slot->as_id, as_id);
	assert_int_equal(slot->id, id);
	assert_int_equal(slot->base_gfn, base_gfn);
	assert_int_equal(slot->npages, npages);
	assert_int_equal(slot->flags, flags);
	assert_int_equal(slot->hva % 4096, 0);
}

/* On each kernel the same two VMs of minivmm: the memslots that their configs had. */
static void check_host(const char *root, struct seen *seen)
{
	*seen = (struct seen){ 0 };
	read_host(root, seen);
	assert_int_equal(seen->vms, 3);
	assert_int_equal(seen->settled, 3);
	check_slot(&seen->plain_slots[0], 0, 0, 0, 0x4000, 0);
	check_slot(&seen->plain_slots[1], 0, 1, 0x100000, 0x140000, 0);
	check_slot(&seen->plain_slots[2], 0, 2, 0x240003, 0x500, 1);
	check_slot(&seen->nested_slots[0], 0, 0, 0, 0x4000, 0);
	check_slot(&seen->nested_slots[1], 0, 1, 0x100000, 0x40000, 0);
	check_slot(&seen->nested_slots[2], 0, 2, 0x240003, 0x500, 0);
	check_slot(&seen->nested_slots[3], 1, 0, 0x140000, 0x100, 0);
	/* The bytes that minivmm's own measurement of these VMs had, and `plan` of their configs. */
	assert_int_equal(seen->nested.rmap, 2277376);
	assert_int_equal(seen->nested.tracking, 565248);
	assert_int_equal(seen->nested.lpage_info, 32768);
	assert_int_equal(seen->nested.dirty_bitmap, 0);
	assert_int_equal(seen->plain.lpage_info, 32768);
	assert_int_equal(seen->plain.dirty_bitmap, 4096);
}

static void test_an_eager_kernel(void **state)
{
	struct seen seen;

	(void)state;
	check_host(FIXTURES "5.10", &seen);
	assert_int_equal(seen.plain.rmap, 10690560);
	assert_int_equal(seen.plain.tracking, 2666496);
}

static void test_a_kernel_with_external_tracking(void **state)
{
	struct seen seen;

	(void)state;
	check_host(FIXTURES "6.1", &seen);
	assert_int_equal(seen.plain.rmap, 0);
	assert_int_equal(seen.plain.tracking, 2666496);
}

static void test_lazy_kernels(void **state)
{
	static const char *const roots[] = { FIXTURES "6.12", FIXTURES "7.3" };
	struct seen seen;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		check_host(roots[i], &seen);
		assert_int_equal(seen.plain.rmap, 0);
		assert_int_equal(seen.plain.tracking, 0);
	}
}

static FILE *open_in(const char *folder, const char *path, const char *mode)
{
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "%s%s", folder, path);
	file = fopen(name, mode);
	assert_non_null(file);
	return file;
}

/* A copy of a fixture, for a test to damage. */
static void copy_host(const char *root, char folder[64])
{
	static const char *const files[] = {
		"/proc/kcore", "/proc/kallsyms", "/sys/kernel/btf/vmlinux",
	};
	char part[4096];

	strcpy(folder, "/tmp/minivmm-memslots-XXXXXX");
	assert_non_null(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *from = open_in(root, files[i], "r"), *to = make_file(folder, files[i]);
		size_t size;

		while ((size = fread(part, 1, sizeof(part), from)))
			assert_int_equal(fwrite(part, 1, size, to), size);
		fclose(from);
		assert_int_equal(fclose(to), 0);
	}
}

static void remove_host(const char *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void write_in(const char *folder, const char *path, const char *text)
{
	FILE *file = open_in(folder, path, "w");

	fputs(text, file);
	fclose(file);
}

/* Each way in which the source can be missing is told apart. */
static void test_what_is_missing_is_named(void **state)
{
	static const struct {
		const char *path, *text, *why;
		int code;
	} rows[] = {
		{ "/proc/kcore", "no core", "not an ELF core file", -EINVAL },
		{ "/sys/kernel/btf/vmlinux", "no BTF", "/sys/kernel/btf/vmlinux", -EINVAL },
		{ "/proc/kallsyms", "ffffffff82d67f50 d vmap_nodes\n", "has no vm_list", -ENOENT },
		{ "/proc/kallsyms", "0000000000000000 d vm_list\t[kvm]\n", "hides addresses", -EPERM },
		{ "/proc/kallsyms", "0000000000000000 A fixed_percpu_data\n0000000000000000 T _stext\n",
		  "hides addresses", -EPERM },
		{ "/proc/kallsyms", "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _stext\n",
		  "has no vm_list", -ENOENT },
	};
	char folder[64], why[SOURCE_WHY];
	struct kvm_reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		copy_host(FIXTURES "6.12", folder);
		write_in(folder, rows[i].path, rows[i].text);
		assert_int_equal(kvm_reader_open(&reader, folder, why), rows[i].code);
		assert_non_null(strstr(why, rows[i].why));
		remove_host(folder);
	}
	assert_int_equal(kvm_reader_open(&reader, "/nowhere", why), -ENOENT);
	assert_non_null(strstr(why, "/proc/kcore"));
}

static void flip_bit(const char *folder, long bit)
{
	FILE *file = open_in(folder, "/proc/kcore", "r+");
	long size;
	int byte;

	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fseek(file, bit / 8 % size, SEEK_SET);
	byte = fgetc(file);
	fseek(file, -1, SEEK_CUR);
	fputc(byte ^ 1 << bit % 8, file);
	fclose(file);
}

static int count_vms(const struct kernel_vm *vm, void *data)
{
	unsigned int *count = data;

	*count += vm->settled;
	/* A VM that is not settled shows no slots. */
	assert_true(vm->settled || (vm->why && !vm->count));
	return 0;
}

/* Memory that changes while it is read may hold anything: no crash, no endless walk. */
static void test_damaged_memory_is_survived(void **state)
{
	char folder[64], why[SOURCE_WHY];
	struct kvm_reader reader;

	(void)state;
	srandom(1);
	for (int round = 0; round < 12; round++) {
		struct vmap_areas areas;
		unsigned int count = 0;

		copy_host(FIXTURES "7.3", folder);
		for (int i = 0; i < 40; i++)
			flip_bit(folder, random());
		if (!kvm_reader_open(&reader, folder, why)) {
			kvm_reader_each(&reader, count_vms, &count);
			assert_true(count <= 3);
			if (!vmap_areas_read(&reader.memory, &reader.types, &reader.vmap, &areas, why))
				vmap_areas_free(&areas);
			kvm_reader_close(&reader);
		}
		remove_host(folder);
	}
}

/* Each kernel's memory with the BTF of another one: what stands elsewhere is no VM. */
static void test_btf_of_another_kernel_shows_no_vm(void **state)
{
	static const char *const kernels[] = { "5.10", "6.1", "6.12", "7.3" };
	char folder[64], command[256], why[SOURCE_WHY];
	struct kvm_reader reader;

	(void)state;
	/* Not every pair: a VM that does not settle is read for a third of a second. */
	for (int i = 0; i < 4; i++) {
		const char *memory = kernels[i], *types = kernels[(i + 1) % 4];
		unsigned int settled = 0;

		snprintf(command, sizeof(command), FIXTURES "%s", memory);
		copy_host(command, folder);
		snprintf(command, sizeof(command), "cp " FIXTURES "%s/sys/kernel/btf/vmlinux '%s/sys/kernel/btf/'",
			 types, folder);
		assert_int_equal(system(command), 0);
		assert_int_equal(kvm_reader_open(&reader, folder, why), 0);
		kvm_reader_each(&reader, count_vms, &settled);
		if (settled)
			fail_msg("%s with the BTF of %s: %u VMs", memory, types, settled);
		kvm_reader_close(&reader);
		remove_host(folder);
	}
}

/* A slot whose base was changed makes the set one that never existed: the VM is not settled. */
static void test_a_torn_set_is_not_told(void **state)
{
	char folder[64], why[SOURCE_WHY];
	struct kvm_reader reader;
	uint64_t pages_at = 0;
	unsigned int count = 0;

	(void)state;
	copy_host(FIXTURES "6.12", folder);
	assert_int_equal(kvm_reader_open(&reader, folder, why), 0);
	pages_at = reader.types.members[MEMBER_KVM_PAGES].offset;
	assert_true(reader.types.members[MEMBER_KVM_PAGES].known && pages_at);
	assert_int_equal(kvm_reader_each(&reader, count_vms, &count), 0);
	assert_int_equal(count, 3);
	/* The kernel would have it read as other memory: here the type is what moves. */
	reader.types.members[MEMBER_KVM_PAGES].offset -= 8;
	count = 0;
	assert_int_equal(kvm_reader_each(&reader, count_vms, &count), 0);
	assert_true(count < 3);
	kvm_reader_close(&reader);
	remove_host(folder);
}

struct folders {
	char names[3][32];
	size_t count;
};

static int note_folder(const struct kernel_vm *vm, void *data)
{
	struct folders *folders = data;

	assert_true(folders->count < 3);
	strcpy(folders->names[folders->count++], vm->folder);
	return 0;
}

/* stat --predict finds a VM by its folder: one that is not settled must not answer for another. */
static void test_an_unsettled_vm_is_still_the_same(void **state)
{
	struct folders settled = { 0 }, unsettled = { 0 };
	char why[SOURCE_WHY];
	struct kvm_reader reader;

	(void)state;
	assert_int_equal(kvm_reader_open(&reader, FIXTURES "6.12", why), 0);
	assert_int_equal(kvm_reader_each(&reader, note_folder, &settled), 0);
	reader.types.members[MEMBER_KVM_PAGES].offset -= 8;
	assert_int_equal(kvm_reader_each(&reader, note_folder, &unsettled), 0);
	assert_int_equal(settled.count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(strlen(settled.names[i]) > 2);
		assert_string_equal(unsettled.names[i], settled.names[i]);
	}
	kvm_reader_close(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_eager_kernel),
		cmocka_unit_test(test_a_kernel_with_external_tracking),
		cmocka_unit_test(test_lazy_kernels),
		cmocka_unit_test(test_what_is_missing_is_named),
		cmocka_unit_test(test_damaged_memory_is_survived),
		cmocka_unit_test(test_btf_of_another_kernel_shows_no_vm),
		cmocka_unit_test(test_a_torn_set_is_not_told),
		cmocka_unit_test(test_an_unsettled_vm_is_still_the_same),
	};

	return cmocka_run_group_tests_name("kvm_memslots", tests, NULL, NULL);
}
