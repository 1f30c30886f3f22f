// SPDX-License-Identifier: GPL-2.0-only
/* DAMON's files: what is written to them, in which order, and what is left alone. A folder stands for sysfs. */
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

__typeof__(write) __real_write, __wrap_write;

/* What was written to the files: "FILE TEXT" of each write, FILE below the kdamonds. */
static struct {
	char lines[64][96];
	unsigned int count, refused;	/* number of the write that fails, from 1 on; 0: none */
	int error;
	unsigned int times;		/* so often in a row */
} told;

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
	char link[64], path[512];
	ssize_t length;
	char *file;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return __real_write(fd, data, size);
	path[length] = '\0';
	file = strstr(path, KDAMONDS);
	if (!file)
		return __real_write(fd, data, size);
	if (told.times && told.count + 1 >= told.refused) {
		told.times--;
		errno = told.error;
		return -1;
	}
	assert_true(told.count < sizeof(told.lines) / sizeof(told.lines[0]));
	snprintf(told.lines[told.count++], sizeof(told.lines[0]), "%.60s %.*s", file + strlen(KDAMONDS) + 1, (int)size,
		 (const char *)data);
	/* As in sysfs, where a file has what was written last. */
	assert_int_equal(ftruncate(fd, 0), 0);
	return __real_write(fd, data, size);
}

static void listen_anew(void)
{
	memset(&told, 0, sizeof(told));
}

/* The same, and from this write on, counted from 1, so many fail. */
static void refuse(unsigned int refused, unsigned int times, int error)
{
	listen_anew();
	told.refused = refused;
	told.times = times;
	told.error = error;
}

static void expect_file(const char *root, const char *path, const char *text)
{
	char full[512], found[64] = "";
	FILE *file;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "r");
	assert_non_null(file);
	assert_non_null(fgets(found, sizeof(found), file));
	fclose(file);
	assert_string_equal(found, text);
}

#define C "0/contexts/0/"
static const char *const whole[] = {
	"nr_kdamonds 1",
	"0/contexts/nr_contexts 1", C "operations fvaddr",
	C "monitoring_attrs/intervals/sample_us 20000", C "monitoring_attrs/intervals/aggr_us 80000",
	C "monitoring_attrs/nr_regions/max 20", C "monitoring_attrs/nr_regions/min 3",
	C "targets/nr_targets 1", C "targets/0/pid_target PID", C "targets/0/regions/nr_regions 1",
	C "targets/0/regions/0/start 139637976727552", C "targets/0/regions/0/end 139637977776128",
	C "schemes/nr_schemes 2",
	C "schemes/0/action stat", C "schemes/0/access_pattern/sz/min 0",
	C "schemes/0/access_pattern/sz/max 18446744073709551615", C "schemes/0/access_pattern/nr_accesses/min 1",
	C "schemes/0/access_pattern/nr_accesses/max 4294967295", C "schemes/0/access_pattern/age/min 0",
	C "schemes/0/access_pattern/age/max 4294967295",
	C "schemes/1/action stat", C "schemes/1/access_pattern/sz/min 0",
	C "schemes/1/access_pattern/sz/max 18446744073709551615", C "schemes/1/access_pattern/nr_accesses/min 0",
	C "schemes/1/access_pattern/nr_accesses/max 0", C "schemes/1/access_pattern/age/min 0",
	C "schemes/1/access_pattern/age/max 4294967295",
	"0/state on", "0/state update_schemes_stats", "0/state off", "nr_kdamonds 0",
};
#define WHOLE (sizeof(whole) / sizeof(whole[0]))

static void expect_told(void)
{
	char line[96];

	for (size_t i = 0; i < WHOLE; i++) {
		const char *pid = strstr(whole[i], "PID");

		snprintf(line, sizeof(line), "%.*s", pid ? (int)(pid - whole[i]) : 95, whole[i]);
		if (pid)
			snprintf(line + strlen(line), sizeof(line) - strlen(line), "%d", (int)getpid());
		assert_string_equal(told.lines[i], line);
	}
	assert_int_equal(told.count, WHOLE);
}

