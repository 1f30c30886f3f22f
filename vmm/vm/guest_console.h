/* SPDX-License-Identifier: GPL-2.0-only */
/* What a guest prints on its serial port: where it goes, its end, and what is looked for in it. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/tail.h"
#include "config/config.h"

#define CONSOLE_BYTES_MAX (64ull << 20)	/* a guest that prints more is ended */

struct guest_console {
	int fd;				/* of stdout or a file, -1: it goes nowhere */
	bool owned;			/* the descriptor is closed at the end */
	bool eager;			/* each byte is written at once, not each line */
	struct tail tail;
	uint64_t bytes;
	int error;			/* errno of a write that failed, 0: none has */
	char buffer[1024];		/* not written yet */
	size_t buffered;
};

/* Opens the config's console = file:PATH. 0 or -errno. */
int console_open(struct guest_console *console, const struct config *config, struct err *err);
void console_put(struct guest_console *console, char byte);
/* Writes what is buffered. */
void console_flush(struct guest_console *console);
void console_close(struct guest_console *console);

#endif
