// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/kmsg (Documentation/ABI/testing/dev-kmsg): each read() gives one record,
 * "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT\n" and " KEY=VALUE\n" lines. The low 3
 * bits of the priority are the level, the rest is the facility: 0 is the kernel, and
 * what user space writes to the log can't be 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/value.h"
#include "host/cgroup.h"
#include "host/source.h"

#define PATH "/dev/kmsg"
#define KMSG_MAJOR 1
#define KMSG_MINOR 11
#define RECORD_MAX 8192		/* CONSOLE_EXT_LOG_MAX; a read() with less room fails */

/* Counts the whole lines in buffer, length bytes. Returns how much is left of the last one. */
static size_t count_lines(struct sources *sources, char *buffer, size_t length)
{
	char *line = buffer, *end;

	while ((end = memchr(line, '\n', length))) {
		*end++ = '\0';
		klog_watch_record(&sources->klog_watch, line);
		length -= (size_t)(end - line);
		line = end;
	}
	memmove(buffer, line, length);
	return length;
}

/* A fixture is a plain file of records, where a read() may end within one. */
static int read_records(struct sources *sources)
{
	char buffer[2 * RECORD_MAX];
	size_t held = 0;
	ssize_t got;

	for (;;) {
		got = read(sources->klog, buffer + held, sizeof(buffer) - held);
		if (got > 0) {
			held = count_lines(sources, buffer, held + (size_t)got);
			if (held > RECORD_MAX)
				return -EINVAL;
		} else if (got == 0 || errno == EAGAIN) {
			return 0;
		} else if (errno == EPIPE) {
			/* Records were overwritten before they were read; the next read() continues after them. */
			sources->klog_lost = true;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

int klog_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	const struct klog_watch *watch = &sources->klog_watch;
	int code;

	if (sources->klog_error == ENXIO) {
		snprintf(why, SOURCE_WHY, PATH " is not the kernel log here: something masks it");
		return -ENXIO;
	}
	if (sources->klog < 0)
		return source_errno(why, sources->klog_error, PATH);
	code = read_records(sources);
	if (code)
		return source_errno(why, -code, PATH);
	/* An alarm that concerns this run is certain; without one, a lost record may have been one. */
	if (sources->klog_lost && !sources->klog_watch.concerning) {
		snprintf(why, SOURCE_WHY,
			 PATH ": the kernel overwrote records before they could be read");
		return -EPIPE;
	}
	snapshot->klog.alarms = watch->alarms;
	snapshot->klog.concerning = watch->concerning;
	memcpy(snapshot->klog.first, watch->first, sizeof(snapshot->klog.first));
	memcpy(snapshot->klog.first_concerning, watch->first_concerning,
	       sizeof(snapshot->klog.first_concerning));
	return 0;
}

/* Containers mount /dev/null over it, which reads like a log without alarms: ENXIO. Returns 0 or errno. */
static int check_klog(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return errno;
	return S_ISREG(stat.st_mode) ||
	       (S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR)) ? 0 : ENXIO;
}

/* 0 too where there is no /proc: alarms are then told apart by KVM's functions alone. */
static int read_command(const struct sources *sources, char *command, size_t size)
{
	char why[SOURCE_WHY];
	FILE *file;
	int code = source_open(&file, sources->root, "/proc/self/comm", why);

	if (code)
		return code == -ENOENT ? 0 : code;
	if (fgets(command, (int)size, file))
		command[strcspn(command, "\n")] = '\0';
	code = source_end(file);
	fclose(file);
	return code;
}

/* Without a cgroup nothing is said to be killed there: that is no error. */
static int read_cgroup(const struct sources *sources, char *cgroup, size_t size)
{
	char path[SOURCE_PATH], why[SOURCE_WHY];
	int code = cgroup_memory_path(sources->root, 0, path, why);

	if (!code)
		snprintf(cgroup, size, "%.255s", path);
	return code == -ENOENT ? 0 : code;
}

/* Reads this process's name and cgroup, for klog_watch_record(). Returns 0 or -errno. */
static int read_own(struct sources *sources)
{
	struct klog_watch *watch = &sources->klog_watch;
	int code = read_command(sources, watch->command, sizeof(watch->command));

	return code ? code : read_cgroup(sources, watch->cgroup, sizeof(watch->cgroup));
}

void klog_open(struct sources *sources)
{
	char path[SOURCE_PATH];
	int fd = open(source_path(path, sources->root, PATH), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int code;

	sources->klog = -1;
	sources->klog_error = errno;
	if (fd < 0)
		return;
	code = -read_own(sources);
	if (!code)
		code = check_klog(fd);
	if (!code && lseek(fd, 0, SEEK_END) < 0)
		code = errno;
	if (code)
		close(fd);
	else
		sources->klog = fd;
	sources->klog_error = code;
}

json_t *klog_json(const struct snapshot *snapshot)
{
	return json_pack("{s:I, s:o, s:I, s:o}", "alarms", (json_int_t)snapshot->klog.alarms,
			 "first", value_text(snapshot->klog.first),
			 "concerning", (json_int_t)snapshot->klog.concerning,
			 "first_concerning", value_text(snapshot->klog.first_concerning));
}
