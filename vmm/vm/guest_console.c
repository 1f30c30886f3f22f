// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guest_console.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/save.h"

/* As -o opens its file: the guest's text lands nowhere where another user wants it. */
static int open_file(const char *path, struct err *err)
{
	struct err reason = { .text = "" };
	int fd = save_open(path, &reason);

	/* The vCPU's thread waits for the reader of a FIFO, as for that of standard output. */
	if (fd >= 0)
		fcntl(fd, F_SETFL, O_APPEND);
	return fd >= 0 ? fd : err_set(err, -fd, "guest.console: %s", reason.text);
}

int console_open(struct guest_console *console, const struct config *config, struct err *err)
{
	int fd;

	*console = (struct guest_console){ .fd = -1 };
	if (config->selftest.break_what == BREAK_CONSOLE_FULL)
		console->bytes = CONSOLE_BYTES_MAX - 4096;
	if (config->guest.console == CONSOLE_STDOUT)
		console->fd = STDOUT_FILENO;
	if (config->guest.console != CONSOLE_FILE)
		return 0;
	fd = open_file(config->guest.console_path, err);
	if (fd < 0)
		return fd;
	console->fd = fd;
	console->owned = true;
	return 0;
}

/* After a write that failed nothing more is written: the run ends with it. */
void console_flush(struct guest_console *console)
{
	const char *at = console->buffer;

	while (console->fd >= 0 && !console->error && console->buffered) {
		ssize_t written = write(console->fd, at, console->buffered);

		if (written < 0 && errno != EINTR)
			console->error = errno;
		if (written <= 0)
			continue;
		at += written;
		console->buffered -= (size_t)written;
	}
	console->buffered = 0;
}

void console_put(struct guest_console *console, char byte)
{
	console->bytes++;
	tail_add(&console->tail, byte);
	console->buffer[console->buffered++] = byte;
	if (console->eager || byte == '\n' || console->buffered == sizeof(console->buffer))
		console_flush(console);
}

void console_close(struct guest_console *console)
{
	console_flush(console);
	if (console->owned && console->fd >= 0)
		close(console->fd);
	console->fd = -1;
}
