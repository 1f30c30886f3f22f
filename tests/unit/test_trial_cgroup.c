// SPDX-License-Identifier: GPL-2.0-only
/* Cgroups for trials: where they are made, what is changed for them, and that it is changed back. Folders stand for cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "host/trial_cgroup.h"
#include "root_folder.h"

/* Where the tree is mounted, and this process's cgroup in it; what goes wrong there. */
static struct tree {
	const char *mount, *folder;
	int find_error, mkdir_error;
	int busy;		/* so many calls of rmdir() fail with EBUSY */
	const char *without;	/* a new cgroup has no such file */
} tree;

static const char *const files[] = {
	"/cgroup.procs", "/cgroup.controllers", "/cgroup.subtree_control", "/memory.max", "/memory.swap.max", "/memory.peak",
	"/memory.events",
};
#define FILES (sizeof(files) / sizeof(files[0]))

int __wrap_cgroup_find(const char *root, pid_t pid, enum cgroup_version version, struct cgroup_place *place, char why[SOURCE_WHY]);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);
int __real_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);

int __wrap_cgroup_find(const char *root, pid_t pid, enum cgroup_version version, struct cgroup_place *place, char why[SOURCE_WHY])
{
	assert_string_equal(root, "");
	assert_int_equal(pid, 0);
	assert_int_equal(version, CGROUP_V2);
	snprintf(why, SOURCE_WHY, "no cgroup2 is mounted");
	snprintf(place->mount, sizeof(place->mount), "%s", tree.mount);
	snprintf(place->folder, sizeof(place->folder), "%s", tree.folder);
	return tree.find_error;
}

/* The kernel makes the files with the folder. */
int __wrap_mkdir(const char *path, mode_t mode)
{
	if (tree.mkdir_error) {
		errno = tree.mkdir_error;
		return -1;
	}
	if (__real_mkdir(path, mode))
		return -1;
	for (size_t i = 0; i < FILES; i++)
		if (!tree.without || strcmp(files[i], tree.without))
			put_file(path, files[i], "");
	return 0;
}

int __wrap_rmdir(const char *path)
{
	char file[512];

	if (tree.busy) {
		tree.busy--;
		errno = EBUSY;
		return -1;
	}
	for (size_t i = 0; i < FILES; i++) {
		snprintf(file, sizeof(file), "%s%s", path, files[i]);
		unlink(file);
	}
	return __real_rmdir(path);
}

/* What is in a file below a root. */
static const char *text_of(const char *root, const char *path, char text[64])
{
	char full[512];
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "r");
	assert_non_null(file);
	text[fread(text, 1, 63, file)] = '\0';
	fclose(file);
	return text;
}

static void assert_text(const char *root, const char *path, const char *expected)
{
	char text[64] = "";

	assert_string_equal(text_of(root, path, text), expected);
}

static bool exists(const char *root, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return !access(full, F_OK);
}

static void path_of(char path[512], const char *below, const char *name)
{
	snprintf(path, 512, "%s/minivmm-%d-%s", below, (int)getpid(), name);
}

static void plant_one(const char *folder, const char *controllers)
{
	put_file(folder, "/cgroup.procs", "");
	put_file(folder, "/cgroup.controllers", controllers);
	put_file(folder, "/cgroup.subtree_control", "");
}

/* The controllers of the tree's top, and of this process's own cgroup in it, NULL: it is in the top. */
static void plant(const char *root, const char *top_controllers, const char *own_controllers)
{
	static char own[128];

	tree = (struct tree){ .mount = root, .folder = root };
	plant_one(root, top_controllers);
	if (!own_controllers)
		return;
	snprintf(own, sizeof(own), "%s/own", root);
	plant_one(own, own_controllers);
	tree.folder = own;
}

static void memory_is_added_at_the_top_and_taken_back(void **state)
{
	const char *root = *state;
	struct trials trials;
	struct err err;

	plant(root, "cpu memory pids\n", NULL);
	assert_int_equal(trials_open(&trials, &err), 0);
	assert_string_equal(trials.parent, root);
	assert_string_equal(trials.home, "");
	assert_text(root, "/cgroup.subtree_control", "+memory");
	trials_close(&trials);
	assert_text(root, "/cgroup.subtree_control", "-memory");
	assert_text(root, "/cgroup.procs", "");
	/* Once. */
	put_file(root, "/cgroup.subtree_control", "memory\n");
	trials_close(&trials);
	assert_text(root, "/cgroup.subtree_control", "memory\n");
}

/* Cgroups that others have made there may have got limits meanwhile. */
static void others_keep_their_limits(void **state)
{
	struct trials trials;
	struct err err;

	plant(*state, "memory\n", "memory\n");
	assert_int_equal(trials_open(&trials, &err), 0);
	assert_text(*state, "/cgroup.subtree_control", "+memory");
	trials_close(&trials);
	assert_text(*state, "/cgroup.subtree_control", "+memory");
}

static void what_is_there_already_is_left_alone(void **state)
{
	struct trials trials;
	struct err err;

	plant(*state, "cpu memory\n", NULL);
	put_file(*state, "/cgroup.subtree_control", "cpu memory\n");
	assert_int_equal(trials_open(&trials, &err), 0);
	trials_close(&trials);
	assert_text(*state, "/cgroup.subtree_control", "cpu memory\n");
}