/* A whole watch of a megabyte. 0, or the error of its first step that failed, and why. */
static int watch_on(const char *root, struct damon_seen *seen, char why[SOURCE_WHY])
{
	struct damon damon;
	int code = damon_open(&damon, root, why);

	if (!code)
		code = damon_begin(&damon, (void *)0x7f0000000000, 1 << 20, 20000000, why);
	if (!code)
		code = damon_end(&damon, seen, why);
	damon_close(&damon);
	return code;
}

static int watch(const char *root, struct damon_seen *seen, char why[SOURCE_WHY])
{
	listen_anew();
	return watch_on(root, seen, why);
}

static void a_watch_is_set_up_and_given_back(void **state)
{
	struct damon_seen seen;
	char why[SOURCE_WHY] = "";

	make_damon(*state, "0\n");
	assert_int_equal(watch(*state, &seen, why), 0);
	expect_told();
	assert_int_equal(seen.accessed, 12288);
	assert_int_equal(seen.idle, 4096);
}

/* A watch that was not ended is turned off before the rest is given back; a second time there is nothing to give. */
static void a_watch_that_goes_on_is_turned_off(void **state)
{
	char why[SOURCE_WHY] = "";
	struct damon damon;

	make_damon(*state, "0\n");
	listen_anew();
	assert_int_equal(damon_open(&damon, *state, why), 0);
	assert_int_equal(damon_begin(&damon, NULL, 4096, 20000000, why), 0);
	damon_close(&damon);
	assert_string_equal(told.lines[told.count - 2], "0/state off");
	assert_string_equal(told.lines[told.count - 1], "nr_kdamonds 0");
	listen_anew();
	damon_close(&damon);
	assert_int_equal(told.count, 0);
}

/* Whatever fails is named, and all that was taken before is given back. */
static void each_write_may_fail(void **state)
{
	struct damon_seen seen;
	char why[SOURCE_WHY];

	make_damon(*state, "0\n");
	for (unsigned int refused = 1; refused <= WHOLE - 2; refused++) {
		const char *line = whole[refused - 1];

		refuse(refused, 1, EINVAL);
		assert_int_equal(watch_on(*state, &seen, why), -EINVAL);
		assert_non_null(strstr(why, "Invalid argument"));
		assert_true(!strncmp(why + strlen(KDAMONDS) + 1, line, strcspn(line, " ")));
		expect_file(*state, COUNT, refused == 1 ? "0\n" : "0");
	}
}

/* The kernel's lock of these files is taken for an instant. */
static void busy_files_are_tried_again(void **state)
{
	struct damon_seen seen;
	char why[SOURCE_WHY];

	make_damon(*state, "0\n");
	for (unsigned int refused = 1; refused <= WHOLE; refused++) {
		refuse(refused, 2, EBUSY);
		assert_int_equal(watch_on(*state, &seen, why), 0);
		expect_told();
	}
}

/* Since 6.17 a kernel may have its own statistics of the whole host, which keep all others out. */
static void the_kernels_own_use_is_named(void **state)
{
	struct damon_seen seen;
	char why[SOURCE_WHY];
	struct damon damon;

	make_damon(*state, "0\n");
	for (int named = 0; named < 2; named++) {
		refuse(WHOLE - 3, 1000000, EBUSY);
		assert_int_equal(damon_open(&damon, *state, why), 0);
		assert_int_equal(damon_begin(&damon, (void *)0x7f0000000000, 1 << 20, 20000000, why), -EBUSY);
		assert_non_null(strstr(why, named ? "the kernel itself uses DAMON, and nobody else can: "
						    "/sys/module/damon_stat/parameters/enabled is Y" :
						    "/0/state: Device or resource busy"));
		told.times = 0;
		damon_close(&damon);
		expect_file(*state, COUNT, "0");
		put_file(*state, "/sys/module/damon_stat/parameters/enabled", "Y\n");
	}
	assert_int_equal(watch(*state, &seen, why), 0);
}

