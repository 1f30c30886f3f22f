// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows on stderr what a run does: on a terminal one line that is overwritten, once the run has
 * taken a second; with --progress plain a line per phase. It is a thread of its own, so that the
 * run never waits for it.
 */
#include "cmd/cmd_progress.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/config.h"
#include "config/ops.h"

#define TICK_NS 200000000u
#define PATIENCE_NS 1000000000u
#define SAMPLE_NS 1000000000u

static const char *now_doing(const struct run *run)
{
	return __atomic_load_n(&run->doing, __ATOMIC_ACQUIRE);
}

/* Width of the terminal: a line that wraps could not be overwritten. */
static size_t columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 10 ? 80 : size.ws_col;
}

/* ": OP, OP" of a stress phase, else nothing. */
static const char *list_ops(const struct config *config, const char *doing, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < config->phase_count; i++) {
		if (config->phases[i].what != DO_STRESS || strcmp(config->phases[i].name, doing))
			continue;
		for (size_t j = 0; j < config->worker_count && length < size; j++)
			length += (size_t)snprintf(text + length, size - length, "%s%s", j ? ", " : ": ",
						   op_info(config->workers[j].op)->name);
	}
	return text;
}

/* After a crash of the kernel this line is all that says what ran: so it is written at once. */
static void show_plain(const struct progress_line *line, const char *doing, double seconds)
{
	char ops[512];

	fprintf(stderr, "minivmm: %.1f s: %s%s%s%s\n", seconds, line->what, *line->what ? ", " : "", doing,
		list_ops(line->run->config, doing, ops, sizeof(ops)));
}

static void show(struct progress_line *line, const char *doing, uint64_t elapsed)
{
	double seconds = (double)elapsed / 1e9;
	char text[256];

	if (line->quiet) {
		return;
	} else if (line->plain) {
		if (doing != line->shown)
			show_plain(line, doing, seconds);
	} else if (elapsed >= PATIENCE_NS) {
		snprintf(text, sizeof(text), "minivmm: %.0f s: %s%s%s%s", seconds, line->what,
			 *line->what ? ", " : "", doing, line->rates);
		fputs("\r\033[K", stderr);
		text_fit(stderr, text, columns() - 1);
		line->dirty = true;
	}
	line->shown = doing;
}

/* Rounds per second of as many workers as the line has room for. */
static void note_rates(struct progress_line *line, const struct stress_count *now, size_t count,
		       uint64_t ns)
{
	size_t length = 0, room = sizeof(line->rates);

	line->rates[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		uint64_t before = line->last[i].name == now[i].name ? line->last[i].rounds : 0;
		double rate = (double)(now[i].rounds - before) * 1e9 / (double)ns;
		char text[48];
		int width = snprintf(text, sizeof(text), "%s%s %.0f/s%s", i ? ", " : ": ",
				     now[i].name, rate, now[i].failures ? " FAILS" : "");

		if (length + (size_t)width >= room - 20)
			break;
		memcpy(line->rates + length, text, (size_t)width + 1);
		length += (size_t)width;
	}
}

/* Once per second of a stress phase. What run->stressing points to lives as long as the run. */
static void sample(struct progress_line *line, const char *doing, uint64_t start)
{
	const struct stress_result *stress =
		__atomic_load_n(&line->run->stressing, __ATOMIC_ACQUIRE);
	struct stress_count counts[STRESS_COUNTS];
	uint64_t now = clock_ns();
	size_t count;

	if (!stress) {
		line->rates[0] = '\0';
		line->sampled_ns = 0;
		return;
	}
	if (line->sampled_ns && now - line->sampled_ns < SAMPLE_NS)
		return;
	count = stress_sample(stress, counts, STRESS_COUNTS);
	if (line->sampled_ns)
		note_rates(line, counts, count, now - line->sampled_ns);
	memcpy(line->last, counts, count * sizeof(*counts));
	line->sampled_ns = now;
	if (line->journal)
		journal_sample(line->journal, doing, now - start, stress);
}

static void *line_main(void *argument)
{
	struct progress_line *line = argument;
	uint64_t start = clock_ns();

	pthread_mutex_lock(&line->lock);
	while (!line->quit) {
		struct timespec until = clock_time(clock_ns() + TICK_NS);
		const char *doing = now_doing(line->run);

		if (doing) {
			sample(line, doing, start);
			show(line, doing, clock_ns() - start);
		}
		pthread_cond_clockwait(&line->wake, &line->lock, CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&line->lock);
	/* A run that is shorter than a tick gets its line as well. */
	if (line->plain && now_doing(line->run))
		show(line, now_doing(line->run), clock_ns() - start);
	if (line->dirty)
		fputs("\r\033[K", stderr);
	return NULL;
}

void progress_begin(struct progress_line *line, enum progress when, const char *what,
		    const struct run *run, struct journal *journal)
{
	sigset_t all, old;

	*line = (struct progress_line){
		.what = what, .run = run, .plain = when == PROGRESS_PLAIN, .journal = journal,
		.quiet = when == PROGRESS_NEVER || (when == PROGRESS_AUTO && !isatty(STDERR_FILENO)),
	};
	if (line->quiet && !journal)
		return;
	pthread_mutex_init(&line->lock, NULL);
	pthread_cond_init(&line->wake, NULL);
	/* This thread takes no signal: the run blocks them and reads them, see vm/signals.c. */
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
