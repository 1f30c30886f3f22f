// SPDX-License-Identifier: GPL-2.0-only
#include "vm/signals.h"

#include <errno.h>
#include <pthread.h>

#include "vm/guard.h"

/* A blocked signal is queued even if it is ignored, so ignored ones are left out. */
static void add_unless_ignored(sigset_t *ends, int number)
{
	struct sigaction action;

	if (sigaction(number, NULL, &action) || action.sa_handler != SIG_IGN)
		sigaddset(ends, number);
}

int signals_open(struct signals *signals, struct err *err)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t ends;

	sigemptyset(&ends);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_unless_ignored(&ends, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &ends, &signals->old_mask);
	signals->guard = guard_open(&ends, err);
	if (signals->guard)
		return 0;
	pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
	return -EIO;
}

int signals_after_fork(const struct signals *signals, struct err *err)
{
	return signals ? guard_after_fork(signals->guard, err) : 0;
}

void signals_watch(const struct signals *signals, const struct signals_end *end)
{
	if (signals)
		guard_watch(signals->guard, end);
}

void signals_claim(const struct signals *signals)
{
	if (signals)
		guard_claim(signals->guard);
}

int signals_fd(const struct signals *signals)
{
	return signals ? guard_fd(signals->guard) : -1;
}

int signals_next(const struct signals *signals)
{
	return signals ? guard_next(signals->guard) : 0;
}

bool signals_came(const struct signals *signals)
{
	return signals && guard_came(signals->guard);
}

void signals_close(struct signals *signals)
{
	while (signals_next(signals))
		continue;
	guard_close(signals->guard);
	signals->guard = NULL;
	pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
}
