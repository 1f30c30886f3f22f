// SPDX-License-Identifier: GPL-2.0-only
#include "host/damon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/source.h"

#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds"
#define OURS KDAMONDS "/0"
#define CONTEXT OURS "/contexts/0"
#define SCHEME CONTEXT "/schemes/%d"
#define MOST_REGIONS 20		/* the fewest are 3 (damon_set_attrs(), 5.15) */

/* The kernel's lock of these files is held by a kdamond for an instant, and whoever meets it gets EBUSY (state_store()). */
#define BUSY_NS 200000000ull
#define BUSY_STEP_US 2000

const char damon_remedy[] = "as root, on Linux 6.0 or newer with CONFIG_DAMON_VADDR=y and CONFIG_DAMON_SYSFS=y, as Debian 13's, while "
			    "nobody else uses DAMON, nor the kernel itself (echo N >/sys/module/damon_stat/parameters/enabled)";

/* Which aggregations of a region each of the two schemes counts. They do nothing else ("stat"). */
static const struct {
	uint64_t least, most;	/* samples that saw an access */
} schemes[] = { { 1, UINT32_MAX }, { 0, 0 } };
#define SCHEMES 2

static int open_file(const struct damon *damon, const char *path, int flags, char why[SOURCE_WHY])
{
	char full[SOURCE_PATH];
	int fd = open(source_path(full, damon->root, path), flags | O_CLOEXEC);

	return fd < 0 ? source_errno(why, errno, path) : fd;
}

static int put(const struct damon *damon, const char *path, const char *text, char why[SOURCE_WHY])
{
	uint64_t begun = clock_ns();
	int fd = open_file(damon, path, O_WRONLY, why), code = 0;

	if (fd < 0)
		return fd;
	while (!code && write(fd, text, strlen(text)) < 0) {
		if (errno != EBUSY || clock_ns() - begun > BUSY_NS)
			code = source_errno(why, errno, path);
		else
			usleep(BUSY_STEP_US);
	}
	close(fd);
	return code;
}

/* A file below CONTEXT, and the number that is written to it. */
struct setting {
	const char *name;
	uint64_t number;
};

static int put_all(const struct damon *damon, const char *folder, const struct setting *settings, size_t count,
		   char why[SOURCE_WHY])
{
	char path[SOURCE_PATH], text[24];
	int code = 0;

	for (size_t i = 0; !code && i < count; i++) {
		snprintf(path, sizeof(path), CONTEXT "/%s/%s", folder, settings[i].name);
		snprintf(text, sizeof(text), "%" PRIu64, settings[i].number);
		code = put(damon, path, text, why);
	}
	return code;
}
#define PUT_ALL(damon, folder, settings, why) put_all(damon, folder, settings, sizeof(settings) / sizeof((settings)[0]), why)

/* What a file says, without its newline. */
static int read_text(const struct damon *damon, const char *path, char text[32], char why[SOURCE_WHY])
{
	int fd = open_file(damon, path, O_RDONLY, why), code = 0;

	memset(text, 0, 32);
	if (fd < 0)
		return fd;
	if (read(fd, text, 31) < 0)
		code = source_errno(why, errno, path);
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return code;
}

static int read_number(const struct damon *damon, const char *path, uint64_t *number, char why[SOURCE_WHY])
{
	char text[32];
	int code = read_text(damon, path, text, why);

	return code || sscanf(text, "%" SCNu64, number) == 1 ? code : source_errno(why, EINVAL, path);
}

static bool has_word(const struct damon *damon, const char *path, const char *word)
{
	char text[32], ignored[SOURCE_WHY];

	return !read_text(damon, path, text, ignored) && !strcmp(text, word);
}

/* Its one kdamond is off, and was for a process that has ended: so a minivmm leaves it that is killed. */
static bool is_left(const struct damon *damon)
{
	char ignored[SOURCE_WHY];
	uint64_t pid;

	return has_word(damon, OURS "/state", "off") && has_word(damon, CONTEXT "/operations", "fvaddr") &&
	       !read_number(damon, CONTEXT "/targets/0/pid_target", &pid, ignored) && pid && pid <= INT_MAX &&
	       kill((pid_t)pid, 0) && errno == ESRCH;
}

/* Nobody else uses it, and no other minivmm: damon->lock is locked. */
static int take(struct damon *damon, char why[SOURCE_WHY])
{
	static const char count[] = KDAMONDS "/nr_kdamonds";
	uint64_t others;
	int code;

	if (flock(damon->lock, LOCK_EX | LOCK_NB)) {
		code = errno;
		snprintf(why, SOURCE_WHY, "%s: %s", count,
			 code == EWOULDBLOCK ? "another minivmm uses DAMON" : strerror(code));
		return -code;
	}
	code = read_number(damon, count, &others, why);
	if (code)
		return code;
	if (others > 1 || (others && !is_left(damon))) {
		snprintf(why, SOURCE_WHY, "%s is %" PRIu64 ": somebody else uses DAMON, which is not touched", count, others);
		return -EBUSY;
	}
	return put(damon, count, "1", why);
}

