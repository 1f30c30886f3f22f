// SPDX-License-Identifier: GPL-2.0-only
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_FD 900		/* beyond the program's descriptors */
#define FDS 1024
#define PAGE 4096
#define KEPT 65536		/* pieces of memory at once; a power of two */

extern const char __executable_start[];

static unsigned long number, fail_at, fail_place;
static int log_fd = -1;
static long mapped_pages;
static const void *kept[KEPT];
static size_t kept_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool open_before[FDS];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	char line[256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (log_fd >= 0 && length > 0 && write(log_fd, line, (size_t)length) < 0)
		_exit(125);
}

/* The place is an offset into the program, as addr2line takes it. */
bool fault_due(const char *name, void *from, int code)
{
	unsigned long place = (unsigned long)((const char *)from - __executable_start);
	bool due;

	if (fail_at && place != fail_place)
		return false;
	due = __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED) == fail_at;
	if (due || !fail_at)
		say("%s %#lx %d\n", name, place, code);
	if (due && code)
		errno = code;
	return due;
}

static size_t slot_of(const void *memory)
{
	size_t slot = (uintptr_t)memory / 16 * 2654435761u % KEPT;

	while (kept[slot] && kept[slot] != memory)
		slot = (slot + 1) % KEPT;
	return slot;
}

void *fault_keep(void *memory)
{
	size_t slot;

	pthread_mutex_lock(&lock);
	slot = slot_of(memory);
	if (memory && !kept[slot]) {
		kept[slot] = memory;
		kept_count++;
	}
	pthread_mutex_unlock(&lock);
	return memory;
}

/* Entries behind it that hash to its slot or before move up. */
void fault_drop(const void *memory)
{
	size_t slot;

	pthread_mutex_lock(&lock);
	slot = slot_of(memory);
	if (memory && kept[slot]) {
		kept[slot] = NULL;
		kept_count--;
		for (slot = (slot + 1) % KEPT; kept[slot]; slot = (slot + 1) % KEPT) {
			const void *other = kept[slot];

			kept[slot] = NULL;
			kept[slot_of(other)] = other;
		}
	}
	pthread_mutex_unlock(&lock);
}

void fault_count_mapping(long bytes)
{
	long pages = bytes < 0 ? -((-bytes + PAGE - 1) / PAGE) : (bytes + PAGE - 1) / PAGE;

	__atomic_add_fetch(&mapped_pages, pages, __ATOMIC_RELAXED);
}

/* One call for all descriptors: poll() says which of them are not open. */
static void list_open(bool open[FDS])
{
	struct pollfd fds[FDS];
	long limit = sysconf(_SC_OPEN_MAX);
	int count = limit < FDS ? (int)limit : FDS;

	for (int fd = 0; fd < FDS; fd++)
		fds[fd] = (struct pollfd){ .fd = fd };
	if (poll(fds, (nfds_t)count, 0) < 0)
		_exit(125);
	for (int fd = 0; fd < FDS; fd++)
		open[fd] = fd < count && !(fds[fd].revents & POLLNVAL);
}

/* walk starts the program once and each run is a fork, as a sanitized program is slow to start. */
static void serve(void)
{
	struct fault_run run;
	int status;
	pid_t pid;

	while (read(FAULT_REQUEST_FD, &run, sizeof(run)) == sizeof(run)) {
		pid = fork();
		if (!pid) {
			close(FAULT_REQUEST_FD);
			close(FAULT_REPLY_FD);
			fail_at = run.turn;
			fail_place = run.place;
			return;
		}
		if (pid < 0 || write(FAULT_REPLY_FD, &pid, sizeof(pid)) != sizeof(pid) ||
		    waitpid(pid, &status, 0) != pid ||
		    write(FAULT_REPLY_FD, &status, sizeof(status)) != sizeof(status))
			break;
	}
	_exit(0);
}

static void open_log(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);

	if (fd < 0)
		return;
	log_fd = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD);
	close(fd);
}

/* No call fails in a program that walk did not start. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULTS_LOG");

	fail_at = ULONG_MAX;
	if (path) {
		unsetenv("FAULTS_LOG");
		serve();
		open_log(path);
	}
	list_open(open_before);
}

__attribute__((destructor)) static void end(void)
{
	bool open[FDS];
	int fds = 0;

	list_open(open);
	for (int fd = 0; fd < FDS; fd++)
		fds += open[fd] && !open_before[fd];
	say("left %d descriptors, %zu pieces of memory, %ld mapped pages\n", fds, kept_count,
	    mapped_pages);
}
