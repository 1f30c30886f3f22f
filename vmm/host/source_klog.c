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
#include "host/source.h"

#define PATH "/dev/kmsg"
#define KMSG_MAJOR 1
#define KMSG_MINOR 11
#define RECORD_MAX 8192		/* CONSOLE_EXT_LOG_MAX; a read() with less room fails */

/*
 * Where the kernel puts these words tells an alarm from talk about one: "Spectre V2 : WARNING:
 * Spectre v2 mitigation leaves...", "IPv6: BUG: Address ... is missing its host route" and
 * "traps: a.out[7] general protection fault" (a user-space program's) are ordinary. So is
 * "minivmm: vmalloc error: size ...": a refused allocation that KVM_RUN reports as ENOMEM.
 */
static const struct pattern {
	const char *text;
	bool anywhere;			/* else at the start of the record */
} alarms[] = {
	{ "WARNING:", false },		/* __warn(), lockdep, RCU */
	{ "BUG:", false },		/* page faults, KASAN, KFENCE, Bad page state, ... */
	{ "BUG ", false },		/* SLUB: "BUG kvm_mmu_page_header (Not tainted): ..." */
	{ "kernel BUG at", false },
	{ "Oops", false },
	{ "general protection fault", false },
	{ " [#", true },		/* __die() before 6.10: "invalid opcode: 0000 [#1]" */
	{ "UBSAN:", false },
	{ "KASAN:", false },
	{ "soft lockup - CPU", true },	/* "watchdog: BUG: soft lockup - CPU#0 stuck..." */
	{ "detected hard LOCKUP", true },
	{ "INFO: rcu", false },
	{ "rcu: INFO:", false },	/* "... rcu_preempt detected stalls on CPUs/tasks" */
	{ "INFO: task ", false },	/* khungtaskd: "... blocked for more than 120 seconds." */
	{ "blocked for more than", true },
	{ "invoked oom-killer", true },
	{ "Out of memory: ", false },
	{ "Memory cgroup out of memory", false },
};

/* These begin like a WARN() and are none: settings of the administrator cause them. */
static const char *const ordinary[] = {
	"WARNING: Unprivileged eBPF",	/* sysctl kernel.unprivileged_bpf_disabled */
	"WARNING: Domain '",		/* TOMOYO's learning mode */
	"WARNING: fbcon:",
};

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool is_alarming(const char *text)
{
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		if (starts_with(text, ordinary[i]))
			return false;
	for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++)
		if (alarms[i].anywhere ? strstr(text, alarms[i].text) != NULL :
					 starts_with(text, alarms[i].text))
			return true;
	return false;
}

/* The text of a record of the kernel. NULL: it is user space's, or no record. */
static const char *kernel_text(const char *record)
{
	uint64_t priority;
	const char *text;

	if (!source_number(&record, &priority) || *record != ',' || priority >> 3)
		return NULL;
	text = strchr(record, ';');
	return text ? text + 1 : NULL;
}

bool klog_is_alarm(const char *record)
{
	const char *text = kernel_text(record);

	return text && is_alarming(text);
}

static void count_record(struct sources *sources, const char *record)
{
	if (!klog_is_alarm(record))
		return;
	if (!sources->klog_alarms++)
		snprintf(sources->klog_first, sizeof(sources->klog_first), "%s",
			 kernel_text(record));
}

/* Counts the whole lines in buffer, length bytes. Returns how much is left of the last one. */
static size_t count_lines(struct sources *sources, char *buffer, size_t length)
{
	char *line = buffer, *end;

	while ((end = memchr(line, '\n', length))) {
		*end++ = '\0';
		count_record(sources, line);
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
	/* An alarm that was seen is certain; without one, a lost record may have been one. */
	if (sources->klog_lost && !sources->klog_alarms) {
		snprintf(why, SOURCE_WHY,
			 PATH ": the kernel overwrote records before they could be read");
		return -EPIPE;
	}
	snapshot->klog.alarms = sources->klog_alarms;
	memcpy(snapshot->klog.first, sources->klog_first, sizeof(snapshot->klog.first));
	return 0;
}

/* Containers mount /dev/null over it, which reads like a log without alarms. */
static bool is_klog(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return false;
	return S_ISREG(stat.st_mode) ||
	       (S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR));
}

void klog_open(struct sources *sources)
{
	char path[SOURCE_PATH];
	int fd = open(source_path(path, sources->root, PATH), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	sources->klog = -1;
	sources->klog_error = errno;
	if (fd < 0)
		return;
	if (!is_klog(fd)) {
		sources->klog_error = ENXIO;
		close(fd);
	} else if (lseek(fd, 0, SEEK_END) < 0) {
		sources->klog_error = errno;
		close(fd);
	} else {
		sources->klog = fd;
		sources->klog_error = 0;
	}
}

json_t *klog_json(const struct snapshot *snapshot)
{
	return json_pack("{s:I, s:o}", "alarms", (json_int_t)snapshot->klog.alarms,
			 "first", value_text(snapshot->klog.first));
}
