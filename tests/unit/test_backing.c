// SPDX-License-Identifier: GPL-2.0-only
/* The memory behind memslots, and the guest's view of it. */
#include "memory_scenes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* mbind() is a fake: a machine with many nodes is not to be had. */
static struct {
	void *start;
	unsigned long size, mode, mask[16], max;
	int calls, code;
} bound;

__typeof__(syscall) __real_syscall, __wrap_syscall;

long __wrap_syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_mbind)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	bound.calls++;
	bound.start = (void *)a[0];
	bound.size = (unsigned long)a[1];
	bound.mode = (unsigned long)a[2];
	memcpy(bound.mask, (void *)a[3], sizeof(bound.mask));
	bound.max = (unsigned long)a[4];
	errno = bound.code;
	return bound.code ? -1 : 0;
}

static bool deny_munmap;

__typeof__(munmap) __real_munmap, __wrap_munmap;
int __wrap_munmap(void *memory, size_t size)
{
	if (!deny_munmap)
		return __real_munmap(memory, size);
	errno = EPERM;
	return -1;
}

/* A kernel without transparent huge pages knows neither advice, and has no such folder. */
static struct {
	bool none, folder;
} thp;

__typeof__(madvise) __real_madvise, __wrap_madvise;
int __wrap_madvise(void *memory, size_t size, int advice)
{
	if (!thp.none || (advice != MADV_HUGEPAGE && advice != MADV_NOHUGEPAGE))
		return __real_madvise(memory, size, advice);
	errno = EINVAL;
	return -1;
}

__typeof__(access) __real_access, __wrap_access;
int __wrap_access(const char *path, int mode)
{
	if (strcmp(path, "/sys/kernel/mm/transparent_hugepage"))
		return __real_access(path, mode);
	errno = ENOENT;
	return thp.folder ? 0 : -1;
}

static void refuse(const struct memslot_cfg *cfg, int code, const char *text)
{
	struct memslot_cfg one = *cfg;
	struct backing backing;
	struct err err = { 0 };

	one.count = 1;
	assert_int_equal(backing_map(&backing, &one, -1, &err), code);
	if (!strstr(err.text, text))
		fail_msg("%s: not in: %s", text, err.text);
	assert_null(backing.reserved);
	assert_int_equal(backing.fd, -1);
}

/* Pages of [memory, memory + size) that are there. */
static size_t resident(void *memory, size_t size)
{
	unsigned char *pages = calloc(size / 4096, 1);
	size_t count = 0;

	assert_non_null(pages);
	assert_int_equal(mincore(memory, size, pages), 0);
	for (size_t i = 0; i < size / 4096; i++)
		count += pages[i] & 1;
	free(pages);
	return count;
}

static void assert_mapped(const uint8_t *start, size_t size, bool mapped)
{
	unsigned char page;

	for (size_t offset = 0; offset < size; offset += 4096)
		assert_int_equal(mincore((void *)(start + offset), 4096, &page), mapped ? 0 : -1);
}

/* KVM maps a large page only where gpa and hva agree in their low bits. */
static void hva_agrees_with_gpa(void **state)
{
	static const uint64_t bases[] = { 0, 2 * M, 3 * M, 5 * M + 4096, 4 * G - 4096 };
	static const uint64_t sizes[] = { 4096, 64 * K, 3 * M, G - 4096, G, G + 4096 };

	(void)state;
	for (size_t i = 0; i < COUNT(bases); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++) {
			struct memslot_cfg cfg = SLOT("a", .base = bases[i], .size = sizes[j]);
			uint64_t align = sizes[j] >= G ? G : 2 * M;
			struct backing backing;

			map(&backing, &cfg);
			assert_int_equal(backing.size, sizes[j]);
			assert_int_equal(((uintptr_t)backing.hva - bases[i]) % align, 0);
			/* What was reserved to choose the address is given back. */
			assert_ptr_equal(backing.reserved, backing.hva);
			assert_int_equal(backing.reserved_size, backing.size);
			backing.hva[0] = backing.hva[backing.size - 1] = 1;
			assert_int_equal(backing.fd, -1);
			backing_unmap(&backing);
		}
	}
}

