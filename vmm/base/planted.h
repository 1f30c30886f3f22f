/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What another user may have put in the way of a file that root writes: a link, a FIFO or a file in a folder where
 * anyone may create names, such as /tmp. The rules are those of the kernel's fs.protected_symlinks, protected_fifos and
 * protected_regular (fs/namei.c: may_follow_link(), may_create_in_sticky()), and no hard link is written through (there
 * protected_hardlinks would not let it be made), whatever these are set to here: save.c
 * follows links by readlink(), of which the kernel knows nothing, and the kernel looks at the last component only.
 */
#ifndef PLANTED_H
#define PLANTED_H

#include "base/err.h"

#define PLANTED_LINKS 40	/* of one path, as the kernel's MAXSYMLINKS */

/* 0, if path and every link on the way to it may be trusted, or does not exist; else -EPERM with the reason. */
int planted_check(const char *path, struct err *err);
/* The same of what path named when it was opened as fd, without following a link: it may have come since. */
int planted_check_open(int fd, const char *path, struct err *err);

#endif
