// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
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

/* What a terminal takes, as a whole: a sequence may be written in parts. */
struct terminal {
	char *text;
	size_t size;
};

static ssize_t take_safe(void *cookie, const char *text, size_t size)
{
	struct terminal *terminal = cookie;

	terminal->text = realloc(terminal->text, terminal->size + size + 1);
	MUST(terminal->text);
	memcpy(terminal->text + terminal->size, text, size);
	terminal->size += size;
	terminal->text[terminal->size] = '\0';
	return (ssize_t)size;
}

/* C1, left-to-right and right-to-left marks, embeddings, overrides and isolates, line separators, in UTF-8. */
static bool acts(const unsigned char *c)
{
	return (*c < 0x20 && *c != '\n') || *c == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) ||
	       (c[0] == 0xd8 && c[1] == 0x9c) ||
	       (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	       (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static int close_terminal(void *cookie)
{
	struct terminal *terminal = cookie;

	for (size_t i = 0; i < terminal->size; i++)
		MUST(!acts((const unsigned char *)terminal->text + i));
	free(terminal->text);
	free(terminal);
	return 0;
}

static ssize_t take_any(void *cookie, const char *text, size_t size)
{
	(void)cookie;
	(void)text;
	return (ssize_t)size;
}

static FILE *open_sink(void *cookie, cookie_io_functions_t functions)
{
	FILE *out = fopencookie(cookie, "w", functions);

	MUST(out);
	return out;
}

FILE *fuzz_terminal(void)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));

	MUST(terminal);
	return open_sink(terminal, (cookie_io_functions_t){ .write = take_safe, .close = close_terminal });
}

FILE *fuzz_sink(void)
{
	return open_sink(NULL, (cookie_io_functions_t){ .write = take_any });
}
