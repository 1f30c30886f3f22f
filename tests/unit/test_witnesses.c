// SPDX-License-Identifier: GPL-2.0-only
/* The sources beside vmallocinfo: what captures give, who tells of the rmaps, who contradicts whom. */
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

#include "base/cpus.h"
#include "check/check.h"
#include "model/kernel.h"
#include "root_folder.h"
#include "run/charges_left.h"
#include "run/measure.h"

#define ROOT "tests/fixtures/hosts/6.12-cgroup-allocated"
#define GIB (1ull << 30)

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

/* 64 GiB on a lazy host after a phase, no source readable. */
struct world {
	struct config config;
	struct slot slots[2];
	struct phase_result phase;
	struct run run;
};

static void set_world(struct world *w)
{
	static const struct kernel_facts lazy = {
		.major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES,
		.vcalloc = ANSWER_UNKNOWN,
	};

	*w = (struct world){
		.slots = { { .base = 0, .size = 3 * GIB }, { .base = 4 * GIB, .size = 61 * GIB } },
	};
	w->run.config = &w->config;
	w->run.layout = (struct layout){ .slots = w->slots, .count = 2 };
	w->run.phases = &w->phase;
	w->run.phase_count = 1;
	w->run.stage = STAGE_RAN;
	w->phase.name = w->phase.what = "boot";
	model_choose(&lazy, &w->run.model);
	measure_predict(&w->run);
}

static void set_counter(struct world *w, enum source source, enum kvm_counter counter, uint64_t n)
{
	struct snapshot *snapshot = &w->phase.snapshot;
	struct kvm_counters *kvm = source == SOURCE_KVM_STATS ? &snapshot->kvm_stats :
								&snapshot->kvm_debugfs;

	snapshot->status[source].ok = true;
	kvm->counters[counter] = (struct figure){ true, n };
}

static void set_charged(struct world *w, uint64_t before, uint64_t now)
{
	w->run.before.status[SOURCE_CGROUP].ok = w->phase.snapshot.status[SOURCE_CGROUP].ok = true;
	w->run.before.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, before };
	w->phase.snapshot.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, now };
	w->phase.snapshot.cgroup.lag = 64 * 2 * 4096;
}

static void charges_tell(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	/* As seen on 6.12. */
	set_charged(&w, 0, 151552);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_LAZY);
	set_charged(&w, 4096, 4096 + 168194048);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_ALLOCATED);
	/* Somebody else's; a neighbour left; a host whose CPUs may all owe 64 pages. */
	set_charged(&w, 0, 70 << 20);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	set_charged(&w, 1 << 30, 0);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_LAZY);
	/* Nobody is charged where the kernel charges nothing. */
	set_charged(&w, 0, 0);
	w.phase.snapshot.cgroup.items[CGROUP_KERNEL].known = true;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	w.phase.snapshot.cgroup.items[CGROUP_KERNEL].value = 4096;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_LAZY);
	w.phase.snapshot.cgroup.lag = 64 * 256 * 4096;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
}

/*
 * As seen on 7.3: with the rmaps allocated memory.stat still had the figures of the phase before, but
 * memory.current is up to date. Such figures are not evidence, be they of the phase or of the start.
 */
static void old_charges_tell_nothing(void **state)
{
	const char *root = *state;
	struct sources sources;
	struct world w;
	uint64_t fresh;

	put_file(root, "/proc/self/cgroup", "0::/t\n");
	put_file(root, "/proc/self/mountinfo", "31 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put_file(root, "/sys/fs/cgroup/cgroup.procs", "");
	put_file(root, "/sys/fs/cgroup/t/memory.current", "169041920\n");
	put_file(root, "/sys/fs/cgroup/t/memory.stat",
		 "anon 253952\nfile 0\nkernel 593920\nvmalloc 45056\nsock 0\n");
	set_world(&w);
	set_charged(&w, 0, 0);
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, &w.phase.snapshot);
	assert_int_equal(w.phase.snapshot.cgroup.lag, 169041920 - 253952 - 593920);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	w.run.before.cgroup.lag = w.phase.snapshot.cgroup.lag;
	snapshot_free(&w.phase.snapshot);

	/* What CPUs have charged in advance is no sign of old figures. */
	put_file(root, "/sys/fs/cgroup/t/memory.current", "848000\n");
	snapshot_take(&sources, &w.phase.snapshot);
	fresh = (uint64_t)sysconf(_SC_NPROCESSORS_CONF) * 64 * 4096;
	assert_int_equal(w.phase.snapshot.cgroup.lag, fresh);
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	w.run.before.cgroup.lag = fresh;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_LAZY);
	snapshot_free(&w.phase.snapshot);
	sources_close(&sources);
}