static void rows_and_populate(void **state)
{
	struct memslot_cfg cfg = SLOT("row", .base = 4 * M, .size = 16 * K, .count = 5, .plugged = 16 * K);
	struct backing backing;
	struct err err = { 0 };
	uint8_t *memory;

	(void)state;
	map(&backing, &cfg);
	assert_int_equal(backing.size, 80 * K);
	assert_int_equal(resident(backing.hva, 80 * K), 0);
	backing_unmap(&backing);
	map(&backing, &cfg);
	assert_int_equal(backing_populate(&backing, &cfg, NULL, UINT64_MAX, &err), 0);
	assert_int_equal(resident(backing.hva, 80 * K), 20);
	memory = backing.hva;
	backing_unmap(&backing);
	assert_null(backing.hva);
	assert_mapped(memory, 80 * K, false);
}

static void what_is_not_plugged_is_not_populated(void **state)
{
	struct memslot_cfg cfg = SLOT("hotplug", .base = 4 * M, .size = 64 * K, .count = 2,
				      .plugged = 8 * K);
	struct backing backing;
	struct err err;

	(void)state;
	map(&backing, &cfg);
	assert_int_equal(backing_populate(&backing, &cfg, NULL, UINT64_MAX, &err), 0);
	assert_int_equal(resident(backing.hva, 128 * K), 4);
	assert_int_equal(resident(backing.hva, 8 * K), 2);
	assert_int_equal(resident(backing.hva + 64 * K, 8 * K), 2);
	cfg.plugged = 0;
	assert_int_equal(backing_populate(&backing, &cfg, NULL, UINT64_MAX, &err), 0);
	assert_int_equal(resident(backing.hva, 128 * K), 4);
	backing_unmap(&backing);
}

/* A signal and the timeout end it within a part of 64 MiB. */
static void populating_can_be_ended(void **state)
{
	struct memslot_cfg cfg = SLOT("low", .base = 0, .size = 128 * M, .count = 1, .plugged = 128 * M);
	struct signals signals;
	struct backing backing;
	struct err err = { 0 };

	(void)state;
	map(&backing, &cfg);
	assert_int_equal(backing_populate(&backing, &cfg, NULL, 1, &err), -ETIMEDOUT);
	assert_int_equal(signals_open(&signals, &err), 0);
	raise(SIGTERM);
	assert_int_equal(backing_populate(&backing, &cfg, &signals, UINT64_MAX, &err), -EINTR);
	assert_string_equal(err.text, "memslot.low: populating its memory (0 of 134217728 bytes): "
				      "Interrupted system call");
	assert_int_equal(signals_next(&signals), SIGTERM);
	signals_close(&signals);
	assert_int_equal(resident(backing.hva, 128 * M), 0);
	backing_unmap(&backing);
}

static void memory_of_a_memfd(void **state)
{
	struct memslot_cfg cfg = SLOT("m", .base = M, .size = 8 * K, .count = 2,
				      .backing = BACKING_MEMFD, .thp = THP_NEVER);
	struct backing backing;
	struct stat status;
	char byte = 0;
	int fd;

	(void)state;
	map(&backing, &cfg);
	fd = backing.fd;
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 16 * K);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	backing.hva[12 * K] = 7;
	assert_int_equal(pread(fd, &byte, 1, 12 * K), 1);
	assert_int_equal(byte, 7);
	backing_unmap(&backing);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void memory_of_a_file(void **state)
{
	char name[] = "/tmp/memory-XXXXXX";
	int fd = mkstemp(name);
	struct memslot_cfg cfg = SLOT("f", .size = 8 * K, .backing = BACKING_FILE, .path = name);
	struct backing backing;
	char byte = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8 * K), 0);
	map(&backing, &cfg);
	backing.hva[4096] = 9;
	assert_int_equal(pread(fd, &byte, 1, 4096), 1);
	assert_int_equal(byte, 9);
	backing_unmap(&backing);
	unlink(name);
	refuse(&cfg, -ENOENT, "memslot.f: open(/tmp/memory-");
	close(fd);
}

