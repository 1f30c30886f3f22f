// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guest_console.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int console_open(struct guest_console *console, const struct config *config, struct err *err)
{
	*console = (struct guest_console){ .fd = -1 };
	if (config->guest.console == CONSOLE_STDOUT)
		console->fd = STDOUT_FILENO;
	if (config->guest.console != CONSOLE_FILE)
		return 0;
	console->fd = open(config->guest.console_path,
			   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	console->owned = true;
	return console->fd >= 0 ? 0 : err_errno(err, errno, "guest.console: open(%s)",
						config->guest.console_path);
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
