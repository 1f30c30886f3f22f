// SPDX-License-Identifier: GPL-2.0-only
#include "run/phase_watch.h"

#include <errno.h>

#include "base/clock.h"

#define PATIENCE_NS 500000000ull	/* for a disk that is busy, or a terminal that nobody reads */

void phase_watch_init(struct phase_watch *watch)
{
	*watch = (struct phase_watch){ 0 };
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->wake, NULL);
	pthread_cond_init(&watch->written, NULL);
}

void phase_watch_destroy(struct phase_watch *watch)
{
	pthread_cond_destroy(&watch->wake);
	pthread_cond_destroy(&watch->written);
}

/* The watcher writes without the lock. */
void phase_watch_wait(struct phase_watch *watch, size_t count)
{
	struct timespec until = clock_time(clock_ns() + PATIENCE_NS);

	pthread_mutex_lock(&watch->lock);
	pthread_cond_signal(&watch->wake);
	while (watch->count < count && !watch->late)
		watch->late = pthread_cond_clockwait(&watch->written, &watch->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT;
	pthread_mutex_unlock(&watch->lock);
}
