// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	abort();
}

int fuzz_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static ssize_t take_safe(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	for (size_t i = 0; i < size; i++)
		MUST(((unsigned char)text[i] >= 0x20 && text[i] != 0x7f) || text[i] == '\n');
	return (ssize_t)size;
}

static ssize_t take_any(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	(void)text;
	return (ssize_t)size;
}

static FILE *open_sink(cookie_write_function_t *take)
{
	FILE *out = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = take });

	MUST(out);
	return out;
}

FILE *fuzz_terminal(void)
{
	return open_sink(take_safe);
}

FILE *fuzz_sink(void)
{
	return open_sink(take_any);
}