/* Only a cgroup without processes may limit its children: this process moves into a child, and back. */
static void a_delegated_cgroup_is_left_for_a_child_of_it(void **state)
{
	struct trials trials;
	char home[512];
	struct err err;

	plant(*state, "cpu\n", "cpu memory\n");
	assert_int_equal(trials_open(&trials, &err), 0);
	assert_string_equal(trials.parent, tree.folder);
	path_of(home, tree.folder, "home");
	assert_string_equal(trials.home, home);
	assert_text(home, "/cgroup.procs", "0");
	assert_text(tree.folder, "/cgroup.subtree_control", "+memory");
	assert_text(tree.folder, "/cgroup.procs", "");
	trials_close(&trials);
	assert_text(tree.folder, "/cgroup.subtree_control", "-memory");
	assert_text(tree.folder, "/cgroup.procs", "0");
	assert_false(exists(home, ""));
	assert_string_equal(trials.home, "");
}

static void assert_refused(int code, const char *first, const char *second)
{
	struct trials trials;
	struct err err = { 0 };

	assert_int_equal(trials_open(&trials, &err), code);
	assert_non_null(strstr(err.text, first));
	assert_true(strstr(err.text, second) || strstr(err.remedy, second));
	assert_string_equal(trials.home, "");
	assert_false(trials.enabled);
}

static void a_refusal_says_where_and_what_to_do(void **state)
{
	char home[512];

	plant(*state, "cpu\n", "cpu io\n");
	assert_refused(-ENOTSUP, tree.folder, "Delegate=yes");
	plant(*state, "cpu\n", "memory\n");
	tree.mkdir_error = EACCES;
	assert_refused(-EACCES, tree.folder, "Permission denied");
	/* A cgroup that takes no process. */
	plant(*state, "cpu\n", "memory\n");
	tree.without = "/cgroup.procs";
	assert_refused(-ENOENT, tree.folder, "no cgroup with a limit of memory");
	path_of(home, tree.folder, "home");
	assert_false(exists(home, ""));
	tree.find_error = -ENOENT;
	assert_refused(-ENOTSUP, "no cgroup can be made", "no cgroup2 is mounted");
}

static void a_trial_has_its_limit_and_tells_what_happened(void **state)
{
	struct trial_figures figures;
	struct trials trials;
	char folder[512];
	struct err err;

	plant(*state, "memory\n", NULL);
	assert_int_equal(trials_open(&trials, &err), 0);
	assert_int_equal(trial_make(&trials, 64ull << 20, &err), 0);
	path_of(folder, *state, "trial");
	assert_string_equal(trials.folder, folder);
	assert_text(folder, "/memory.max", "67108864");
	assert_text(folder, "/memory.swap.max", "0");
	assert_text(folder, "/cgroup.procs", "");
	assert_int_equal(trial_join(&trials), 0);
	assert_text(folder, "/cgroup.procs", "0");
	put_file(folder, "/memory.peak", "4096000\n");
	put_file(folder, "/memory.events", "low 0\nhigh 0\noom 4\noom_kill 3\n");
	/* The kernel is not done with its last process. */
	tree.busy = 3;
	trial_end(&trials, &figures);
	assert_true(figures.peak.known);
	assert_int_equal(figures.peak.value, 4096000);
	assert_int_equal(figures.kills, 3);
	assert_int_equal(tree.busy, 0);
	assert_false(exists(folder, ""));

	/* Without a limit, on a kernel before 5.19. */
	tree.without = "/memory.peak";
	assert_int_equal(trial_make(&trials, UINT64_MAX, &err), 0);
	assert_text(folder, "/memory.max", "");
	assert_text(folder, "/memory.swap.max", "0");
	trial_end(&trials, &figures);
	assert_false(figures.peak.known);
	assert_int_equal(figures.kills, 0);
	assert_false(exists(folder, ""));
}

static void a_trial_that_cannot_be_limited_is_none(void **state)
{
	struct trials trials;
	char folder[512];
	struct err err;

	plant(*state, "memory\n", NULL);
	assert_int_equal(trials_open(&trials, &err), 0);
	path_of(folder, *state, "trial");
	tree.without = "/memory.max";
	assert_int_equal(trial_make(&trials, 4096, &err), -ENOENT);
	assert_non_null(strstr(err.text, "memory.max"));
	assert_false(exists(folder, ""));
	tree.mkdir_error = EAGAIN;
	assert_int_equal(trial_make(&trials, 4096, &err), -EAGAIN);
	assert_non_null(strstr(err.text, folder));
	assert_int_equal(trial_join(&trials), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_is_added_at_the_top_and_taken_back, make_root, remove_root),
		cmocka_unit_test_setup_teardown(others_keep_their_limits, make_root, remove_root),
		cmocka_unit_test_setup_teardown(what_is_there_already_is_left_alone, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_delegated_cgroup_is_left_for_a_child_of_it, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_refusal_says_where_and_what_to_do, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_trial_has_its_limit_and_tells_what_happened, make_root, remove_root),
		cmocka_unit_test_setup_teardown(a_trial_that_cannot_be_limited_is_none, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
