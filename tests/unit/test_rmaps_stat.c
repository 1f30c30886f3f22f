// SPDX-License-Identifier: GPL-2.0-only
/* An empty mmu_rmaps_stat is a lazy VM, and only that: whatever else is in the way says so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "host/snapshot.h"

#define HOSTS "tests/fixtures/hosts/"
#define HEADER "Rmap_Count:\t0\t1\t2-3\t4-7\t8-15\t16-31\t32-63\t64-127\t128-255\t" \
	"256-511\t512-1023\t\n"
#define L4K "Level=4K:\t100\t5\t4\t3\t2\t1\t0\t0\t0\t0\t7\t\n"
#define L2M "Level=2M:\t10\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t\n"
#define L1G "Level=1G:\t1\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t\n"

static int parse(const char *text, size_t length, struct rmaps_stat *stat)
{
	FILE *file = length ? fmemopen((void *)(uintptr_t)text, length, "r") :
			      fopen("/dev/null", "r");
	int code;

	assert_non_null(file);
	code = rmaps_stat_parse(file, stat);
	fclose(file);
	return code;
}

static void counters_add_up(void **state)
{
	static const char table[] = HEADER L4K L2M L1G;
	struct rmaps_stat stat = { 0 };

	(void)state;
	assert_int_equal(parse(table, sizeof(table) - 1, &stat), 0);
	assert_true(stat.allocated);
	assert_int_equal(stat.heads[0], 122);
	assert_int_equal(stat.mapped[0], 22);
	assert_int_equal(stat.heads[1], 10);
	assert_int_equal(stat.mapped[1], 0);
	assert_int_equal(stat.heads[2], 1);
	assert_int_equal(stat.columns[0][0], 100);
	assert_int_equal(stat.columns[0][2], 4);
	assert_int_equal(stat.columns[0][RMAPS_COLUMNS - 1], 7);
	assert_int_equal(stat.columns[2][0], 1);
}

static void empty_is_lazy(void **state)
{
	struct rmaps_stat stat = { .allocated = true, .heads = { 1, 2, 3 } };

	(void)state;
	assert_int_equal(parse("", 0, &stat), 0);
	assert_false(stat.allocated);
	assert_int_equal(stat.heads[0], 0);
}

static const char *const broken[] = {
	"\n",
	"nonsense\n",
	HEADER,
	HEADER L4K,
	HEADER L4K L2M,
	L4K L2M L1G,
	HEADER L4K L1G L2M,
	HEADER L4K L2M L1G L1G,
	HEADER HEADER L4K L2M L1G,
	"Rmap_Count:\t0\t1\t2-3\t4-7\t\n" L4K L2M L1G,
	HEADER "Level=4K:\t100\t5\n" L2M L1G,
	HEADER "Level=4K:\t100\t5\t4\t3\t2\t1\t0\t0\t0\t0\t7\t8\t\n" L2M L1G,
	HEADER "Level=4K:\t-1\t5\t4\t3\t2\t1\t0\t0\t0\t0\t7\t\n" L2M L1G,
	HEADER "Level=4K:\t18446744073709551616\t5\t4\t3\t2\t1\t0\t0\t0\t0\t7\t\n" L2M L1G,
	HEADER "Level=4K:\t18446744073709551615\t5\t4\t3\t2\t1\t0\t0\t0\t0\t7\t\n" L2M L1G,
	HEADER L4K L2M "Level=1G:\t1\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\t",
};

static void broken_tables_are_refused(void **state)
{
	struct rmaps_stat stat = { .heads = { 7 } };

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(parse(broken[i], strlen(broken[i]), &stat), -EINVAL);
	assert_int_equal(stat.heads[0], 7);
	assert_false(stat.allocated);
}

/* A table cut short must never read as anything, least of all as lazy. */
static void truncated_and_garbled_tables(void **state)
{
	static const char table[] = HEADER L4K L2M L1G;
	unsigned int seed = 1;
	struct rmaps_stat stat;

	(void)state;
	for (size_t cut = 1; cut < sizeof(table) - 1; cut++)
		assert_int_equal(parse(table, cut, &stat), -EINVAL);
	for (int turn = 0; turn < 5000; turn++) {
		char text[sizeof(table)];

		memcpy(text, table, sizeof(table));
		text[(unsigned int)rand_r(&seed) % (sizeof(table) - 1)] = (char)rand_r(&seed);
		parse(text, sizeof(table) - 1, &stat);
	}
}

