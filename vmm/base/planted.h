/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What another user may have put in the way of a file that root writes: a link, a FIFO or a file in a folder where
 * anyone may create names, such as /tmp. The rule is that of the kernel's fs.protected_symlinks, protected_fifos and
 * protected_regular (fs/namei.c: may_follow_link(), may_create_in_sticky()), whatever these are set to here: realpath()
 * follows links without asking the kernel, and the kernel looks at the last component only.
 */
#ifndef PLANTED_H
#define PLANTED_H

#include "base/err.h"

/* 0, if path and every link on the way to it may be trusted, or does not exist; else -EPERM with the reason. */
int planted_check(const char *path, struct err *err);
/* The same of what path named when it was opened as fd, without following a link: it may have come since. */
int planted_check_open(int fd, const char *path, struct err *err);

#endif
