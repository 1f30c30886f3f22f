// SPDX-License-Identifier: GPL-2.0-only
/* DAMON's files: what is written to them, in which order it is given back, and what is left alone. A folder stands for sysfs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "host/damon.h"
#include "root_folder.h"

#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds"
#define COUNT KDAMONDS "/nr_kdamonds"
#define STATE KDAMONDS "/0/state"
#define CONTEXT KDAMONDS "/0/contexts/0"
#define PATTERN(n, name) CONTEXT "/schemes/" #n "/access_pattern/" name

static const char *const files[] = {
	STATE, KDAMONDS "/0/contexts/nr_contexts", CONTEXT "/operations",
	CONTEXT "/monitoring_attrs/intervals/sample_us", CONTEXT "/monitoring_attrs/intervals/aggr_us",
	CONTEXT "/monitoring_attrs/nr_regions/min", CONTEXT "/monitoring_attrs/nr_regions/max",
	CONTEXT "/targets/nr_targets", CONTEXT "/targets/0/pid_target", CONTEXT "/targets/0/regions/nr_regions",
	CONTEXT "/targets/0/regions/0/start", CONTEXT "/targets/0/regions/0/end", CONTEXT "/schemes/nr_schemes",
	CONTEXT "/schemes/0/action", CONTEXT "/schemes/1/action",
	PATTERN(0, "sz/min"), PATTERN(0, "sz/max"), PATTERN(0, "nr_accesses/min"), PATTERN(0, "nr_accesses/max"),
	PATTERN(0, "age/min"), PATTERN(0, "age/max"),
	PATTERN(1, "sz/min"), PATTERN(1, "sz/max"), PATTERN(1, "nr_accesses/min"), PATTERN(1, "nr_accesses/max"),
	PATTERN(1, "age/min"), PATTERN(1, "age/max"),
};

static void make_damon(const char *root, const char *count)
{
	put_file(root, COUNT, count);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		put_file(root, files[i], "");
	put_file(root, CONTEXT "/schemes/0/stats/sz_tried", "12288\n");
	put_file(root, CONTEXT "/schemes/1/stats/sz_tried", "4096\n");
}

/* What was written last begins the file, which keeps its length. */
static void expect_file(const char *root, const char *path, const char *text)
{
	char full[512], found[64] = "";
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "r");
	assert_non_null(file);
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	if (strncmp(found, text, strlen(text)))
		fail_msg("%s has %s, not %s", path, found, text);
}

static void expect_number(const char *root, const char *path, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	expect_file(root, path, text);
}

static void a_watch_is_set_up_and_given_back(void **state)
{
	const char *root = *state;
	const uint8_t *memory = (const uint8_t *)0x7f0000000000;
	struct damon_seen seen;
	char why[SOURCE_WHY] = "";
	struct damon damon;

	make_damon(root, "0\n");
	assert_int_equal(damon_open(&damon, root, why), 0);
	expect_file(root, COUNT, "1");
	assert_int_equal(damon_begin(&damon, memory, 1 << 20, 20000000, why), 0);
	expect_file(root, CONTEXT "/operations", "fvaddr");
	expect_file(root, CONTEXT "/monitoring_attrs/intervals/sample_us", "20000");
	expect_file(root, CONTEXT "/monitoring_attrs/intervals/aggr_us", "80000");
	expect_number(root, CONTEXT "/targets/0/pid_target", (uint64_t)getpid());
	expect_number(root, CONTEXT "/targets/0/regions/0/start", 0x7f0000000000);
	expect_number(root, CONTEXT "/targets/0/regions/0/end", 0x7f0000100000);
	expect_file(root, CONTEXT "/schemes/nr_schemes", "2");
	expect_file(root, CONTEXT "/schemes/1/action", "stat");
	expect_file(root, PATTERN(0, "nr_accesses/min"), "1");
	expect_number(root, PATTERN(0, "nr_accesses/max"), UINT32_MAX);
	expect_file(root, PATTERN(1, "nr_accesses/max"), "0");
	expect_file(root, STATE, "on");
	assert_int_equal(damon_end(&damon, &seen, why), 0);
	assert_int_equal(seen.accessed, 12288);
	assert_int_equal(seen.idle, 4096);
	expect_file(root, STATE, "off");
	damon_close(&damon);
	expect_file(root, COUNT, "0");
	/* A second time there is nothing to give back. */
	put_file(root, COUNT, "1\n");
	damon_close(&damon);
	expect_file(root, COUNT, "1");
}