static const struct {
	const char *host, *vm;
	bool allocated;
	uint64_t mapped;
} captured[] = {
	{ "6.1-lazy", "98-5", false, 0 },
	{ "6.1-allocated", "98-5", true, 0 },
	{ "6.1-eager", "97-5", true, 0 },
	{ "6.1-amd64-lazy", "99-5", false, 0 },
	{ "6.1-amd64-allocated", "99-5", true, 0 },
	{ "6.12-lazy", "152-5", false, 0 },
	{ "6.12-allocated", "152-5", true, 0 },
	{ "6.12-eager", "151-5", true, 0 },
	{ "6.12-eager-nested", "151-5", true, 1 },
	{ "7.3-lazy", "112-5", false, 0 },
	{ "7.3-allocated", "112-5", true, 0 },
	{ "7.3-eager", "112-5", true, 0 },
};

/* 64 GiB in aligned slots: the heads of a level are the pages of that size in them. */
static void captures(void **state)
{
	char root[256], why[SOURCE_WHY];

	(void)state;
	for (size_t i = 0; i < sizeof(captured) / sizeof(captured[0]); i++) {
		struct rmaps_stat stat = { 0 };

		print_message("%s\n", captured[i].host);
		snprintf(root, sizeof(root), HOSTS "%s", captured[i].host);
		assert_int_equal(rmaps_stat_of(root, captured[i].vm, &stat, why), 0);
		assert_int_equal(stat.allocated, captured[i].allocated);
		assert_int_equal(stat.mapped[0], captured[i].mapped);
		assert_int_equal(stat.heads[0], captured[i].allocated ? 64 << 18 : 0);
		assert_int_equal(stat.heads[1], captured[i].allocated ? 64 << 9 : 0);
		assert_int_equal(stat.heads[2], captured[i].allocated ? 64 : 0);
	}
}

static void the_snapshot_looks_at_its_own_vm(void **state)
{
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	sources_open(&sources, HOSTS "6.12-hotplug", SOURCES_ALL);
	sources.vm_pid = 152;
	sources.vm_fd = 5;
	snapshot_take(&sources, &snapshot);
	assert_true(snapshot.status[SOURCE_RMAPS_STAT].ok);
	/* 64 GiB, 1 GiB, and one page each in the normal and in the SMM space. */
	assert_int_equal(snapshot.rmaps.heads[0], (65 << 18) + 2);
	assert_int_equal(snapshot.rmaps.heads[1], (65 << 9) + 2);
	assert_int_equal(snapshot.rmaps.heads[2], 65 + 2);
	snapshot_free(&snapshot);
	sources.vm_fd = 6;
	snapshot_take(&sources, &snapshot);
	assert_false(snapshot.status[SOURCE_RMAPS_STAT].ok);
	assert_string_equal(snapshot.status[SOURCE_RMAPS_STAT].why,
			    "there is no folder 152-6 of this VM in /sys/kernel/debug/kvm");
	assert_string_equal(snapshot_remedy(&snapshot, SOURCE_RMAPS_STAT), source_remedy(SOURCE_RMAPS_STAT));
	snapshot_free(&snapshot);
	sources_close(&sources);
}

static void old_kernels_have_no_such_file(void **state)
{
	struct rmaps_stat stat = { .heads = { 7 } };
	struct snapshot snapshot;
	struct sources sources;
	char why[SOURCE_WHY];

	(void)state;
	assert_int_equal(rmaps_stat_of(HOSTS "5.10-eager", "92-5", &stat, why), -ENOTTY);
	assert_string_equal(why, "this kernel has no mmu_rmaps_stat: it came with Linux 5.15");
	assert_int_equal(rmaps_stat_of("/nowhere", "92-5", &stat, why), -ENOENT);
	assert_string_equal(why, "debugfs is not mounted (there is no /sys/kernel/debug/kvm)");
	assert_int_equal(stat.heads[0], 7);
	sources_open(&sources, HOSTS "5.10-eager", SOURCES_ALL);
	sources.vm_pid = 92;
	sources.vm_fd = 5;
	snapshot_take(&sources, &snapshot);
	assert_string_equal(snapshot_remedy(&snapshot, SOURCE_RMAPS_STAT), "boot Linux 5.15 or newer");
	snapshot_free(&snapshot);
	sources_close(&sources);
}

