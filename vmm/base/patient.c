// SPDX-License-Identifier: GPL-2.0-only
#include "base/patient.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"

#define TICK_MS 100
#define LAST_CHANCE_NS 500000000u	/* for a reader that is slow, once a signal has come */

/* What another thread says to whoever writes, and writers are not told of each other. */
static bool in_a_hurry;	/* atomic */

void patient_hurry(bool on)
{
	__atomic_store_n(&in_a_hurry, on, __ATOMIC_RELEASE);
}

static bool is_signal_pending(void)
{
	sigset_t pending;

	if (__atomic_load_n(&in_a_hurry, __ATOMIC_ACQUIRE))
		return true;
	if (sigpending(&pending))
		return false;
	return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

/* Waits until fd may take more. until is 0, or when to give up. */
static int wait_for_reader(int fd, uint64_t *until)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	if (poll(&poll_fd, 1, TICK_MS) < 0 && errno != EINTR)
		return -errno;
	if (!*until && is_signal_pending())
		*until = clock_ns() + LAST_CHANCE_NS;
	return *until && clock_ns() > *until ? -EINTR : 0;
}

int write_patiently(int fd, const void *data, size_t size)
{
	const char *next = data;
	uint64_t until = 0;
	int rc = 0;

	while (!rc && size) {
		ssize_t done = write(fd, next, size);

		if (done >= 0) {
			next += done;
			size -= (size_t)done;
		} else if (errno == EAGAIN) {
			rc = wait_for_reader(fd, &until);
		} else if (errno != EINTR) {
			rc = -errno;
		}
	}
	return rc;
}
