/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes files so that they are whole or untouched, whatever happens meanwhile. */
#ifndef SAVE_H
#define SAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/*
 * write() puts `what` into a new file beside PATH, which is then renamed and has the owner and mode of the old one. A
 * FIFO, terminal or /dev/null is written in place, without blocking for ever, and so is a file that is a mount by itself,
 * which nothing can replace. What another user may have planted in a
 * folder like /tmp is refused (base/planted.h).
 */
int save_file(const char *path, int (*write)(const void *what, FILE *out), const void *what,
	      struct err *err);

/*
 * Could save_file() write there? To be asked before work that takes long: it creates nothing.
 * 0 or -errno.
 */
int save_check(const char *path, struct err *err);

/*
 * As save_file(), but for what must be readable while it grows: write() gives its begin, and the rest is for
 * write_patiently(). An old file stays until the new one has its begin. Returns a descriptor, or -errno.
 */
int save_begin(const char *path, int (*write)(const void *what, FILE *out), const void *what, struct err *err);

/* Empties PATH, or makes it. Returns a descriptor, or -errno. */
int save_open(const char *path, struct err *err);

#endif
