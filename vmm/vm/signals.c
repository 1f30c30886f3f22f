// SPDX-License-Identifier: GPL-2.0-only
#include "vm/signals.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* A blocked signal is queued even if it is ignored, so ignored ones are left out. */
static void add_unless_ignored(sigset_t *ends, int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) || action.sa_handler != SIG_IGN)
		sigaddset(ends, number);
}

int signals_open(struct signals *signals, struct err *err)
{
	sigset_t ends;
	int code;

	sigemptyset(&ends);
	add_unless_ignored(&ends, SIGINT);
	add_unless_ignored(&ends, SIGTERM);
	add_unless_ignored(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, &signals->old_mask);
	signals->fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd >= 0)
		return 0;
	code = err_errno(err, errno, "signalfd");
	pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
	return code;
}

int signals_next(const struct signals *signals)
{
	struct signalfd_siginfo info;

	if (!signals || read(signals->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

bool signals_came(const struct signals *signals)
{
	struct pollfd fd = { .fd = signals ? signals->fd : -1, .events = POLLIN };

	return signals && poll(&fd, 1, 0) > 0;
}

void signals_close(struct signals *signals)
{
	while (signals_next(signals))
		continue;
	close(signals->fd);
	signals->fd = -1;
	pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
}
