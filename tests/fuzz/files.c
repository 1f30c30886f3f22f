// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files that an input consists of, and the wrappers that show no other files to the program.
 * Between inputs, and for writing, the wrappers call the real functions: libFuzzer calls them, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define FILES_MAX 32
#define MARK "=== "
#define KEPT_PREFIX "/proc/self/fd/"	/* how iniparser is handed a memfd */

struct file {
	char *name;
	const char *text;
	size_t size;
	int fd;			/* -1: not opened yet */
};

/* Global, because the wrapped functions have no argument for it. */
static struct file files[FILES_MAX];
static size_t file_count;
static char *input;

/* A wrapper whose signature is not that of what it wraps does not compile. */
__typeof__(open) __real_open, __wrap_open;
__typeof__(fopen) __real_fopen, __wrap_fopen;
__typeof__(stat) __real_stat, __wrap_stat;
__typeof__(readlink) __real_readlink, __wrap_readlink;
__typeof__(opendir) __real_opendir, __wrap_opendir;

static struct file *find(const char *name)
{
	for (size_t i = 0; i < file_count; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	errno = ENOENT;
	return NULL;
}

static void add(const char *name, size_t length, const char *text)
{
	if (file_count < FILES_MAX)
		files[file_count++] = (struct file){ strndup(name, length), text, 0, -1 };
}

/* The line "=== NAME" at or after text, or NULL. */
static char *next_mark(char *text, const char *end)
{
	while (text < end && strncmp(text, MARK, strlen(MARK))) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (!text)
			return NULL;
		text++;
	}
	return text < end ? text : NULL;
}

void files_set(const uint8_t *data, size_t size)
{
	char *text, *mark, *end;

	input = malloc(size + 1);
	MUST(input);
	memcpy(input, data, size);
	input[size] = '\0';
	end = input + size;
	text = input;
	add("main", 4, text);
	while ((mark = next_mark(text, end)) && file_count < FILES_MAX) {
		char *name = mark + strlen(MARK), *newline = memchr(name, '\n', (size_t)(end - name));

		files[file_count - 1].size = (size_t)(mark - text);
		text = newline ? newline + 1 : end;
		add(name, (size_t)((newline ? newline : end) - name), text);
	}
	files[file_count - 1].size = (size_t)(end - text);
}

void files_clear(void)
{
	for (size_t i = 0; i < file_count; i++) {
		free(files[i].name);
		if (files[i].fd >= 0)
			close(files[i].fd);
	}
	file_count = 0;
	free(input);
	input = NULL;
}

const char *files_get(const char *name, size_t *size)
{
	const struct file *file = find(name);

	*size = file ? file->size : 0;
	return file ? file->text : NULL;
}

/* One inode for each name, as on a disk: the program tells files from each other by it. */
int __wrap_open(const char *path, int flags, ...)
{
	struct file *file = find(path);

	if (!file_count || (flags & O_ACCMODE) != O_RDONLY)
		return __real_open(path, flags, 0666);
	if (!file)
		return -1;
	if (file->fd < 0)
		file->fd = fuzz_file(file->text, file->size);
	MUST(lseek(file->fd, 0, SEEK_SET) == 0);
	return fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	const struct file *file;

	if (!file_count || mode[0] != 'r' || !strncmp(path, KEPT_PREFIX, strlen(KEPT_PREFIX)))
		return __real_fopen(path, mode);
	file = find(path);
	if (!file)
		return NULL;
	/* fmemopen() knows no empty files. */
	return file->size ? fmemopen((void *)(uintptr_t)file->text, file->size, mode) :
			    __real_fopen("/dev/null", mode);
}

int __wrap_stat(const char *path, struct stat *stat)
{
	if (!file_count)
		return __real_stat(path, stat);
	memset(stat, 0, sizeof(*stat));
	stat->st_mode = S_IFREG;
	return find(path) ? 0 : -1;
}

ssize_t __wrap_readlink(const char *path, char *target, size_t size)
{
	const struct file *file = find(path);
	size_t length = file ? file->size : 0;

	if (!file_count)
		return __real_readlink(path, target, size);
	if (!file)
		return -1;
	length = length < size ? length : size;
	memcpy(target, file->text, length);
	return (ssize_t)length;
}

DIR *__wrap_opendir(const char *path)
{
	if (!file_count)
		return __real_opendir(path);
	errno = ENOENT;
	return NULL;
}
