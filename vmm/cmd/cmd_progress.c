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

/* The phase that runs now, the last that began; NULL: none did. Each is complete before it is counted, see phase_begin(). */
static const struct phase_result *now_running(const struct run *run)
{
	size_t count = __atomic_load_n(&run->phase_count, __ATOMIC_ACQUIRE);

	return count ? &run->phases[count - 1] : NULL;
}

/* Width of the terminal: a line that wraps could not be overwritten. */
static size_t columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 10 ? 80 : size.ws_col;
}

/* ": OP, OP" of a stress phase, else nothing. */
static const char *list_ops(const struct config *config, const struct phase_result *phase, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; phase->cfg && phase->cfg->what == DO_STRESS && i < config->worker_count && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : ": ",
					   op_info(config->workers[i].op)->name);
	return text;
}

/* " (N of M)": the report has a phase for the VM's creation and one for its end, besides the config's. */
static const char *place(const struct run *run, const struct phase_result *phase, char *text, size_t size)
{
	snprintf(text, size, " (%td of %zu)", phase - run->phases + 1, run->config->phase_count + 2);
	return text;
}

/*
 * A line for each phase that has begun, however short it was. After a crash of the kernel these lines, and those of the
 * journal, are all that says what ran: so the phase waits for them (run/phase_watch.h).
 */
static void show_plain(struct progress_line *line, const struct phase_result *now)
{
	const struct run *run = line->run;
	char ops[512], at[48];

	for (; run->phases + line->shown <= now; line->shown++) {
		const struct phase_result *phase = &run->phases[line->shown];

		fprintf(stderr, "minivmm: %.1f s: %s%s%s%s%s\n", (double)(phase->began_ns - line->start) / 1e9, line->what,
			*line->what ? ", " : "", phase->name, list_ops(run->config, phase, ops, sizeof(ops)),
			place(run, phase, at, sizeof(at)));
	}
}

/* ", N s left" of a phase that has a duration. */
static const char *time_left(const struct phase_result *phase, uint64_t now, char *text, size_t size)
{
	uint64_t duration = phase->cfg && phase->cfg->what == DO_STRESS ? phase->cfg->duration : 0;
	uint64_t elapsed = now - phase->began_ns;

	*text = '\0';
	if (duration > elapsed)
		snprintf(text, size, ", %.0f s left", (double)(duration - elapsed) / 1e9);
	return text;
}

static void show(struct progress_line *line, const struct phase_result *phase, uint64_t now)
{
	char text[320], at[48], left[48];

	if (line->quiet) {
		return;
	} else if (line->plain) {
		show_plain(line, phase);
	} else if (now - line->start >= PATIENCE_NS) {
		snprintf(text, sizeof(text), "minivmm: %.0f s: %s%s%s%s%s%s", (double)(now - line->start) / 1e9, line->what,
			 *line->what ? ", " : "", phase->name, place(line->run, phase, at, sizeof(at)),
			 time_left(phase, now, left, sizeof(left)), line->rates);
		fputs("\r\033[K", stderr);
		text_fit(stderr, text, columns() - 1);
		line->dirty = true;
	}
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

/* Each phase that has begun has its line in the journal. */
static void note_phases(struct progress_line *line, const struct phase_result *now)
{
	const struct run *run = line->run;

	for (; line->journal && run->phases + line->noted <= now; line->noted++) {
		const struct phase_result *phase = &run->phases[line->noted];

		journal_phase(line->journal, run->config, phase, phase->began_ns - line->start);
	}
}

static void look(struct progress_line *line)
{
	const struct phase_result *phase = now_running(line->run);

	if (!phase)
		return;
	note_phases(line, phase);
	sample(line, phase->name, line->start);
	show(line, phase, clock_ns());
}

static size_t begun(const struct progress_line *line)
{
	return __atomic_load_n(&line->run->phase_count, __ATOMIC_ACQUIRE);
}

/* It writes without the lock: nobody waits for the lock while a reader is stuck. */
static void *line_main(void *argument)
{
	struct progress_line *line = argument;
	struct phase_watch *watch = &line->watch;

	pthread_mutex_lock(&watch->lock);
	while (!line->quit) {
		size_t count = begun(line);
		struct timespec until;

		pthread_mutex_unlock(&watch->lock);
		look(line);
		pthread_mutex_lock(&watch->lock);
		watch->count = count;
		pthread_cond_signal(&watch->written);
		until = clock_time(clock_ns() + TICK_NS);
		if (!line->quit && begun(line) == count)
			pthread_cond_clockwait(&watch->wake, &watch->lock, CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&watch->lock);
	/* What began since the last tick gets its line as well. */
	if (line->plain)
		look(line);
	if (line->dirty)
		fputs("\r\033[K", stderr);
	return NULL;
}

void progress_begin(struct progress_line *line, enum progress when, const char *what,
		    struct run *run, struct journal *journal)
{
	sigset_t all, old;

	*line = (struct progress_line){
		.what = what, .run = run, .start = clock_ns(), .plain = when == PROGRESS_PLAIN, .journal = journal,
		/* A line that is overwritten has no place in the midst of a guest's console. */
		.quiet = when == PROGRESS_NEVER || (when == PROGRESS_AUTO && (!isatty(STDERR_FILENO) || run->typed)),
	};
	if (line->quiet && !journal)
		return;
	phase_watch_init(&line->watch);
	/* This thread takes no signal: the run blocks them and reads them, see vm/signals.c. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	line->started = !pthread_create(&line->thread, NULL, line_main, line);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	run->watch = line->started && (line->plain || journal) ? &line->watch : NULL;
}

void progress_end(struct progress_line *line)
{
	if (!line->started)
		return;
	line->run->watch = NULL;
	pthread_mutex_lock(&line->watch.lock);
	line->quit = true;
	pthread_cond_signal(&line->watch.wake);
	pthread_mutex_unlock(&line->watch.lock);
	pthread_join(line->thread, NULL);
	phase_watch_destroy(&line->watch);
	line->started = false;
}