static void a_node_is_a_bit(void **state)
{
	static const int64_t nodes[] = { 0, 1, 63, 64, 65, 127, 1023 };

	(void)state;
	for (size_t i = 0; i < COUNT(nodes); i++) {
		struct memslot_cfg cfg = SLOT("n", .base = 2 * M, .size = 64 * K);
		unsigned long mask[16] = { 0 };
		struct backing backing;

		cfg.node = nodes[i];
		memset(&bound, 0, sizeof(bound));
		mask[nodes[i] / 64] = 1ul << nodes[i] % 64;
		map(&backing, &cfg);
		assert_int_equal(bound.calls, 1);
		assert_ptr_equal(bound.start, backing.hva);
		assert_int_equal(bound.size, 64 * K);
		assert_int_equal(bound.mode, MPOL_BIND);
		assert_memory_equal(bound.mask, mask, sizeof(mask));
		assert_true(bound.max >= 1024 && bound.max <= 1025);
		backing_unmap(&backing);
	}
}

static void a_node_that_is_not_there(void **state)
{
	struct memslot_cfg cfg = SLOT("n", .size = 64 * K);

	(void)state;
	memset(&bound, 0, sizeof(bound));
	cfg.node = 1024;
	refuse(&cfg, -EINVAL, "memslot.n: node 1024: there is no such node");
	assert_int_equal(bound.calls, 0);
	bound.code = EPERM;
	cfg.node = 3;
	refuse(&cfg, -EPERM, "memslot.n: mbind(node 3)");
	memset(&bound, 0, sizeof(bound));
	cfg.node = -1;
	cfg.size = 1ull << 60;
	refuse(&cfg, -ENOMEM, "memslot.n: mmap(0x1");
}

static void pages_by_gpa(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("high", .base = 4 * G, .size = 64 * K),
		SLOT("row", .base = 64 * K, .size = 8 * K, .stride = 32 * K, .count = 3),
		SLOT("low", .size = 64 * K),
		SLOT("smm", .base = 8 * G, .size = 4 * K, .space = SPACE_SMM),
	};
	struct stage stage;
	uint8_t *row;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	row = stage.vm.backings[1].hva;
	assert_ptr_equal(vm_page(&stage.vm, 0), stage.vm.backings[2].hva);
	assert_ptr_equal(vm_page(&stage.vm, 64 * K - 1), stage.vm.backings[2].hva + 60 * K);
	assert_ptr_equal(vm_page(&stage.vm, 64 * K), row);
	assert_ptr_equal(vm_page(&stage.vm, 72 * K - 1), row + 4096);
	assert_null(vm_page(&stage.vm, 72 * K));
	assert_null(vm_page(&stage.vm, 96 * K - 1));
	assert_ptr_equal(vm_page(&stage.vm, 96 * K), row + 8 * K);
	assert_ptr_equal(vm_page(&stage.vm, 128 * K + 5000), row + 20 * K);
	assert_null(vm_page(&stage.vm, 136 * K));
	assert_ptr_equal(vm_page(&stage.vm, 4 * G + 4096), stage.vm.backings[0].hva + 4096);
	assert_null(vm_page(&stage.vm, 4 * G + 64 * K));
	assert_null(vm_page(&stage.vm, 8 * G));
	strike(&stage);
	assert_int_equal(stage.vm.fd, -1);
	assert_null(stage.vm.backings);
}

/* An alias may begin inside of its target, and be a row. */
static void an_alias_shows_memory_of_another(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("whole", .size = 64 * K, .alias = (char *)"low", .space = SPACE_SMM),
		SLOT("low", .size = 64 * K),
		SLOT("part", .base = 128 * K, .size = 8 * K, .count = 2, .stride = 32 * K,
		     .alias = (char *)"low", .alias_offset = 16 * K),
	};
	struct stage stage;
	uint8_t *low, byte = 7;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	low = stage.vm.backings[1].hva;
	assert_ptr_equal(vm_slot_memory(&stage.vm, &stage.layout.slots[0]), low);
	assert_ptr_equal(vm_slot_memory(&stage.vm, &stage.layout.slots[2]), low + 16 * K);
	assert_ptr_equal(vm_slot_memory(&stage.vm, &stage.layout.slots[3]), low + 24 * K);
	assert_int_equal(vm_write(&stage.vm, 160 * K + 5, &byte, 1), 0);
	assert_int_equal(low[24 * K + 5], 7);
	strike(&stage);
}

