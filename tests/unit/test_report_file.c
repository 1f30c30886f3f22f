// SPDX-License-Identifier: GPL-2.0-only
/* Reports on the disk: whole or untouched, and refused when they are something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/save.h"
#include "report/journal.h"
#include "run/stress.h"
#include "report_scenes.h"

static char folder[] = "/tmp/minivmm-report-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder + sizeof(folder) - 7, 7, "XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/report.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);	/* and so: nothing else was left in it */
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_save_and_load(void **state)
{
	struct err err;
	struct scene scene;
	json_t *report, *loaded;
	struct stat st;

	(void)state;
	lazy_success(&scene);
	report = build(&scene);
	write_file("old");
	umask(022);
	assert_int_equal(report_save(report, path, &err), 0);
	assert_int_equal(report_load(path, &loaded, &err), 0);
	assert_true(json_equal(report, loaded));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	json_decref(loaded);
	destroy(&scene, report);
}

/* A disk that fills up: what was there stays. */
static void test_save_fails_whole(void **state)
{
	struct rlimit limit, small;
	struct scene scene;
	json_t *report;
	struct err err;
	char text[8] = "";
	FILE *file;

	(void)state;
	lazy_success(&scene);
	report = build(&scene);
	write_file("old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ .rlim_cur = 100, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(report_save(report, path, &err), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_line(err.text, path);
	assert_line(err.text, "File too large");
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), 3);
	fclose(file);
	assert_string_equal(text, "old");
	assert_int_equal(report_save(report, "/nonexistent/report.json", &err), -ENOENT);
	assert_int_equal(report_save(report, folder, &err), -EISDIR);
	destroy(&scene, report);
}