static void counters_tell(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 0);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_LAZY);
	assert_int_equal(w.phase.state_source, SOURCE_KVM_STATS);
	/* Where rmaps come with the slots, no shadow page says nothing of them. */
	w.run.model.rmap_lazy = false;
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_UNKNOWN);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 4);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_ALLOCATED);
	/* Memory that is seen is better than a counter. */
	set_charged(&w, 0, 168194048);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state_source, SOURCE_CGROUP);
}

static void says(const struct world *w, enum result result, const char *words)
{
	struct check check = { 0 };

	judge_sources(&w->run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%s: %s, not \"%s\"", result_name(check.result), check.reason, words);
}

static void contradictions_name_both(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	says(&w, RESULT_SKIP, "no two sources");
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 4);
	says(&w, RESULT_SKIP, "only kvm_stats");
	set_charged(&w, 0, 168194048);
	says(&w, RESULT_PASS, "cgroup, kvm_stats");
	w.phase.snapshot.status[SOURCE_RMAPS_STAT].ok = true;
	says(&w, RESULT_FAIL, "by rmaps_stat the rmaps are lazy, by cgroup they are allocated");
	w.phase.snapshot.rmaps.allocated = true;
	says(&w, RESULT_PASS, "rmaps_stat, cgroup, kvm_stats");
	set_counter(&w, SOURCE_KVM_DEBUGFS, COUNTER_MMU_CACHE_MISS, 3);
	says(&w, RESULT_FAIL, "mmu_cache_miss is 4 by kvm_stats, 3 by kvm_debugfs");
	set_counter(&w, SOURCE_KVM_DEBUGFS, COUNTER_MMU_CACHE_MISS, 4);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_NESTED_RUN, 2);
	w.phase.l2_entries = 2;
	says(&w, RESULT_PASS, "kvm_debugfs");
	w.phase.l2_entries = 3;
	says(&w, RESULT_FAIL, "3 entries into L2 so far, kvm_stats's nested_run 2");
}

static void nested_off_says(const struct run *run, enum result result, const char *words)
{
	struct check check = { 0 };

	judge_nested_off(run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%s: %s, not \"%s\"", result_name(check.result), check.reason, words);
}

static void nested_off_is_off_only_by_a_fault(void **state)
{
	struct run run = { .stage = STAGE_CREATED };
	struct guest_outcome *guest = &run.guest;

	(void)state;
	nested_off_says(NULL, RESULT_SKIP, "can't be nested anyhow");
	guest->trouble = GUEST_REPORTED;
	guest->report.status = ABI_EXCEPTION;
	guest->report.vector = 13;
	nested_off_says(&run, RESULT_PASS, "#GP");
	/* An accident is no proof. */
	guest->report.vector = 14;
	snprintf(guest->text, sizeof(guest->text), "phase try: L1 took exception 14");
	nested_off_says(&run, RESULT_SKIP, "could not be tried: phase try: L1 took exception 14");
	guest->report.status = ABI_UNSUPPORTED;
	snprintf(guest->text, sizeof(guest->text), "yet one can be turned on");
	nested_off_says(&run, RESULT_FAIL, "yet one can be turned on");
	run = (struct run){ .stage = STAGE_RAN };
	nested_off_says(&run, RESULT_FAIL, "entered L2");
}

static void put_process(const char *root, pid_t pid, pid_t parent, int threads)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	snprintf(text, sizeof(text), "%d (a) b (c) S %d 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %d 0 99\n", (int)pid, (int)parent, threads);
	put_file(root, path, text);
}

/* In a cgroup of so many processes, as a shell that waits leaves it. */
static const struct cgroup_memory *read_cgroup(const char *root, const char *processes)
{
	static struct snapshot snapshot;
	struct sources sources;

	put_file(root, "/proc/self/cgroup", "0::/own\n");
	put_file(root, "/proc/self/mountinfo", "1 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put_file(root, "/sys/fs/cgroup/own/memory.current", "8192\n");
	put_file(root, "/sys/fs/cgroup/own/memory.stat", "kernel 8192\nvmalloc 4096\n");
	put_file(root, "/sys/fs/cgroup/own/cgroup.procs", processes);
	snapshot = (struct snapshot){ 0 };
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, &snapshot);
	sources_close(&sources);
	assert_string_equal(snapshot.status[SOURCE_CGROUP].why, "");
	snapshot_free(&snapshot);
	return &snapshot.cgroup;
}

