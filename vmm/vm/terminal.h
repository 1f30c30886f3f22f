/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal while it is a guest's console: raw, so that every key is the guest's. There is one per process, and
 * what ends the process gives it back as it was; after SIGKILL or a crash, a process that waits for that does.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

#include "base/err.h"

/* Are standard input and output a terminal, and is this process in its foreground? */
bool terminal_is_ours(void);
/* Makes it raw, and again after each SIGCONT. 0 or -errno. */
int terminal_make_raw(struct err *err);
/* Makes it what it was before, if it is raw. From any thread, and from a signal handler. */
void terminal_restore(void);

#endif