/* Whoever has made kdamonds uses them, or will. */
static void what_others_use_is_left_alone(void **state)
{
	static const char *const counts[] = { "1\n", "2\n" };
	char why[SOURCE_WHY] = "", ours[16];
	struct damon_seen seen;

	for (size_t i = 0; i < 2; i++) {
		make_damon(*state, counts[i]);
		assert_int_equal(watch(*state, &seen, why), -EBUSY);
		assert_non_null(strstr(why, "somebody else uses DAMON"));
		assert_int_equal(told.count, 0);
	}
	/* A process that lives; one that is gone, but whose kdamond is on, or is of another kind. */
	snprintf(ours, sizeof(ours), "%d\n", (int)getpid());
	make_damon(*state, "1\n");
	put_file(*state, STATE, "off\n");
	put_file(*state, CONTEXT "/operations", "fvaddr\n");
	put_file(*state, CONTEXT "/targets/0/pid_target", ours);
	assert_int_equal(watch(*state, &seen, why), -EBUSY);
	put_file(*state, CONTEXT "/targets/0/pid_target", "2147483647\n");
	put_file(*state, STATE, "on\n");
	assert_int_equal(watch(*state, &seen, why), -EBUSY);
	put_file(*state, STATE, "off\n");
	put_file(*state, CONTEXT "/operations", "vaddr\n");
	assert_int_equal(watch(*state, &seen, why), -EBUSY);
	assert_int_equal(told.count, 0);
}

static void what_a_killed_minivmm_left_is_taken_over(void **state)
{
	struct damon_seen seen;
	char why[SOURCE_WHY] = "";

	make_damon(*state, "1\n");
	put_file(*state, STATE, "off\n");
	put_file(*state, CONTEXT "/operations", "fvaddr\n");
	put_file(*state, CONTEXT "/targets/0/pid_target", "2147483647\n");
	assert_int_equal(watch(*state, &seen, why), 0);
	expect_told();
}

static void another_minivmm_is_not_disturbed(void **state)
{
	char path[512], why[SOURCE_WHY] = "";
	struct damon_seen seen;
	int fd;

	make_damon(*state, "0\n");
	snprintf(path, sizeof(path), "%s%s", (char *)*state, COUNT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(watch(*state, &seen, why), -EWOULDBLOCK);
	assert_non_null(strstr(why, "another minivmm uses DAMON"));
	assert_int_equal(told.count, 0);
	close(fd);
	assert_int_equal(watch(*state, &seen, why), 0);
}

/* What is not there is named, and what was taken before is given back. */
static void what_is_missing_is_named(void **state)
{
	char path[512], why[SOURCE_WHY] = "";
	struct damon_seen seen;

	assert_int_equal(watch(*state, &seen, why), -ENOENT);
	assert_non_null(strstr(why, "nr_kdamonds: No such file"));
	make_damon(*state, "\n");
	assert_int_equal(watch(*state, &seen, why), -EINVAL);
	make_damon(*state, "0\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", (char *)*state, files[i]);
		unlink(path);
		assert_int_equal(watch(*state, &seen, why), -ENOENT);
		assert_non_null(strstr(why, files[i]));
		expect_file(*state, COUNT, "0");
		put_file(*state, files[i], "");
	}
	put_file(*state, CONTEXT "/schemes/1/stats/sz_tried", "many\n");
	assert_int_equal(watch(*state, &seen, why), -EINVAL);
	assert_non_null(strstr(why, "/schemes/1/stats/sz_tried"));
	assert_string_equal(told.lines[told.count - 2], "0/state off");
	expect_file(*state, COUNT, "0");
}

int main(void)
{
#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		IN_ROOT(a_watch_is_set_up_and_given_back), IN_ROOT(a_watch_that_goes_on_is_turned_off),
		IN_ROOT(each_write_may_fail), IN_ROOT(busy_files_are_tried_again), IN_ROOT(the_kernels_own_use_is_named),
		IN_ROOT(what_others_use_is_left_alone),
		IN_ROOT(what_a_killed_minivmm_left_is_taken_over), IN_ROOT(another_minivmm_is_not_disturbed),
		IN_ROOT(what_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
