// SPDX-License-Identifier: GPL-2.0-only
/* The room that the cgroups of a process leave it: version 2, version 1, both, and a namespace. */
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

#include "host/cgroup_limits.h"
#include "root_folder.h"

#define M (1ull << 20)
#define V2_MOUNT "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
#define V1_MOUNT "31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" \
		 "32 1 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"

static void put(const char *root, const char *path, const char *text)
{
	put_file(root, path, text);
}

static struct memory_room room_of(const char *root)
{
	struct memory_room room;

	cgroup_memory_room(root, &room);
	return room;
}

static void without_a_limit_there_is_none(void **state)
{
	const char *root = *state;

	assert_false(room_of(root).limited);
	put(root, "/proc/self/cgroup", "0::/user/vm\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	put(root, "/sys/fs/cgroup/user/vm/memory.max", "max\n");
	put(root, "/sys/fs/cgroup/user/vm/memory.current", "4096\n");
	assert_false(room_of(root).limited);
}

static void the_tightest_ancestor_counts(void **state)
{
	const char *root = *state;
	struct memory_room room;

	put(root, "/proc/self/cgroup", "0::/user/vm\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	put(root, "/sys/fs/cgroup/user/vm/memory.max", "314572800\n");		/* 300M, 100M used */
	put(root, "/sys/fs/cgroup/user/vm/memory.current", "104857600\n");
	put(root, "/sys/fs/cgroup/user/memory.max", "524288000\n");		/* 500M, 400M used */
	put(root, "/sys/fs/cgroup/user/memory.current", "419430400\n");
	room = room_of(root);
	assert_true(room.limited);
	assert_int_equal(room.room, 100 * M);
	assert_int_equal(room.limit, 500 * M);
	assert_string_equal(room.where, "memory.max of /sys/fs/cgroup/user");
	/* What can be reclaimed leaves more, and what is dirty does not. */
	put(root, "/sys/fs/cgroup/user/memory.stat", "anon 1\nactive_file 52428800\nfile_dirty 10485760\n"
	    "inactive_file 10485760\nslab_reclaimable 1048576\n");
	assert_int_equal(room_of(root).room, 151 * M);
	/* memory.high is a limit, too. */
	put(root, "/sys/fs/cgroup/user/vm/memory.high", "115343360\n");		/* 110M */
	room = room_of(root);
	assert_int_equal(room.room, 10 * M);
	assert_string_equal(room.where, "memory.high of /sys/fs/cgroup/user/vm");
}

static void version_1_is_read_beside_version_2(void **state)
{
	const char *root = *state;
	struct memory_room room;

	put(root, "/proc/self/cgroup", "9:cpu:/a\n4:hugetlb,memory:/box/vm\n0::/user\n");
	put(root, "/proc/self/mountinfo", V1_MOUNT V2_MOUNT);
	put(root, "/sys/fs/cgroup/memory/box/vm/memory.limit_in_bytes", "9223372036854771712\n");
	put(root, "/sys/fs/cgroup/memory/box/vm/memory.usage_in_bytes", "0\n");
	assert_false(room_of(root).limited);
	put(root, "/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "268435456\n");
	put(root, "/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "67108864\n");
	put(root, "/sys/fs/cgroup/memory/box/memory.stat", "active_file 1\ntotal_active_file 1048576\n");
	room = room_of(root);
	assert_int_equal(room.room, 193 * M);
	assert_string_equal(room.where, "memory.limit_in_bytes of /sys/fs/cgroup/memory/box");
}

/* In a container a part of the tree is mounted, and more is charged than the limit allows. */
static void a_part_of_the_tree_may_be_mounted(void **state)
{
	const char *root = *state;

	put(root, "/proc/self/cgroup", "0::/docker/1/job\n");
	put(root, "/proc/self/mountinfo", "30 1 0:26 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put(root, "/sys/fs/cgroup/job/memory.max", "1048576\n");
	put(root, "/sys/fs/cgroup/job/memory.current", "2097152\n");
	assert_true(room_of(root).limited);
	assert_int_equal(room_of(root).room, 0);
}

/* What can't be read is no limit that is known not to be there. */
static void what_is_not_readable_is_unknown(void **state)
{
	const char *root = *state;

	assert_true(room_of(root).known);
	put(root, "/proc/self/cgroup", "0::/vm\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	put(root, "/sys/fs/cgroup/vm/memory.current", "4096\n");
	put(root, "/sys/fs/cgroup/vm/memory.max", "max\n");
	assert_true(room_of(root).known);
	put(root, "/sys/fs/cgroup/vm/memory.max", "");
	assert_false(room_of(root).known);
	put(root, "/sys/fs/cgroup/vm/memory.max", "garbage\n");
	assert_false(room_of(root).known);
	put(root, "/sys/fs/cgroup/vm/memory.max", "8192\n");
	assert_false(room_of(root).known);	/* memory.stat is missing */
	assert_int_equal(room_of(root).room, 4096);
	put(root, "/sys/fs/cgroup/vm/memory.stat", "anon 4096\n");
	assert_true(room_of(root).known);
}

struct limits {
	struct cgroup_limit list[4];
	char folders[4][64];
	size_t count;
};

static void note(const struct cgroup_limit *limit, void *data)
{
	struct limits *limits = data;

	assert_true(limits->count < 4);
	snprintf(limits->folders[limits->count], sizeof(limits->folders[0]), "%s", limit->folder);
	limits->list[limits->count++] = *limit;
}

/* Whose kernel memory is another process's: each limit on it, the own cgroup's first. */
static void another_process_has_its_own_limits(void **state)
{
	const char *root = *state;
	struct limits limits = { 0 };
	char unseen[SOURCE_WHY];

	put(root, "/proc/self/cgroup", "0::/other\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	put(root, "/proc/77/cgroup", "0::/vms/one\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.current", "104857600\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.high", "209715200\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.max", "314572800\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.swap.max", "5242880\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.swap.current", "1048576\n");
	put(root, "/sys/fs/cgroup/vms/one/memory.stat", "inactive_file 1048576\n");
	put(root, "/sys/fs/cgroup/vms/memory.current", "104857600\n");
	put(root, "/sys/fs/cgroup/vms/memory.max", "1073741824\n");
	put(root, "/sys/fs/cgroup/vms/memory.stat", "anon 1\n");
	assert_true(cgroup_each_limit(root, 77, note, &limits, unseen));
	assert_int_equal(limits.count, 3);
	assert_string_equal(limits.list[0].file, "memory.max");
	assert_string_equal(limits.folders[0], "/sys/fs/cgroup/vms/one");
	assert_true(limits.list[0].hard);
	assert_int_equal(limits.list[0].room, 201 * M);
	assert_int_equal(limits.list[0].spare, M);
	assert_int_equal(limits.list[0].swap, 4 * M);
	assert_string_equal(limits.list[1].file, "memory.high");
	assert_false(limits.list[1].hard);
	assert_string_equal(limits.folders[2], "/sys/fs/cgroup/vms");
	assert_true(limits.list[2].swap == UINT64_MAX);
}

/* No limit that can be seen is not "no limit". */
static void a_process_that_is_gone_or_outside_has_unknown_limits(void **state)
{
	struct limits limits = { 0 };
	const char *root = *state;
	struct cgroup_place place;
	char why[SOURCE_WHY], unseen[SOURCE_WHY];

	put(root, "/proc/self/cgroup", "0::/\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	assert_false(cgroup_each_limit(root, 77, note, &limits, unseen));
	put(root, "/proc/77/cgroup", "0::/../vms/one\n");
	assert_false(cgroup_each_limit(root, 77, note, &limits, unseen));
	assert_int_equal(cgroup_find(root, 77, CGROUP_V2, &place, why), -EXDEV);
	put(root, "/proc/self/mountinfo", "30 1 0:26 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put(root, "/proc/77/cgroup", "0::/docker/12/one\n");
	assert_false(cgroup_each_limit(root, 77, note, &limits, unseen));
	put(root, "/proc/77/cgroup", "0::/docker/1/one\n");
	assert_true(cgroup_each_limit(root, 77, note, &limits, unseen));
	assert_int_equal(limits.count, 0);
}

/* In a cgroup namespace paths are as seen from its root, also that of a mount of the host's. */
static void a_namespace_sees_what_its_mounts_show(void **state)
{
	static const struct {
		const char *part, *path, *folder;	/* NULL: it has no name here */
	} rows[] = {
		{ "/..", "/../vms/one", "/sys/fs/cgroup/vms/one" },
		{ "/..", "/..", "/sys/fs/cgroup" },
		{ "/../..", "/../../vms/one", "/sys/fs/cgroup/vms/one" },
		{ "/../box", "/../box/one", "/sys/fs/cgroup/one" },
		{ "/", "/one", "/sys/fs/cgroup/one" },
		{ "/", "/..one", "/sys/fs/cgroup/..one" },
		{ "/../..", "/../one", NULL },
		{ "/../..", "/one", NULL },
		{ "/", "/../one", NULL },
		{ "/..", "/../../one", NULL },
		{ "/../box", "/../boxes/one", NULL },
	};
	const char *root = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cgroup_place place;
		char why[SOURCE_WHY] = "", text[128];
		int code;

		snprintf(text, sizeof(text), "30 1 0:26 %s /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", rows[i].part);
		put(root, "/proc/self/mountinfo", text);
		snprintf(text, sizeof(text), "0::%s\n", rows[i].path);
		put(root, "/proc/77/cgroup", text);
		code = cgroup_find(root, 77, CGROUP_V2, &place, why);
		assert_int_equal(code, rows[i].folder ? 0 : -EXDEV);
		if (rows[i].folder)
			assert_string_equal(place.folder, rows[i].folder);
		else
			assert_non_null(strstr(why, "is not seen from this process's namespace"));
	}
	/* The own cgroup is the namespace's root, whose name in the host's mount is not known. */
	put(root, "/proc/self/cgroup", "0::/\n");
	put(root, "/proc/self/mountinfo", "30 1 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	assert_false(room_of(root).known);
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	assert_true(room_of(root).known);
}

/* What does not show the top of the tree may be limited there. */
static void limits_above_a_mount_are_unknown(void **state)
{
	const char *root = *state;
	struct cgroup_paths paths;
	struct cgroup_mounts mounts;
	char why[SOURCE_WHY] = "";

	put(root, "/proc/self/mountinfo", V1_MOUNT V2_MOUNT);
	put(root, "/proc/77/cgroup", "0::/one\n");
	put(root, "/proc/78/cgroup", "4:memory:/one\n0::/one\n");
	put(root, "/sys/fs/cgroup/memory/release_agent", "\n");
	put(root, "/sys/fs/cgroup/memory/cgroup.procs", "1\n");
	put(root, "/sys/fs/cgroup/cgroup.procs", "1\n");
	assert_int_equal(cgroup_mounts_read(root, &mounts, why), 0);
	assert_int_equal(cgroup_paths_read(root, 77, &paths, why), 0);
	assert_true(cgroup_tops_seen(&mounts, &paths, why));
	put(root, "/sys/fs/cgroup/cgroup.events", "populated 1\n");
	assert_int_equal(cgroup_mounts_read(root, &mounts, why), 0);
	assert_false(cgroup_tops_seen(&mounts, &paths, why));
	assert_string_equal(why, "limits above /sys/fs/cgroup are not seen from this process's namespace");
	/* Where the memory controller is version 1's, that tree counts. */
	assert_int_equal(cgroup_paths_read(root, 78, &paths, why), 0);
	assert_true(cgroup_tops_seen(&mounts, &paths, why));
	mounts.of[CGROUP_V1_MEMORY].whole = false;
	assert_false(cgroup_tops_seen(&mounts, &paths, why));
	assert_non_null(strstr(why, "above /sys/fs/cgroup/memory "));
}

static bool top_is_seen(const char *root, const char *mountinfo)
{
	struct cgroup_mounts mounts;
	struct cgroup_paths paths;
	char why[SOURCE_WHY] = "";

	put(root, "/proc/self/mountinfo", mountinfo);
	assert_int_equal(cgroup_mounts_read(root, &mounts, why), 0);
	assert_int_equal(cgroup_paths_read(root, 0, &paths, why), 0);
	return cgroup_tops_seen(&mounts, &paths, why);
}

/* A run can't know them: it goes on by what it sees, and says what it does not. */
static void what_a_run_does_not_see_is_said(void **state)
{
	const char *root = *state;

	put(root, "/proc/self/cgroup", "0::/\n");
	put(root, "/proc/self/mountinfo", V2_MOUNT);
	put(root, "/sys/fs/cgroup/cgroup.procs", "1\n");
	assert_string_equal(room_of(root).unseen, "");
	put(root, "/sys/fs/cgroup/cgroup.events", "populated 1\n");
	put(root, "/sys/fs/cgroup/memory.max", "max\n");
	put(root, "/sys/fs/cgroup/memory.current", "4096\n");
	assert_true(room_of(root).known && !room_of(root).limited);
	assert_string_equal(room_of(root).unseen,
			    "limits above /sys/fs/cgroup are not seen from this process's namespace");
	/* The host's mount in a namespace, whose root has no name there. */
	put(root, "/proc/self/mountinfo", "30 1 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	assert_false(room_of(root).known);
	assert_string_equal(room_of(root).unseen, "the cgroup / is not seen from this process's namespace");
}

/* A mount that nobody sees does not show the top, also if its top would have no cgroup.events. */
static void a_mount_that_is_hidden_shows_nothing(void **state)
{
	static const char below[] = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
				    "33 1 0:29 / /sys/fs rw - tmpfs tmpfs rw\n";
	static const char later[] = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
				    "33 1 0:29 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
				    "34 1 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	static const char twice[] = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
				    "33 1 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
	const char *root = *state;
	struct cgroup_place place;
	char why[SOURCE_WHY];

	put(root, "/proc/self/cgroup", "0::/box/one\n");
	assert_false(top_is_seen(root, below));
	put(root, "/sys/fs/cgroup/unified/cgroup.procs", "1\n");
	assert_true(top_is_seen(root, later));
	assert_int_equal(cgroup_find(root, 0, CGROUP_V2, &place, why), 0);
	assert_string_equal(place.folder, "/sys/fs/cgroup/unified/box/one");
	put(root, "/sys/fs/cgroup/cgroup.procs", "1\n");
	put(root, "/sys/fs/cgroup/cgroup.events", "populated 1\n");
	assert_false(top_is_seen(root, twice));
	assert_int_equal(cgroup_find(root, 0, CGROUP_V2, &place, why), 0);
	assert_string_equal(place.folder, "/sys/fs/cgroup/one");
}

/* mountinfo escapes blanks, tabs, newlines, backslashes, and /proc/PID/cgroup does not. */
static void escapes_of_mountinfo_are_undone(void **state)
{
	static const char mountinfo[] =
		"30 1 0:26 /a\\040box /run/c\\134g\\040roups rw - cgroup2 cgroup2 rw\n";
	const char *root = *state;
	struct memory_room room;

	put(root, "/proc/self/cgroup", "0::/a box/vm\n");
	put(root, "/run/c\\g roups/cgroup.procs", "1\n");
	put(root, "/run/c\\g roups/cgroup.events", "populated 1\n");
	assert_false(top_is_seen(root, mountinfo));
	put(root, "/run/c\\g roups/vm/memory.max", "8192\n");
	put(root, "/run/c\\g roups/vm/memory.current", "4096\n");
	room = room_of(root);
	assert_true(room.limited);
	assert_string_equal(room.where, "memory.max of /run/c\\g roups/vm");
}

/* A cgroup that is mounted nowhere may have a limit, unless it is the top or the kernel limits no memory. */
static void limits_that_are_mounted_nowhere_are_unknown(void **state)
{
	static const char head[] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
	const char *root = *state;
	char text[256];

	put(root, "/proc/self/cgroup", "0::/box\n");
	assert_false(top_is_seen(root, ""));
	put(root, "/proc/self/cgroup", "4:memory:/box\n0::/\n");
	assert_false(top_is_seen(root, ""));
	put(root, "/proc/self/cgroup", "1:cpu:/box\n");
	assert_true(top_is_seen(root, ""));
	/* In a namespace / is not the top. */
	put(root, "/proc/self/cgroup", "0::/\n");
	assert_true(top_is_seen(root, ""));
	make_folder(root, "/proc/self/ns");
	snprintf(text, sizeof(text), "%s/proc/self/ns/cgroup", root);
	assert_int_equal(symlink("cgroup:[4026531835]", text), 0);
	assert_true(top_is_seen(root, ""));
	assert_int_equal(unlink(text), 0);
	assert_int_equal(symlink("cgroup:[4026532301]", text), 0);
	assert_false(top_is_seen(root, ""));
	/* A kernel without CONFIG_MEMCG, or with cgroup_disable=memory. */
	put(root, "/proc/cgroups", head);
	assert_true(top_is_seen(root, ""));
	put(root, "/proc/kpagecgroup", "");
	assert_false(top_is_seen(root, ""));
	snprintf(text, sizeof(text), "%scpu\t0\t1\t1\nmemory\t0\t85\t1\n", head);
	put(root, "/proc/cgroups", text);
	assert_false(top_is_seen(root, ""));
	snprintf(text, sizeof(text), "%scpu\t0\t1\t1\nmemory\t0\t85\t0\n", head);
	put(root, "/proc/cgroups", text);
	assert_true(top_is_seen(root, ""));
}

static void kills_are_counted(void **state)
{
	const char *root = *state;

	assert_false(cgroup_oom_kills(root).known);
	put(root, "/proc/self/cgroup", "4:memory:/box\n0::/user\n");
	put(root, "/proc/self/mountinfo", V1_MOUNT V2_MOUNT);
	put(root, "/sys/fs/cgroup/user/memory.events", "oom 7\noom_kill 2\n");
	put(root, "/sys/fs/cgroup/memory/box/memory.oom_control", "oom_kill_disable 0\noom_kill 3\n");
	assert_true(cgroup_oom_kills(root).known);
	assert_int_equal(cgroup_oom_kills(root).value, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(without_a_limit_there_is_none, make_root, remove_root),
		cmocka_unit_test_setup_teardown(the_tightest_ancestor_counts, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_1_is_read_beside_version_2, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(a_part_of_the_tree_may_be_mounted, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(what_is_not_readable_is_unknown, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(another_process_has_its_own_limits, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(a_process_that_is_gone_or_outside_has_unknown_limits,
						make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_namespace_sees_what_its_mounts_show, make_root, remove_root),
		cmocka_unit_test_setup_teardown(limits_above_a_mount_are_unknown, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_a_run_does_not_see_is_said, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_mount_that_is_hidden_shows_nothing, make_root, remove_root),
		cmocka_unit_test_setup_teardown(escapes_of_mountinfo_are_undone, make_root, remove_root),
		cmocka_unit_test_setup_teardown(limits_that_are_mounted_nowhere_are_unknown, make_root,
						remove_root),
		cmocka_unit_test_setup_teardown(kills_are_counted, make_root, remove_root),
	};

	return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