static void only_those_that_wait_may_be_in_the_cgroup(void **state)
{
	const char *root = *state;
	char text[64];

	put_process(root, getpid(), 4000, 9);
	put_process(root, 4000, 1, 1);
	snprintf(text, sizeof(text), "4000\n%d\n", (int)getpid());
	assert_true(read_cgroup(root, text)->alone);
	assert_true(read_cgroup(root, text)->settled);
	snprintf(text, sizeof(text), "4000\n4001\n%d\n", (int)getpid());
	assert_false(read_cgroup(root, text)->alone);
	assert_false(read_cgroup(root, "0\n")->alone);
	/* An ancestor with several threads does not only wait; and a child cgroup's charges are this one's, too. */
	snprintf(text, sizeof(text), "4000\n%d\n", (int)getpid());
	put_process(root, 4000, 1, 2);
	assert_false(read_cgroup(root, text)->alone);
	put_process(root, 4000, 1, 1);
	assert_true(read_cgroup(root, text)->alone);
	put_file(root, "/sys/fs/cgroup/own/child/cgroup.procs", "");
	assert_false(read_cgroup(root, text)->alone);
	put_file(root, "/proc/4000/stat", "4000 (a");
	snprintf(text, sizeof(text), "4000\n1\n");
	assert_false(read_cgroup(root, text)->alone);
}

/* How the cgroup was read, in both snapshots, and what a check must say of that. */
struct reading {
	bool settled, alone;
	uint64_t lag;
	enum result result;
	const char *reason;
};

static void expect_of_reading(struct world *w, judge *asked, const struct reading *reading, size_t number)
{
	struct check check = { 0 };

	w->phase.snapshot.cgroup.lag = reading->lag;
	w->run.before.cgroup.settled = w->phase.snapshot.cgroup.settled = reading->settled;
	w->run.before.cgroup.alone = w->phase.snapshot.cgroup.alone = reading->alone;
	asked(&w->run, &check);
	if (check.result != reading->result || !strstr(check.reason, reading->reason))
		fail_msg("case %zu: %s: %s", number, result_name(check.result), check.reason);
}