static void a_strange_file_is_not_lazy(void **state)
{
	char root[] = "/tmp/minivmm-test-XXXXXX", path[256], why[SOURCE_WHY];
	static const char *const parts[] = { "/sys", "/sys/kernel", "/sys/kernel/debug",
					     "/sys/kernel/debug/kvm", "/sys/kernel/debug/kvm/7-8" };
	struct rmaps_stat stat = { 0 };
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s%s/mmu_rmaps_stat", root, parts[4]);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("Rmaps: none\n", file);
	fclose(file);
	assert_int_equal(rmaps_stat_of(root, "7-8", &stat, why), -EINVAL);
	assert_string_equal(why, "/sys/kernel/debug/kvm/7-8/mmu_rmaps_stat: "
			    "not in the format this program knows");
	unlink(path);
	for (size_t i = 5; i-- > 0; ) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		rmdir(path);
	}
	rmdir(root);
}

static void another_pid_namespace_says_so(void **state)
{
	char root[] = "/tmp/minivmm-test-XXXXXX", path[256];
	static const char *const parts[] = { "/proc", "/proc/self", "/proc/self/ns" };
	struct sources sources;
	struct snapshot snapshot;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	snprintf(path, sizeof(path), "%s%s/pid", root, parts[2]);
	assert_int_equal(symlink("pid:[4026532255]", path), 0);
	sources_open(&sources, root, SOURCES_ALL);
	sources.vm_pid = 1;
	snapshot_take(&sources, &snapshot);
	assert_string_equal(snapshot.status[SOURCE_RMAPS_STAT].why,
			    "in a pid namespace (container) the VM's folder in debugfs is named "
			    "after a pid that can't be known here");
	assert_non_null(strstr(snapshot_remedy(&snapshot, SOURCE_RMAPS_STAT), "--pid=host"));
	unlink(path);
	assert_int_equal(symlink("pid:[4026531836]", path), 0);
	snapshot_free(&snapshot);
	snapshot_take(&sources, &snapshot);
	assert_string_equal(snapshot.status[SOURCE_RMAPS_STAT].why,
			    "debugfs is not mounted (there is no /sys/kernel/debug/kvm)");
	snapshot_free(&snapshot);
	sources_close(&sources);
	unlink(path);
	for (size_t i = 3; i-- > 0; ) {
		snprintf(path, sizeof(path), "%s%s", root, parts[i]);
		rmdir(path);
	}
	rmdir(root);
}

/* From here on every open() of this process fails with that errno. */
static int refuse_open(int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

enum { MATCHED, DIFFERENT, NO_SECCOMP };

static int refused_as(int error, const char *expected)
{
	struct rmaps_stat stat = { .heads = { 7 } };
	char why[SOURCE_WHY];
	int status;
	pid_t child = fork();

	if (!child) {
		if (refuse_open(error))
			_exit(NO_SECCOMP);
		_exit(rmaps_stat_of(HOSTS "6.12-lazy", "152-5", &stat, why) == -error &&
		      !strcmp(why, expected) && stat.heads[0] == 7 ? MATCHED : DIFFERENT);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void refusals_are_not_lazy(void **state)
{
	(void)state;
	if (refused_as(EACCES, "") == NO_SECCOMP)
		skip();
	assert_int_equal(refused_as(EACCES, "/sys/kernel/debug: only root may look there"),
			 MATCHED);
	assert_int_equal(refused_as(EPERM, "the kernel is locked down, which keeps mmu_rmaps_stat "
				    "from root, too: boot without lockdown= and Secure Boot to "
				    "see it"), MATCHED);
	assert_int_equal(refused_as(EMFILE, "mmu_rmaps_stat: Too many open files"), MATCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_add_up),
		cmocka_unit_test(empty_is_lazy),
		cmocka_unit_test(broken_tables_are_refused),
		cmocka_unit_test(truncated_and_garbled_tables),
		cmocka_unit_test(captures),
		cmocka_unit_test(the_snapshot_looks_at_its_own_vm),
		cmocka_unit_test(old_kernels_have_no_such_file),
		cmocka_unit_test(a_strange_file_is_not_lazy),
		cmocka_unit_test(another_pid_namespace_says_so),
		cmocka_unit_test(refusals_are_not_lazy),
	};

	return cmocka_run_group_tests_name("rmaps_stat", tests, NULL, NULL);
}
