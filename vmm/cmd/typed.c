// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/typed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int typed_open(struct typed *typed, struct err *err)
{
	int ends[2];

	*typed = (struct typed){ .from = -1, .to = -1 };
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return err_errno(err, errno, "pipe2");
	typed->from = ends[0];
	typed->to = ends[1];
	return 0;
}

void typed_close(struct typed *typed)
{
	if (typed->from >= 0)
		close(typed->from);
	if (typed->to >= 0)
		close(typed->to);
	typed->from = typed->to = -1;
}

/* Ctrl-a x leaves, Ctrl-a a and Ctrl-a Ctrl-a are one Ctrl-a, and nothing else is lost. */
size_t typed_filter(struct typed *typed, const uint8_t *bytes, size_t count, uint8_t *kept, bool *leaves)
{
	size_t length = 0;

	*leaves = false;
	for (size_t i = 0; i < count; i++) {
		bool escaped = typed->escape;

		typed->escape = !escaped && bytes[i] == TYPED_ESCAPE;
		if (typed->escape)
			continue;
		if (escaped && bytes[i] == 'x') {
			*leaves = true;
			continue;
		}
		if (escaped)
			kept[length++] = TYPED_ESCAPE;
		if (!escaped || (bytes[i] != 'a' && bytes[i] != TYPED_ESCAPE))
			kept[length++] = bytes[i];
	}
	return length;
}

/* A guest that reads nothing loses what is typed once the pipe is full, as a terminal's own queue does; the escape works. */
bool typed_pass_on(struct typed *typed)
{
	uint8_t bytes[256], kept[sizeof(bytes) + 1];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof(bytes));
	bool leaves = false;
	size_t length;

	if (count <= 0) {
		typed->over = !count || (errno != EINTR && errno != EAGAIN);
		return false;
	}
	length = typed_filter(typed, bytes, (size_t)count, kept, &leaves);
	if (length && write(typed->to, kept, length) < 0)
		errno = 0;
	return leaves;
}
