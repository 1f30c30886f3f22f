// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is being done, on stderr: on a terminal a line that is overwritten, for what takes longer
 * than a second; plain, a line per phase. A thread of its own, so that nothing waits for it.
 */
#include "cmd_progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define TICK_NS 200000000u
#define PATIENCE_NS 1000000000u

static const char *now_doing(const struct run *run)
{
	return __atomic_load_n(&run->doing, __ATOMIC_ACQUIRE);
}

static void show(struct progress_line *line, const char *doing, uint64_t elapsed)
{
	double seconds = (double)elapsed / 1e9;

	if (line->plain) {
		if (doing != line->shown)
			fprintf(stderr, "minivmm: %.1f s: %s%s%s\n", seconds, line->what,
				*line->what ? ", " : "", doing);
	} else if (elapsed >= PATIENCE_NS) {
		fprintf(stderr, "\r\033[Kminivmm: %.0f s: %s%s%.40s", seconds, line->what,
			*line->what ? ", " : "", doing);
		line->dirty = true;
	}
	line->shown = doing;
}

static void *line_main(void *argument)
{
	struct progress_line *line = argument;
	uint64_t start = clock_ns();

	pthread_mutex_lock(&line->lock);
	while (!line->quit) {
		struct timespec until;
		const char *doing = now_doing(line->run);

		if (doing)
			show(line, doing, clock_ns() - start);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TICK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&line->wake, &line->lock, &until);
	}
	pthread_mutex_unlock(&line->lock);
	if (line->dirty)
		fputs("\r\033[K", stderr);
	return NULL;
}

void progress_begin(struct progress_line *line, enum progress when, const char *what,
		    const struct run *run)
{
	sigset_t all, old;

	*line = (struct progress_line){ .what = what, .run = run, .plain = when == PROGRESS_PLAIN };
	if (when == PROGRESS_NEVER || (when == PROGRESS_AUTO && !isatty(STDERR_FILENO)))
		return;
	pthread_mutex_init(&line->lock, NULL);
	pthread_cond_init(&line->wake, NULL);
	/* Signals are for the run, which blocks and reads them: see team.c. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	line->started = !pthread_create(&line->thread, NULL, line_main, line);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void progress_end(struct progress_line *line)
{
	if (!line->started)
		return;
	pthread_mutex_lock(&line->lock);
	line->quit = true;
	pthread_cond_signal(&line->wake);
	pthread_mutex_unlock(&line->lock);
	pthread_join(line->thread, NULL);
	pthread_cond_destroy(&line->wake);
	pthread_mutex_destroy(&line->lock);
	line->started = false;
}
