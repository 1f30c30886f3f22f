// SPDX-License-Identifier: GPL-2.0-only
#include "vm/pc_input.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How many bytes came. 0: no more will, or nobody wants them. */
static size_t wait_for_bytes(const struct pc_input *input, uint8_t *bytes, size_t size)
{
	struct pollfd fds[] = { { .fd = input->fd, .events = POLLIN }, { .fd = input->wake, .events = POLLIN } };
	ssize_t count;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 0;
		if (fds[1].revents)
			return 0;
		count = fds[0].revents ? read(input->fd, bytes, size) : -1;
		if (count >= 0)
			return (size_t)count;
		if (fds[0].revents && errno != EINTR && errno != EAGAIN)
			return 0;
	}
}

static void *input_main(void *argument)
{
	struct pc *pc = argument;
	uint8_t bytes[64];
	size_t count;

	do
		count = wait_for_bytes(&pc->input, bytes, sizeof(bytes));
	while (count && pc_receive(pc, bytes, count));
	return NULL;
}

int pc_input_start(struct pc *pc, int fd, struct err *err)
{
	int code;

	pc->input = (struct pc_input){ .fd = fd, .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (pc->input.wake < 0)
		return err_errno(err, errno, "eventfd");
	/* What a guest asks must be seen before somebody answers it. */
	pc->console.eager = true;
	code = pthread_create(&pc->input.thread, NULL, input_main, pc);
	pc->input.started = !code;
	if (code)
		close(pc->input.wake);
	return code ? err_errno(err, code, "pthread_create(what is typed)") : 0;
}

void pc_input_stop(struct pc *pc)
{
	if (!pc->input.started)
		return;
	pc_hang_up(pc);
	/* Only an overflow could make this fail, and then it is awake. */
	eventfd_write(pc->input.wake, 1);
	pthread_join(pc->input.thread, NULL);
	close(pc->input.wake);
	pc->input.started = false;
}