int damon_open(struct damon *damon, const char *root, char why[SOURCE_WHY])
{
	int code;

	*damon = (struct damon){ .root = root, .lock = -1 };
	damon->lock = open_file(damon, KDAMONDS "/nr_kdamonds", O_RDWR, why);
	if (damon->lock < 0)
		return damon->lock;
	code = take(damon, why);
	if (!code)
		return 0;
	close(damon->lock);
	damon->lock = -1;
	return code;
}

/* The one target, which is this process, and its one region. */
static int set_target(const struct damon *damon, const void *memory, uint64_t size, char why[SOURCE_WHY])
{
	const struct setting settings[] = {
		{ "nr_targets", 1 },
		{ "0/pid_target", (uint64_t)getpid() },
		{ "0/regions/nr_regions", 1 },
		{ "0/regions/0/start", (uintptr_t)memory },
		{ "0/regions/0/end", (uintptr_t)memory + size },
	};

	return PUT_ALL(damon, "targets", settings, why);
}

static int set_intervals(const struct damon *damon, uint64_t sample_ns, char why[SOURCE_WHY])
{
	const struct setting settings[] = {
		{ "intervals/sample_us", sample_ns / 1000 },
		{ "intervals/aggr_us", DAMON_SAMPLES * (sample_ns / 1000) },
		{ "nr_regions/max", MOST_REGIONS },
		{ "nr_regions/min", 3 },
	};

	return PUT_ALL(damon, "monitoring_attrs", settings, why);
}

static int set_scheme(const struct damon *damon, int scheme, char why[SOURCE_WHY])
{
	const struct setting settings[] = {
		{ "sz/min", 0 },
		{ "sz/max", UINT64_MAX },
		{ "nr_accesses/min", schemes[scheme].least },
		{ "nr_accesses/max", schemes[scheme].most },
		{ "age/min", 0 },
		{ "age/max", UINT32_MAX },
	};
	char path[SOURCE_PATH];
	int code;

	snprintf(path, sizeof(path), SCHEME "/action", scheme);
	code = put(damon, path, "stat", why);
	if (code)
		return code;
	snprintf(path, sizeof(path), "schemes/%d/access_pattern", scheme);
	return PUT_ALL(damon, path, settings, why);
}

/* The kernel's own users of DAMON let nobody else have it, and are not among the kdamonds of sysfs (damon_start()). */
static void name_user(const struct damon *damon, char why[SOURCE_WHY])
{
	static const char *const modules[] = { "damon_stat", "damon_reclaim", "damon_lru_sort" };
	char path[64];

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/enabled", modules[i]);
		if (!has_word(damon, path, "Y"))
			continue;
		snprintf(why, SOURCE_WHY, "the kernel itself uses DAMON, and nobody else can: %s is Y", path);
		return;
	}
}

int damon_begin(struct damon *damon, const void *memory, uint64_t size, uint64_t sample_ns, char why[SOURCE_WHY])
{
	/* Each number makes the files anew that depend on it, so that nothing is left of a watch before. */
	int code = put(damon, OURS "/contexts/nr_contexts", "1", why);

	if (!code)
		code = put(damon, CONTEXT "/operations", "fvaddr", why);
	if (!code)
		code = set_intervals(damon, sample_ns, why);
	if (!code)
		code = set_target(damon, memory, size, why);
	if (!code)
		code = PUT_ALL(damon, "schemes", ((struct setting[]){ { "nr_schemes", SCHEMES } }), why);
	for (int i = 0; !code && i < SCHEMES; i++)
		code = set_scheme(damon, i, why);
	if (!code)
		code = put(damon, OURS "/state", "on", why);
	if (code == -EBUSY)
		name_user(damon, why);
	damon->on = !code;
	return code;
}

/* Bytes that a scheme counted. */
static int read_scheme(const struct damon *damon, int scheme, uint64_t *bytes, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];

	snprintf(path, sizeof(path), SCHEME "/stats/sz_tried", scheme);
	return read_number(damon, path, bytes, why);
}

static void turn_off(struct damon *damon)
{
	char why[SOURCE_WHY];

	/* The kdamond has ended if the memory that it watched has gone: then there is nothing to turn off. */
	if (damon->on)
		put(damon, OURS "/state", "off", why);
	damon->on = false;
}

int damon_end(struct damon *damon, struct damon_seen *seen, char why[SOURCE_WHY])
{
	int code = put(damon, OURS "/state", "update_schemes_stats", why);

	if (!code)
		code = read_scheme(damon, 0, &seen->accessed, why);
	if (!code)
		code = read_scheme(damon, 1, &seen->idle, why);
	turn_off(damon);
	return code;
}

void damon_close(struct damon *damon)
{
	char why[SOURCE_WHY];

	if (damon->lock < 0)
		return;
	turn_off(damon);
	put(damon, KDAMONDS "/nr_kdamonds", "0", why);
	close(damon->lock);
	damon->lock = -1;
}