static void reads_what_was_written(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("low", .size = 8 * K), SLOT("next", .base = 8 * K, .size = 8 * K),
		SLOT("far", .base = 32 * K, .size = 8 * K),
	};
	uint8_t data[12000], back[12000];
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(vm_write(&stage.vm, 100, data, sizeof(data)), 0);
	assert_int_equal(vm_read(&stage.vm, 100, back, sizeof(back)), 0);
	assert_memory_equal(data, back, sizeof(data));
	assert_memory_equal(stage.vm.backings[0].hva + 100, data, 8 * K - 100);
	assert_memory_equal(stage.vm.backings[1].hva, data + 8 * K - 100, sizeof(data) - (8 * K - 100));
	assert_int_equal(stage.vm.backings[0].hva[99], 0);
	assert_int_equal(stage.vm.backings[1].hva[sizeof(data) + 100 - 8 * K], 0);
	assert_int_equal(vm_write(&stage.vm, 16 * K - 10, data, 10), 0);
	assert_int_equal(vm_write(&stage.vm, 16 * K - 10, data, 11), -EFAULT);
	assert_int_equal(vm_read(&stage.vm, 20 * K, back, 1), -EFAULT);
	assert_int_equal(vm_read(&stage.vm, 32 * K, back, 1), 0);
	strike(&stage);
}

/* Such a process could not end its VM, and the host would be blamed for what is left. */
static void munmap_that_is_denied_is_an_error(void **state)
{
	const struct memslot_cfg cfg = { .name = "low", .node = -1, .count = 1, .size = 8 * K };

	(void)state;
	deny_munmap = true;
	refuse(&cfg, -EPERM, "memslot.low: munmap: Operation not permitted");
	deny_munmap = false;
}

static void a_kernel_without_huge_pages_has_small_ones(void **state)
{
	struct memslot_cfg cfg = { .name = "low", .node = -1, .count = 1, .size = 8 * K, .thp = THP_ALWAYS };
	struct backing backing;

	(void)state;
	thp.none = true;
	map(&backing, &cfg);
	backing.hva[4 * K] = 1;
	backing_unmap(&backing);
	cfg.thp = THP_NEVER;
	map(&backing, &cfg);
	backing_unmap(&backing);
	/* A kernel that has such pages refuses for another reason: this is an error. */
	thp.folder = true;
	refuse(&cfg, -EINVAL, "memslot.low: madvise(MADV_NOHUGEPAGE): Invalid argument");
	cfg.thp = THP_ALWAYS;
	refuse(&cfg, -EINVAL, "memslot.low: madvise(MADV_HUGEPAGE): Invalid argument");
	thp.none = thp.folder = false;
}

static void the_kernel_writes_where_the_mapping_allows_it(void **state)
{
	struct memslot_cfg memslots[] = { SLOT("low", .size = 8 * K) };
	struct stage stage;
	uint8_t byte = 7, *low;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	low = stage.vm.backings[0].hva;
	assert_int_equal(vm_write_if_allowed(&stage.vm, 4 * K + 5, &byte, 1), 0);
	assert_int_equal(low[4 * K + 5], 7);
	assert_int_equal(vm_write_if_allowed(&stage.vm, 8 * K, &byte, 1), -EFAULT);
	assert_int_equal(mprotect(low, 8 * K, PROT_READ), 0);
	assert_int_equal(vm_write_if_allowed(&stage.vm, 6, &byte, 1), -EFAULT);
	assert_int_equal(mprotect(low, 8 * K, PROT_READ | PROT_WRITE), 0);
	/* Without process_vm_writev() the VMM writes itself. */
	stage.vm.unasked = ENOSYS;
	assert_int_equal(vm_write_if_allowed(&stage.vm, 6, &byte, 1), 0);
	assert_int_equal(low[6], 7);
	assert_int_equal(vm_write_if_allowed(&stage.vm, 8 * K, &byte, 1), -EFAULT);
	strike(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hva_agrees_with_gpa),
		cmocka_unit_test(rows_and_populate),
		cmocka_unit_test(what_is_not_plugged_is_not_populated),
		cmocka_unit_test(populating_can_be_ended),
		cmocka_unit_test(memory_of_a_memfd),
		cmocka_unit_test(memory_of_a_file),
		cmocka_unit_test(a_node_is_a_bit),
		cmocka_unit_test(a_node_that_is_not_there),
		cmocka_unit_test(pages_by_gpa),
		cmocka_unit_test(an_alias_shows_memory_of_another),
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(munmap_that_is_denied_is_an_error),
		cmocka_unit_test(a_kernel_without_huge_pages_has_small_ones),
		cmocka_unit_test(the_kernel_writes_where_the_mapping_allows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
