// SPDX-License-Identifier: GPL-2.0-only
/* The sources beside vmallocinfo: what captures give, and what is garbled. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/kvm.h>

#include "run/measure.h"

#define ROOT "tests/fixtures/hosts/6.12-cgroup-allocated"

static void take(struct snapshot *snapshot)
{
	struct sources sources;

	sources_open(&sources, ROOT, SOURCES_ALL);
	sources.vm_pid = 320;
	sources.vm_fd = 5;
	snapshot_take(&sources, snapshot);
	sources_close(&sources);
}

static void captured_cgroup(void **state)
{
	struct snapshot snapshot;

	(void)state;
	take(&snapshot);
	assert_string_equal(snapshot.status[SOURCE_CGROUP].why, "");
	assert_true(snapshot.status[SOURCE_CGROUP].ok);
	assert_int_equal(snapshot.cgroup.items[CGROUP_VMALLOC].value, 168194048);
	assert_int_equal(snapshot.cgroup.items[CGROUP_KERNEL].value, 170274816);
	assert_int_equal(snapshot.cgroup.items[CGROUP_SLAB].value, 163392);
	assert_int_equal(snapshot.cgroup.items[CGROUP_SEC_PAGETABLES].value, 40960);
	assert_true(snapshot.cgroup.items[CGROUP_SLAB_RECLAIMABLE].known);
	assert_true(snapshot.cgroup.items[CGROUP_PAGETABLES].known);
	assert_true(snapshot.cgroup.items[CGROUP_KERNEL_STACK].known);
	assert_true(snapshot.cgroup.lag >= 64 * 4096);
	snapshot_free(&snapshot);
}

static void captured_debugfs_counters(void **state)
{
	struct snapshot snapshot;

	(void)state;
	take(&snapshot);
	assert_true(snapshot.status[SOURCE_KVM_DEBUGFS].ok);
	assert_int_equal(snapshot.kvm_debugfs.counters[COUNTER_NESTED_RUN].value, 4);
	assert_int_equal(snapshot.kvm_debugfs.counters[COUNTER_MMU_CACHE_MISS].value, 4);
	assert_int_equal(snapshot.kvm_debugfs.counters[COUNTER_PAGES_4K].value, 1036);
	assert_int_equal(snapshot.kvm_debugfs.counters[COUNTER_PAGES_2M].value, 391);
	assert_true(snapshot.rmaps.allocated);
	snapshot_free(&snapshot);
}

/* pte_list_desc is listed as the first that was made of its size, kvm_mmu_page_header by name. */
static void captured_slabinfo(void **state)
{
	struct snapshot snapshot;

	(void)state;
	take(&snapshot);
	assert_true(snapshot.status[SOURCE_SLABINFO].ok);
	assert_true(snapshot.slabs[SLAB_PTE_LIST_DESC].known);
	assert_true(snapshot.slabs[SLAB_PTE_LIST_DESC].merged);
	assert_string_equal(snapshot.slabs[SLAB_PTE_LIST_DESC].listed_as, "pid");
	assert_int_equal(snapshot.slabs[SLAB_PTE_LIST_DESC].objects, 160);
	assert_int_equal(snapshot.slabs[SLAB_PTE_LIST_DESC].object_size, 128);
	assert_false(snapshot.slabs[SLAB_MMU_PAGE_HEADER].merged);
	assert_string_equal(snapshot.slabs[SLAB_MMU_PAGE_HEADER].listed_as, "kvm_mmu_page_header");
	assert_int_equal(snapshot.slabs[SLAB_MMU_PAGE_HEADER].objects, 88);
	snapshot_free(&snapshot);
}

/* Only /sys knows which caches are merged: without it, a foreign object could count as KVM's. */
static void slabinfo_needs_sys(void **state)
{
	char root[] = "/tmp/minivmm-test-XXXXXX", link[64], target[PATH_MAX];
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	assert_non_null(mkdtemp(root));
	assert_non_null(realpath(ROOT "/proc", target));
	snprintf(link, sizeof(link), "%s/proc", root);
	assert_int_equal(symlink(target, link), 0);
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, &snapshot);
	assert_false(snapshot.status[SOURCE_SLABINFO].ok);
	assert_string_equal(snapshot.status[SOURCE_SLABINFO].why,
			    "/sys/kernel: No such file or directory");
	snapshot_free(&snapshot);
	sources_close(&sources);
	unlink(link);
	rmdir(root);
}

/* Nothing is merged while kvm.ko is loaded: the links of /sys/kernel/slab are read once for a run. */
static void slab_names_are_read_once(void **state)
{
	static const char *const folders[] = { "proc", "sys" };
	char root[] = "/tmp/minivmm-test-XXXXXX", link[2][64], from[64], target[PATH_MAX];
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (int i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), ROOT "/%s", folders[i]);
		assert_non_null(realpath(from, target));
		snprintf(link[i], sizeof(link[i]), "%s/%s", root, folders[i]);
		assert_int_equal(symlink(target, link[i]), 0);
	}
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, &snapshot);
	snapshot_free(&snapshot);
	unlink(link[1]);
	snapshot_take(&sources, &snapshot);
	assert_true(snapshot.status[SOURCE_SLABINFO].ok);
	assert_string_equal(snapshot.slabs[SLAB_PTE_LIST_DESC].listed_as, "pid");
	snapshot_free(&snapshot);
	sources_close(&sources);
	unlink(link[0]);
	rmdir(root);
}

static uint8_t *load(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	uint8_t *data = calloc(1, 65536);

	assert_non_null(file);
	assert_non_null(data);
	*size = fread(data, 1, 65536, file);
	fclose(file);
	return data;
}

