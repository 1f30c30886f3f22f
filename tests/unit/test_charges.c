// SPDX-License-Identifier: GPL-2.0-only
/* What the cgroup is charged with: whether it tells of the rmaps, is as predicted, and is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include <limits.h>

#include "base/cpus.h"
#include "root_folder.h"
#include "run/charges_left.h"
#include "witness_scenes.h"

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
	/* Another process in the cgroup may be another VMM, whose VM is like this one. */
	w.phase.snapshot.cgroup.alone = false;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
	w.phase.snapshot.cgroup.alone = true;
	w.run.before.cgroup.alone = false;
	assert_int_equal(measure_state_by(&w.run, &w.phase, SOURCE_CGROUP), RMAP_UNKNOWN);
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
	put_file(root, "/sys/fs/cgroup/t/cgroup.procs", "");
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

static void put_process(const char *root, pid_t pid, pid_t parent, int threads)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	snprintf(text, sizeof(text), "%d (a) b (c) S %d 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %d 0 99\n", (int)pid, (int)parent, threads);
	put_file(root, path, text);
}

/* What a process runs. */
static void put_program(const char *root, const char *pid, const char *program)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/%s/exe", root, pid);
	unlink(path);
	assert_int_equal(symlink(program, path), 0);
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
	/* As KVM 6.1 puts it there; and somebody's program of that name. */
	put_file(root, "/proc/4001/stat", "4001 (kvm-nx-lpage-recovery-4000) S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 99\n");
	assert_true(read_cgroup(root, text)->alone);
	put_file(root, "/proc/4001/stat", "4001 (kvm-nx-lpage-re) S 1 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 99\n");
	assert_false(read_cgroup(root, text)->alone);
	/* An ancestor with several threads does not only wait; and a child cgroup's charges are this one's, too. */
	snprintf(text, sizeof(text), "4000\n%d\n", (int)getpid());
	put_process(root, 4000, 1, 2);
	assert_false(read_cgroup(root, text)->alone);
	/* Another minivmm, which this one is a run of, has a thread for its signals. */
	put_program(root, "self", "/usr/bin/minivmm");
	put_program(root, "4000", "/usr/bin/minivmm");
	assert_true(read_cgroup(root, text)->alone);
	put_program(root, "4000", "/usr/bin/qemu");
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
	/* On a host whose memory is in small pieces the page hash of 6.17 is no slab. */
	w.run.model.transition_slab = 32768;
	set_charged(&w, 4096, 4096 + 168042496 + 32768);
	expect_of_reading(&w, judge_charged, &(struct reading){ true, true, 0, RESULT_PASS, "and the page hash" }, 100);
	set_charged(&w, 4096, 4096 + 168042496 + 28672);
	expect_of_reading(&w, judge_charged, &(struct reading){ true, true, 0, RESULT_FAIL, "are predicted" }, 101);
	w.run.model.transition_slab = 0;
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
		cmocka_unit_test(charges_tell),
		cmocka_unit_test_setup_teardown(old_charges_tell_nothing, make_root, remove_root),
		cmocka_unit_test_setup_teardown(only_those_that_wait_may_be_in_the_cgroup, make_root, remove_root),
		cmocka_unit_test(charges_are_exact),
		cmocka_unit_test(what_leaks_is_charged),
	};

	return cmocka_run_group_tests_name("charges", tests, NULL, NULL);
}
