/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that are whole or untouched, whatever happens while they are written. */
#ifndef SAVE_H
#define SAVE_H

#include <stdio.h>

#include "base/err.h"

/* write puts `what` on a stream and returns 0 or -errno; it goes beside PATH, then is renamed. */
int save_file(const char *path, int (*write)(const void *what, FILE *out), const void *what,
	      struct err *err);

/*
 * Could save_file() write there? For who is about to work for hours: only a look, nothing is made.
 * 0, or -errno.
 */
int save_check(const char *path, struct err *err);

#endif