/* -o /dev/null as root must not make a file of it. */
static void test_save_to_device(void **state)
{
	struct scene scene;
	json_t *report;
	struct stat st;
	struct err err;

	(void)state;
	lazy_success(&scene);
	report = build(&scene);
	assert_int_equal(report_save(report, "/dev/null", &err), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(report_save(report, "/dev/full", &err), -ENOSPC);
	destroy(&scene, report);
}

static void test_save_through_link(void **state)
{
	struct err err;
	struct scene scene;
	json_t *report;
	struct stat st;
	char link[64];

	(void)state;
	lazy_success(&scene);
	report = build(&scene);
	write_file("old");
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_int_equal(symlink("report.json", link), 0);
	assert_int_equal(report_save(report, link, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 1000);
	unlink(link);
	destroy(&scene, report);
}

static void assert_refused(const char *text, const char *message)
{
	json_t *report;
	struct err err;

	write_file(text);
	assert_int_equal(report_load(path, &report, &err), -EINVAL);
	assert_null(report);
	assert_line(err.text, message);
	assert_line(err.text, path);
}

static void test_load_refuses(void **state)
{
	json_t *report;
	struct err err;

	(void)state;
	assert_refused("", ":1:0: not JSON");
	assert_refused("{\n  \"schema\": oops\n}", ":2:16: not JSON");
	assert_refused("{\"schema\": \"minivmm.report/1\"} {}", "not JSON");
	assert_refused("[]", "no \"schema\"");
	assert_refused("{\"schema\": 1}", "no \"schema\"");
	assert_refused("{\"schema\": \"fio/3\"}", "schema \"fio/3\", not \"minivmm.report/1\"");
	assert_refused("{\"schema\": \"minivmm.report/12\"}", "not \"minivmm.report/1\"");
	write_file("{\"schema\": \"minivmm.report/1.3\", \"new\": 1}");
	assert_int_equal(report_load(path, &report, &err), 0);
	json_decref(report);
	assert_int_equal(report_load("/nonexistent", &report, &err), -ENOENT);
	assert_int_equal(report_load("/tmp", &report, &err), -EISDIR);
}

static void *no_memory(size_t size)
{
	(void)size;
	return NULL;
}

/* A journal without its report is not a success. */
static void test_journal_without_memory(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	struct journal journal;
	struct err err = { 0 };
	int code;

	(void)state;
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	json_set_alloc_funcs(no_memory, free);
	code = journal_close(&journal, report, &err);
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(code, -ENOMEM);
	assert_line(err.text, path);
	json_decref(report);
}

/* Standard output gets a whole report or nothing. */
static void test_nothing_is_printed_without_memory(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int code;

	(void)state;
	json_set_alloc_funcs(no_memory, free);
	code = report_json(report, out);
	json_set_alloc_funcs(malloc, free);
	fclose(out);
	assert_int_equal(code, -ENOMEM);
	assert_string_equal(text, "");
	free(text);
	json_decref(report);
}

static void assert_content(const char *expected)
{
	char text[256] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

/* A run that is refused before its first line (the host has too few vCPUs) keeps what an earlier run wrote. */
static void test_journal_refused(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	struct journal journal;
	struct err err = { 0 };

	(void)state;
	write_file("an earlier run\n");
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	journal_drop(&journal);
	assert_content("an earlier run\n");
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	assert_int_equal(journal_close(&journal, report, &err), 0);
	assert_content("{\"schema\":\"minivmm.report/1\"}\n");
	json_decref(report);
}

/* What is written in place, as a guest's console, must not lead to a file that has another name. */
static void test_other_name(void **state)
{
	struct err err = { 0 };
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s.other", path);
	write_file("old\n");
	assert_int_equal(link(path, other), 0);
	assert_int_equal(chmod(folder, 01777), 0);
	assert_int_equal(save_open(other, &err), -EPERM);
	assert_line(err.text, "it has another name, too");
	assert_content("old\n");
	unlink(other);
	close(save_open(path, &err));
	assert_content("");
}

static size_t count_descriptors(void)
{
	DIR *open_ones = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(open_ones);
	while (readdir(open_ones))
		count++;
	closedir(open_ones);
	return count;
}

/* process.clean compares how many descriptors are open before a run's first line and after its last. */
static void test_journal_descriptors(void **state)
{
	struct stress_result stress = { 0 };
	struct err err = { 0 };
	struct journal journal;
	size_t before;

	(void)state;
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	/* No program that a run starts inherits it. */
	assert_int_equal(fcntl(journal.fd, F_GETFD), FD_CLOEXEC);
	before = count_descriptors();
	journal_sample(&journal, "churn", 1, &stress);
	assert_true(journal.open);
	assert_int_equal(count_descriptors(), before);
	journal_drop(&journal);
	assert_int_equal(count_descriptors(), before - 1);
	assert_int_equal(journal.code, 0);
}

static int syncs;		/* so often a file was brought to the disk */
static int sync_error;		/* 0, or what is wrong with the disk */
static bool sync_folders;	/* it is so with folders only */

int fsync(int fd)
{
	struct stat st;

	syncs++;
	if (fstat(fd, &st))
		return -1;
	errno = !sync_folders || S_ISDIR(st.st_mode) ? sync_error : 0;
	return errno ? -1 : 0;
}

/* "old" is there, and a disk that has this error is told to take "new". Returns what report_save() did. */
static int save_on(int error, bool folders, struct err *err)
{
	json_t *report = json_pack("{s:s}", "new", "new");
	int code;

	write_file("old");
	sync_error = error;
	sync_folders = folders;
	code = report_save(report, path, err);
	sync_error = 0;
	json_decref(report);
	return code;
}

static void test_save_on_a_bad_disk(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(save_on(EIO, false, &err), -EIO);
	assert_line(err.text, path);
	assert_content("old");
	assert_int_equal(save_on(EIO, true, &err), -EIO);
	/* Some file systems have no fsync(), or none of folders. */
	assert_int_equal(save_on(EINVAL, false, &err), 0);
	assert_content("{\n  \"new\": \"new\"\n}\n");
	assert_int_equal(save_on(EROFS, true, &err), 0);
	assert_int_equal(save_on(EROFS, false, &err), -EROFS);
	assert_content("old");
}

static bool no_tmpfile;		/* the file system makes no file without a name */

int open(const char *name, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return openat(AT_FDCWD, name, flags, mode);
}

static int names_in_folder(void)
{
	DIR *dir = opendir(folder);
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

/* There a file has a name of its own until it is whole (NFS, FUSE, vfat), of which nothing is left. */
static void test_save_without_tmpfile(void **state)
{
	struct err err = { 0 };

	(void)state;
	no_tmpfile = true;
	assert_int_equal(save_on(0, false, &err), 0);
	assert_content("{\n  \"new\": \"new\"\n}\n");
	assert_int_equal(names_in_folder(), 1);
	assert_int_equal(save_on(EIO, false, &err), -EIO);
	assert_content("old");
	assert_int_equal(names_in_folder(), 1);
	no_tmpfile = false;
}

/* What was seen survives a crash of the host: no line waits in the kernel's memory. */
static void test_journal_reaches_the_disk(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	struct stress_result stress = { 0 };
	struct journal journal;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	for (int line = 0; line < 3; line++) {
		syncs = 0;
		journal_sample(&journal, "churn", 1, &stress);
		assert_true(syncs > 0);
	}
	syncs = 0;
	assert_int_equal(journal_close(&journal, report, &err), 0);
	assert_int_equal(syncs, 1);
	json_decref(report);
}

/* The later of two runs has the name, each of its lines is whole, and the earlier one does not write into it. */
static void test_journal_twice(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	struct stress_result stress = { 0 };
	struct journal first, second;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(journal_begin(&first, path, &err), 0);
	assert_int_equal(journal_begin(&second, path, &err), 0);
	journal_sample(&first, "churn", 1, &stress);
	journal_sample(&second, "churn", 2, &stress);
	assert_int_equal(journal_close(&first, report, &err), 0);
	assert_int_equal(journal_close(&second, report, &err), 0);
	assert_content("{\"schema\":\"minivmm.stress/1\",\"phase\":\"churn\",\"elapsed_ns\":2,\"workers\":[]}\n"
		       "{\"schema\":\"minivmm.report/1\"}\n");
	json_decref(report);
}

/* Somebody empties it, as logrotate's copytruncate does: the next line is at its start, without a hole before it. */
static void test_journal_emptied(void **state)
{
	json_t *report = json_pack("{s:s}", "schema", "minivmm.report/1");
	struct stress_result stress = { 0 };
	struct journal journal;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	journal_sample(&journal, "churn", 1, &stress);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(journal_close(&journal, report, &err), 0);
	assert_content("{\"schema\":\"minivmm.report/1\"}\n");
	json_decref(report);
}

/* What begins is on the disk before it does anything, and how to run it again. */
static void test_journal_has_phases(void **state)
{
	const struct phase_result create = { .name = "create", .what = "create" };
	char command[] = "minivmm a.ini --seed 7";
	const struct config config = { .command = command, .seed = 7 };
	struct journal journal;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	syncs = 0;
	journal_phase(&journal, &config, &create, 5);
	assert_true(syncs > 0);
	journal_drop(&journal);
	assert_content("{\"schema\":\"minivmm.phase/1\",\"phase\":\"create\",\"do\":\"create\",\"ops\":[],\"elapsed_ns\":5,"
		       "\"command\":\"minivmm a.ini --seed 7\",\"seed\":7}\n");
}

#define PHASE "{\"schema\":\"minivmm.phase/1\",\"phase\":\"churn\",\"do\":\"stress\",\"ops\":[\"slot-move\"],\"elapsed_ns\":5," \
	"\"command\":\"minivmm a.ini\",\"seed\":7}\n"
#define SAMPLE "{\"schema\":\"minivmm.stress/1\",\"phase\":\"churn\",\"elapsed_ns\":9,\"workers\":[]}\n"

static void read_end_of(const char *text, size_t size, struct journal_end *end)
{
	FILE *file = fopen(path, "w+");
	struct err err;

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	rewind(file);
	assert_int_equal(journal_read_end(file, path, end, &err), 0);
	fclose(file);
}

/* A crash cuts the last line off, or leaves a block of zeros where it was. */
static void test_journal_cut_off(void **state)
{
	static const char *const rests[] = { "", "{\"schema\":\"minivmm.stress/1\",\"ph", "\n", "{}\n", "[1]\nnull\n\"", "{\"schema\":1}\n" };
	struct journal_end end;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		int length = snprintf(text, sizeof(text), "%s%s%s", PHASE, SAMPLE, rests[i]);

		/* The second time with zeros. */
		for (int zeros = 0; zeros <= 100; zeros += 100) {
			memset(text + length, 0, (size_t)zeros);
			read_end_of(text, (size_t)(length + zeros), &end);
			assert_false(end.ended);
			assert_string_equal(value_string(end.last, "schema"), "minivmm.stress/1");
			assert_string_equal(value_string(end.began, "command"), "minivmm a.ini");
			journal_end_free(&end);
		}
	}
}

static void test_journal_that_ended(void **state)
{
	static const char text[] = PHASE SAMPLE "{\"schema\":\"minivmm.report/1\"}\n";
	struct journal_end end;

	(void)state;
	read_end_of(text, strlen(text), &end);
	assert_true(end.ended);
	journal_end_free(&end);
	read_end_of("", 0, &end);
	assert_true(!end.ended && !end.last && !end.began);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_journal_descriptors, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_save_and_load, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_save_fails_whole, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_save_on_a_bad_disk, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_save_without_tmpfile, make_folder, remove_folder),
		cmocka_unit_test(test_save_to_device),
		cmocka_unit_test_setup_teardown(test_save_through_link, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_load_refuses, make_folder, remove_folder),
		cmocka_unit_test(test_nothing_is_printed_without_memory),
		cmocka_unit_test_setup_teardown(test_other_name, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_reaches_the_disk, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_has_phases, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_cut_off, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_that_ended, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_twice, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_emptied, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_refused, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_journal_without_memory, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