static void captured_binary_stats(void **state)
{
	struct kvm_counters kvm = { 0 };
	size_t size;
	uint8_t *data = load("tests/fixtures/kvm-stats/6.12-vm", &size);

	(void)state;
	assert_int_equal(kvm_stats_parse(data, size, &kvm), 0);
	assert_true(kvm.counters[COUNTER_MMU_CACHE_MISS].known);
	assert_true(kvm.counters[COUNTER_MAX_RMAP].known);
	assert_false(kvm.counters[COUNTER_NESTED_RUN].known);
	/* The figures are at its end: cut anywhere, something is missing. */
	for (size_t cut = 0; cut < size; cut++) {
		struct kvm_counters none = { 0 };
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, data, cut);
		assert_int_equal(kvm_stats_parse(copy, cut, &none), -EINVAL);
		assert_false(none.counters[COUNTER_MMU_CACHE_MISS].known);
		free(copy);
	}
	/* Those of several vCPUs are added up. */
	kvm = (struct kvm_counters){ 0 };
	for (uint64_t at = ((const struct kvm_stats_header *)(const void *)data)->data_offset, three = 3; at + 8 <= size; at += 8)
		memcpy(data + at, &three, sizeof(three));
	for (int i = 0; i < 2; i++)
		assert_int_equal(kvm_stats_parse(data, size, &kvm), 0);
	assert_int_equal(kvm.counters[COUNTER_MMU_CACHE_MISS].value, 6);
	free(data);
	data = load("tests/fixtures/kvm-stats/6.12-vcpu", &size);
	assert_int_equal(kvm_stats_parse(data, size, &kvm), 0);
	assert_true(kvm.counters[COUNTER_NESTED_RUN].known);
	free(data);
	data = load("tests/fixtures/kvm-stats/7.3-vm", &size);
	assert_int_equal(kvm_stats_parse(data, size, &kvm), 0);
	free(data);
}

/* Cheap: debugfs only where there are no statistics. */
static void cheap_takes_counters_once(void **state)
{
	struct sources sources;
	struct snapshot snapshot;
	int fd = open("tests/fixtures/kvm-stats/6.12-vm", O_RDONLY);

	(void)state;
	assert_true(fd >= 0);
	sources_open(&sources, ROOT, SOURCES_CHEAP);
	sources.vm_pid = 320;
	sources.vm_fd = 5;
	snapshot_take(&sources, &snapshot);
	assert_false(snapshot.status[SOURCE_KVM_STATS].ok);
	assert_true(snapshot.status[SOURCE_KVM_DEBUGFS].ok);
	snapshot_free(&snapshot);
	sources.stats_fds = malloc(sizeof(fd));
	assert_non_null(sources.stats_fds);
	sources.stats_fds[sources.stats_count++] = fd;
	snapshot_take(&sources, &snapshot);
	assert_true(snapshot.status[SOURCE_KVM_STATS].ok);
	assert_string_equal(snapshot.status[SOURCE_KVM_DEBUGFS].why,
			    "not asked for (report.sources = cheap)");
	snapshot_free(&snapshot);
	sources_close(&sources);
}

static void garbled_binary_stats(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int turn = 0; turn < 5000; turn++) {
		struct kvm_counters kvm = { 0 };
		size_t size;
		uint8_t *data = load("tests/fixtures/kvm-stats/6.12-vm", &size);
		uint8_t *copy = malloc(size);

		memcpy(copy, data, size);
		for (int i = 0; i < 6; i++)
			copy[(unsigned int)rand_r(&seed) % (turn % 2 ? 32 : size)] =
				(uint8_t)rand_r(&seed);
		kvm_stats_parse(copy, size, &kvm);
		free(copy);
		free(data);
	}
}

static int parse_text(const char *text, struct cgroup_memory *memory)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int code;

	assert_non_null(file);
	code = cgroup_parse(file, memory);
	fclose(file);
	return code;
}

static void broken_memory_stat_is_refused(void **state)
{
	struct cgroup_memory memory = { 0 };
	FILE *empty = fopen("/dev/null", "r");

	(void)state;
	assert_non_null(empty);
	assert_int_equal(cgroup_parse(empty, &memory), -EINVAL);
	fclose(empty);
	assert_int_equal(parse_text(" ", &memory), -EINVAL);
	assert_int_equal(parse_text("vmalloc\n", &memory), -EINVAL);
	assert_int_equal(parse_text("vmalloc -1\n", &memory), -EINVAL);
	assert_int_equal(parse_text("slab 1\nvmalloc 99999999999999999999\n", &memory), -EINVAL);
	assert_false(memory.items[CGROUP_SLAB].known);
	/* 5.10 has no such item. */
	assert_int_equal(parse_text("slab 4096\n", &memory), 0);
	assert_true(memory.items[CGROUP_SLAB].known);
	assert_false(memory.items[CGROUP_VMALLOC].known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(captured_cgroup),
		cmocka_unit_test(captured_debugfs_counters),
		cmocka_unit_test(captured_slabinfo),
		cmocka_unit_test(slabinfo_needs_sys),
		cmocka_unit_test(slab_names_are_read_once),
		cmocka_unit_test(captured_binary_stats),
		cmocka_unit_test(cheap_takes_counters_once),
		cmocka_unit_test(garbled_binary_stats),
		cmocka_unit_test(broken_memory_stat_is_refused),
	};

	return cmocka_run_group_tests_name("witnesses", tests, NULL, NULL);
}
