// SPDX-License-Identifier: GPL-2.0-only
/* The only file that calls iniparser. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* memfd_create */
#endif
#include "config/ini_values.h"

#include <errno.h>
#include <iniparser/iniparser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* iniparser's messages are not needed: ini_scan.c has reported what iniparser would refuse. */
static int ignore_message(const char *format, ...)
{
	(void)format;
	return 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t bytes = write(fd, text, size);

		if (bytes < 0 && errno != EINTR)
			return -errno;
		text += bytes > 0 ? bytes : 0;
		size -= bytes > 0 ? (size_t)bytes : 0;
	}
	return 0;
}

/* iniparser opens files by name only: a memfd has a name in /proc, and leaves no file behind. */
static int parse(const char *text, size_t size, dictionary **parsed)
{
	char path[32];
	int fd = memfd_create("minivmm-ini", MFD_CLOEXEC);
	int code;

	if (fd < 0)
		return -errno;
	code = write_all(fd, text, size);
	/* A limit of the size of files holds for a memfd as well. -EFBIG is a config that is too large. */
	if (code == -EFBIG)
		code = -ENOSPC;
	if (!code) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		iniparser_set_error_callback(ignore_message);
		errno = 0;
		*parsed = iniparser_load(path);
		code = *parsed ? 0 : errno ? -errno : -EIO;
		/* The file is there: it is its name that is not. */
		if (code == -ENOENT)
			code = -ENODEV;
		iniparser_set_error_callback(NULL);
	}
	close(fd);
	return code;
}

int ini_values(const char *text, size_t size, struct ini_items *items, size_t first)
{
	dictionary *parsed = NULL;
	int code = parse(text, size, &parsed);

	for (size_t i = first; !code && i < items->count; i++) {
		struct ini_item *item = &items->list[i];
		char name[2 * INI_NAME_MAX + 2];
		const char *value;

		if (item->kind != INI_KEY)
			continue;
		snprintf(name, sizeof(name), "%s:%s", item->section, item->name);
		value = iniparser_getstring(parsed, name, NULL);
		item->value = value ? strdup(value) : NULL;
		if (!item->value)
			code = value ? -ENOMEM : -EIO;
	}
	iniparser_freedict(parsed);
	return code;
}