/* What the transition of 64 GiB allocates is charged to the byte, where the kernel has added up. */
static void charges_are_exact(void **state)
{
	static const struct {
		int64_t off;
		struct reading reading;
	} cases[] = {
		{ 0, { true, true, 1 << 20, RESULT_PASS, "as predicted" } },
		{ 0, { false, false, 1 << 20, RESULT_PASS, "may not have added up: 1 MiB" } },
		{ 1 << 20, { false, true, 1 << 20, RESULT_PASS, "to within" } },
		{ 4096, { true, true, 1 << 20, RESULT_FAIL, "168046592 bytes of vmalloc, and 168042496 are predicted: 134488064 for rmaps" } },
		{ -168042496, { false, true, 1 << 20, RESULT_FAIL, "+0 bytes" } },
		{ 4096, { true, false, 1 << 20, RESULT_SKIP, "other processes are in this cgroup" } },
		{ 0, { false, true, 1 << 30, RESULT_SKIP, "so small a VM" } },
	};
	struct check check;
	struct world w;

	(void)state;
	set_world(&w);
	w.run.transition = -1;
	judge_charged(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
	w.run.transition = 0;
	judge_charged(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
	/* That a slot goes later changes nothing of that. */
	w.slots[0].gone = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_charged(&w, 4096, (uint64_t)(4096 + 168042496 + cases[i].off));
		expect_of_reading(&w, judge_charged, &cases[i].reading, i);
	}
	/* The map of a probe is charged as well. */
	set_charged(&w, 4096, 4096 + 168042496 + 8192);
	w.phase.snapshot.cgroup.settled = w.run.before.cgroup.settled = true;
	w.phase.snapshot.status[SOURCE_MEMSLOTS].ok = true;
	judge_charged(&w.run, &check);
	assert_int_equal(check.result, RESULT_PASS);
	w.phase.snapshot.cgroup.items[CGROUP_KERNEL].known = true;
	judge_charged(&w.run, &check);
	assert_non_null(strstr(check.remedy, "nokmem"));
	w.phase.snapshot.status[SOURCE_CGROUP].ok = false;
	judge_charged(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
}

/* What the cgroup is charged with, by which of memory.stat's items, once the VM is gone. */
static void set_left(struct world *w, int64_t all, int64_t slab, int64_t tables)
{
	struct figure *was = w->run.before.cgroup.items, *is = w->phase.snapshot.cgroup.items;

	for (int i = 0; i < CGROUP_ITEMS; i++)
		was[i] = is[i] = (struct figure){ true, 1 << 20 };
	/* What is no leak: files that were looked at, the process's own page tables, threads, swapping; vmalloc is judged elsewhere. */
	is[CGROUP_SLAB_RECLAIMABLE].value += 200000;
	is[CGROUP_PAGETABLES].value += 8192;
	is[CGROUP_KERNEL_STACK].value += 16384;
	is[CGROUP_ZSWAP].value += 3 << 20;
	is[CGROUP_VMALLOC].value += 5 << 20;
	is[CGROUP_SLAB].value += (uint64_t)(200000 + slab);
	is[CGROUP_SEC_PAGETABLES].value += (uint64_t)tables;
	is[CGROUP_KERNEL].value += (uint64_t)(200000 + 8192 + 16384 + (8 << 20) + all);
}

/* The VM is gone: its page tables are, to the byte, and of the rest no more is left than the process itself takes. */
static void what_leaks_is_charged(void **state)
{
	static const struct {
		int64_t all, slab, tables;
		struct reading reading;
	} cases[] = {
		{ 8192, 8192, 0, { true, true, 1 << 20, RESULT_PASS, "need not be a leak" } },
		{ -65536, 8192, 0, { true, false, 1 << 20, RESULT_PASS, "need not be a leak" } },
		{ 8192, 8192, 0, { false, true, 1 << 20, RESULT_PASS, "that need not be a leak" } },
		{ 4096, 0, 4096, { true, true, 1 << 20, RESULT_FAIL, "4096 bytes more of KVM's page tables" } },
		{ 4096, 0, 4096, { false, true, 1 << 20, RESULT_PASS, "need not be a leak" } },
		{ 64 << 20, 60 << 20, 0, { true, true, 1 << 20, RESULT_FAIL, "67108864 bytes more of the kernel's memory, most of them slab objects" } },
		{ 64 << 20, -8192, 0, { false, true, 1 << 20, RESULT_FAIL, "67108864 bytes more of the kernel's memory, most of them whole pages" } },
		{ 64 << 20, 0, 0, { true, false, 1 << 20, RESULT_SKIP, "other processes are in it" } },
		{ 4096, 0, 4096, { true, false, 1 << 20, RESULT_SKIP, "other processes are in it" } },
	};
	struct charges_left left;
	struct check check;
	struct world w;

	(void)state;
	set_world(&w);
	set_charged(&w, 0, 0);
	judge_given_back(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
	assert_non_null(strstr(check.reason, "the VM's end was not seen"));
	w.phase.what = "teardown";
	w.phase.snapshot.cgroup.items[CGROUP_VMALLOC].value = 4096;
	w.phase.snapshot.cgroup.items[CGROUP_SLAB] = (struct figure){ true, 4096 };
	judge_given_back(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
	assert_non_null(strstr(check.remedy, "5.18"));
	/* A VM that was made half may leak as well; of one that is stuck nothing is said. */
	w.run.stage = STAGE_NESTED;
	w.run.stuck = true;
	set_left(&w, 64 << 20, 0, 0);
	judge_given_back(&w.run, &check);
	assert_int_equal(check.result, RESULT_SKIP);
	w.run.stuck = false;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_left(&w, cases[i].all, cases[i].slab, cases[i].tables);
		expect_of_reading(&w, judge_given_back, &cases[i].reading, i);
		left = charges_left(&w.run, &w.phase.snapshot);
		assert_int_equal(left.late, cases[i].reading.settled ? 0 : 1 << 20);
		assert_int_equal(left.most - left.late, (128 << 10) + (int64_t)kernel_charges_kept(cpus_configured()));
	}
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
		cmocka_unit_test(charges_tell),
		cmocka_unit_test_setup_teardown(old_charges_tell_nothing, make_root, remove_root),
		cmocka_unit_test_setup_teardown(only_those_that_wait_may_be_in_the_cgroup, make_root, remove_root),
		cmocka_unit_test(charges_are_exact),
		cmocka_unit_test(what_leaks_is_charged),
		cmocka_unit_test(counters_tell),
		cmocka_unit_test(contradictions_name_both),
		cmocka_unit_test(nested_off_is_off_only_by_a_fault),
	};

	return cmocka_run_group_tests_name("witnesses", tests, NULL, NULL);
}