/* A watch that was not ended is turned off with the rest. */
static void a_watch_that_goes_on_is_turned_off(void **state)
{
	char why[SOURCE_WHY] = "";
	struct damon damon;

	make_damon(*state, "0\n");
	assert_int_equal(damon_open(&damon, *state, why), 0);
	assert_int_equal(damon_begin(&damon, NULL, 4096, 20000000, why), 0);
	damon_close(&damon);
	expect_file(*state, STATE, "off");
	expect_file(*state, COUNT, "0");
}

/* Whoever has made kdamonds uses them, or will. */
static void what_others_use_is_left_alone(void **state)
{
	char why[SOURCE_WHY] = "";
	struct damon damon;

	make_damon(*state, "2\n");
	assert_int_equal(damon_open(&damon, *state, why), -EBUSY);
	assert_non_null(strstr(why, "nr_kdamonds is 2: somebody else uses DAMON"));
	damon_close(&damon);
	expect_file(*state, COUNT, "2");
}

static void another_minivmm_is_not_disturbed(void **state)
{
	char path[512], why[SOURCE_WHY] = "";
	struct damon damon;
	int fd;

	make_damon(*state, "0\n");
	snprintf(path, sizeof(path), "%s%s", (char *)*state, COUNT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(damon_open(&damon, *state, why), -EWOULDBLOCK);
	assert_non_null(strstr(why, "nr_kdamonds"));
	expect_file(*state, COUNT, "0");
	close(fd);
	assert_int_equal(damon_open(&damon, *state, why), 0);
	damon_close(&damon);
}

/* What is not there is named, and what was taken before is given back. */
static void what_is_missing_is_named(void **state)
{
	char path[512], why[SOURCE_WHY] = "";
	struct damon_seen seen;
	struct damon damon;

	assert_int_equal(damon_open(&damon, *state, why), -ENOENT);
	assert_non_null(strstr(why, "nr_kdamonds: No such file"));
	damon_close(&damon);
	make_damon(*state, "\n");
	assert_int_equal(damon_open(&damon, *state, why), -EINVAL);
	damon_close(&damon);
	put_file(*state, COUNT, "0\n");
	assert_int_equal(damon_open(&damon, *state, why), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", (char *)*state, files[i]);
		unlink(path);
		assert_int_equal(damon_begin(&damon, NULL, 4096, 20000000, why), -ENOENT);
		assert_non_null(strstr(why, files[i]));
		put_file(*state, files[i], "");
	}
	assert_int_equal(damon_begin(&damon, NULL, 4096, 20000000, why), 0);
	put_file(*state, CONTEXT "/schemes/1/stats/sz_tried", "many\n");
	assert_int_equal(damon_end(&damon, &seen, why), -EINVAL);
	assert_non_null(strstr(why, "/schemes/1/stats/sz_tried"));
	expect_file(*state, STATE, "off");
	damon_close(&damon);
	expect_file(*state, COUNT, "0");
}

int main(void)
{
#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		IN_ROOT(a_watch_is_set_up_and_given_back), IN_ROOT(a_watch_that_goes_on_is_turned_off),
		IN_ROOT(what_others_use_is_left_alone), IN_ROOT(another_minivmm_is_not_disturbed),
		IN_ROOT(what_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
