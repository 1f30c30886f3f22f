// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/patient.h"
#include "vm/terminal.h"

#define TICK_MS 50
/* The second that a signal has: so long may the process only wait, then the last report may take the rest. */
#define PATIENCE_NS 600000000ull
#define REPORT_NS 300000000ull
/* timeout(1) and job control send one SIGINT to the process and the same to its group: nobody presses a key so fast twice. */
#define ONE_PRESS_NS 200000000ull
/* On a slow or busy machine what it computes, or waits for a CPU, is not counted, up to so much more: two seconds in all. */
#define BUSY_NS 1400000000ull
#define REPORT_BUSY_NS 600000000ull
_Static_assert(PATIENCE_NS + BUSY_NS + REPORT_NS + REPORT_BUSY_NS == SIGNALS_LONGEST_NS, "parents wait for so long");

struct guard {
	pthread_t thread;
	pthread_mutex_t lock;	/* of all below but the descriptors */
	pthread_cond_t begun;	/* with runs */
	bool runs;		/* the thread has begun */
	int source;		/* signalfd */
	int queue[2];		/* a pipe with the numbers of those that came */
	int wake;		/* eventfd: something below has changed */
	int schedstat;		/* of the main thread; -1: this kernel has none */
	int reporter;		/* atomic: that of the thread that delivers the last report */
	struct signals_end end;
	int first;		/* the first signal, 0: none came */
	uint64_t since_ns, busy_ns; /* when the first came, and how long the main thread had been busy then */
	uint64_t interrupt_ns;	/* when the first SIGINT came, 0: none */
	enum { NOBODY, RUN, GUARD } delivers; /* the report */
	uint64_t claim_ns, claim_busy_ns; /* as since_ns and busy_ns, when the run claimed it */
	bool quit;		/* the run is over, or the last report is delivered */
	sigset_t ends;
};

#define GUARD_CLOSED(set) \
	{ .source = -1, .queue = { -1, -1 }, .wake = -1, .schedstat = -1, .reporter = -1, .ends = (set) }

/* Returns false where the thread may go on sleeping, because a filter (seccomp) denies write(). */
static bool wake(const struct guard *guard)
{
	/* Where the count would overflow the thread is awake. */
	return !eventfd_write(guard->wake, 1) || errno == EAGAIN;
}

/* How long a thread has had a CPU, or has waited for one: Documentation/scheduler/sched-stats.rst. */
static uint64_t busy_ns(int schedstat)
{
	unsigned long long run, delay;
	char text[96];
	ssize_t length = schedstat < 0 ? -1 : pread(schedstat, text, sizeof(text) - 1, 0);

	if (length < 0)
		return 0;
	text[length] = '\0';
	return sscanf(text, "%llu %llu", &run, &delay) == 2 ? run + delay : 0;
}

/* A pipe that is ready takes so much without blocking, and whoever does not read gets nothing. */
static void say(const char *text, size_t length)
{
	while (length) {
		struct pollfd err = { .fd = STDERR_FILENO, .events = POLLOUT };
		ssize_t done;

		if (poll(&err, 1, TICK_MS) <= 0 || !(err.revents & POLLOUT))
			return;
		done = write(STDERR_FILENO, text, length < 4096 ? length : 4096);
		if (done <= 0)
			return;
		text += done;
		length -= (size_t)done;
	}
}

static void dump(const struct guard *guard)
{
	char *text = NULL;
	size_t length;
	FILE *out = guard->end.dump ? open_memstream(&text, &length) : NULL;

	if (!out)
		return;
	guard->end.dump(guard->end.what, out);
	if (!fclose(out))
		say(text, length);
	free(text);
}

static bool is_second_interrupt(struct guard *guard)
{
	uint64_t now = clock_ns();

	if (!guard->interrupt_ns)
		guard->interrupt_ns = now;
	return now - guard->interrupt_ns > ONE_PRESS_NS;
}

static _Noreturn void leave(int number)
{
	terminal_restore();
	_exit(128 + number);
}

static void take(struct guard *guard, int number)
{
	unsigned char byte = (unsigned char)number;

	if (number == SIGINT && is_second_interrupt(guard))
		leave(SIGINT);
	if (number == SIGQUIT)
		dump(guard);
	if (!guard->first) {
		guard->first = number;
		guard->since_ns = clock_ns();
		guard->busy_ns = busy_ns(guard->schedstat);
		patient_hurry(true);
		wake(guard);
	}
	/* The pipe has room for more than the few kinds that can be pending. */
	while (write(guard->queue[1], &byte, 1) < 0 && errno == EINTR)
		continue;
}

/* The caller has the lock. */
static void take_all(struct guard *guard)
{
	struct signalfd_siginfo info;

	while (read(guard->source, &info, sizeof(info)) == sizeof(info))
		take(guard, (int)info.ssi_signo);
}

/* What a thread has computed adds to its time, up to a limit. */
static bool is_over(uint64_t since_ns, uint64_t patience_ns, uint64_t computed_ns, uint64_t most_ns)
{
	return clock_ns() - since_ns > patience_ns + (computed_ns < most_ns ? computed_ns : most_ns);
}

/* A run that has come to its end delivers the report by itself, and has as long for it as report_main(). */
static bool is_overdue(const struct guard *guard)
{
	uint64_t patience = guard->end.patience_ns ? guard->end.patience_ns : PATIENCE_NS;
	uint64_t busy = busy_ns(guard->schedstat);

	return guard->first && is_over(guard->since_ns, patience, busy - guard->busy_ns, BUSY_NS) &&
	       (guard->delivers != RUN ||
		is_over(guard->claim_ns, REPORT_NS, busy - guard->claim_busy_ns, REPORT_BUSY_NS));
}

static void *report_main(void *argument)
{
	struct guard *guard = argument;
	int schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);

	__atomic_store_n(&guard->reporter, schedstat, __ATOMIC_RELEASE);
	guard->end.report(guard->end.what, guard->first);
	pthread_mutex_lock(&guard->lock);
	guard->quit = true;
	pthread_mutex_unlock(&guard->lock);
	wake(guard);
	return NULL;
}

/* Waits for a signal, for the end or, at most, for so long. Returns guard->quit. */
static bool wait_for_news(struct guard *guard, int ms)
{
	struct pollfd fds[] = { { .fd = guard->source, .events = POLLIN },
				{ .fd = guard->wake, .events = POLLIN } };
	uint64_t count;
	bool quit;

	poll(fds, 2, ms);
	pthread_mutex_lock(&guard->lock);
	take_all(guard);
	if (fds[1].revents && read(guard->wake, &count, sizeof(count)) < 0)
		count = 0;
	quit = guard->quit;
	pthread_mutex_unlock(&guard->lock);
	return quit;
}

/* Waits until the last report is delivered, and not for longer than it may take. */
static void wait_for_report(struct guard *guard)
{
	uint64_t began = clock_ns(), busy = 0;

	while (!is_over(began, REPORT_NS, busy, REPORT_BUSY_NS) && !wait_for_news(guard, TICK_MS))
		busy = busy_ns(__atomic_load_n(&guard->reporter, __ATOMIC_ACQUIRE));
}

/* The main thread may hold any lock, and what it has begun stays as it is: a report is renamed when it is whole. */
static _Noreturn void end_process(struct guard *guard, bool claimed)
{
	static const char unread[] = "minivmm: ended by a signal before the result was written: what it is written to may not take it\n";
	pthread_t helper;

	if (claimed) {
		say(unread, sizeof(unread) - 1);
	} else if (guard->end.report && !pthread_create(&helper, NULL, report_main, guard)) {
		wait_for_report(guard);
	}
	leave(guard->first);
}

static void say_begun(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	guard->runs = true;
	pthread_cond_signal(&guard->begun);
	pthread_mutex_unlock(&guard->lock);
}

static void wait_for_begin(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	while (!guard->runs)
		pthread_cond_wait(&guard->begun, &guard->lock);
	pthread_mutex_unlock(&guard->lock);
}

static void *guard_main(void *argument)
{
	struct guard *guard = argument;

	say_begun(guard);
	for (;;) {
		bool overdue, claimed, quit, waits;

		pthread_mutex_lock(&guard->lock);
		waits = guard->first;
		pthread_mutex_unlock(&guard->lock);
		quit = wait_for_news(guard, waits ? TICK_MS : -1);
		if (quit)
			return NULL;
		pthread_mutex_lock(&guard->lock);
		overdue = is_overdue(guard);
		claimed = guard->delivers == RUN;
		if (overdue && !claimed)
			guard->delivers = GUARD;
		pthread_mutex_unlock(&guard->lock);
		if (overdue)
			end_process(guard, claimed);
	}
}

static void close_all(struct guard *guard)
{
	const int fds[] = { guard->source, guard->queue[0], guard->queue[1], guard->wake, guard->schedstat };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int open_all(struct guard *guard, const sigset_t *ends, struct err *err)
{
	guard->schedstat = open("/proc/self/schedstat", O_RDONLY | O_CLOEXEC);
	guard->source = signalfd(-1, ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (guard->source < 0)
		return err_errno(err, errno, "signalfd");
	guard->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (guard->wake < 0)
		return err_errno(err, errno, "eventfd");
	return pipe2(guard->queue, O_CLOEXEC | O_NONBLOCK) ? err_errno(err, errno, "pipe2") : 0;
}

static int start(struct guard *guard, struct err *err)
{
	int code = open_all(guard, &guard->ends, err);

	pthread_mutex_init(&guard->lock, NULL);
	pthread_cond_init(&guard->begun, NULL);
	if (code)
		return code;
	code = pthread_create(&guard->thread, NULL, guard_main, guard);
	if (code)
		return err_errno(err, code, "pthread_create(signals)");
	/*
	 * A run in a child forks soon. What a thread that begins has locked just then stays locked in the
	 * child: ASan's list of threads, in 3 of 81 runs.
	 */
	wait_for_begin(guard);
	return 0;
}

struct guard *guard_open(const sigset_t *ends, struct err *err)
{
	struct guard *guard = malloc(sizeof(*guard));

	if (!guard) {
		err_set(err, ENOMEM, "no memory for the signals");
		return NULL;
	}
	*guard = (struct guard)GUARD_CLOSED(*ends);
	if (!start(guard, err))
		return guard;
	close_all(guard);
	free(guard);
	return NULL;
}

int guard_after_fork(struct guard *guard, struct err *err)
{
	close_all(guard);
	*guard = (struct guard)GUARD_CLOSED(guard->ends);
	return start(guard, err);
}

int guard_fd(const struct guard *guard)
{
	return guard->queue[0];
}

int guard_next(struct guard *guard)
{
	unsigned char number;

	pthread_mutex_lock(&guard->lock);
	take_all(guard);
	pthread_mutex_unlock(&guard->lock);
	return read(guard->queue[0], &number, 1) == 1 ? number : 0;
}

bool guard_came(struct guard *guard)
{
	struct pollfd fd = { .fd = guard->queue[0], .events = POLLIN };

	pthread_mutex_lock(&guard->lock);
	take_all(guard);
	pthread_mutex_unlock(&guard->lock);
	return poll(&fd, 1, 0) > 0;
}

void guard_watch(struct guard *guard, const struct signals_end *end)
{
	pthread_mutex_lock(&guard->lock);
	guard->end = *end;
	pthread_mutex_unlock(&guard->lock);
}

void guard_claim(struct guard *guard)
{
	bool late;

	pthread_mutex_lock(&guard->lock);
	late = guard->delivers == GUARD;
	if (guard->delivers == NOBODY) {
		guard->delivers = RUN;
		guard->claim_ns = clock_ns();
		guard->claim_busy_ns = busy_ns(guard->schedstat);
	}
	pthread_mutex_unlock(&guard->lock);
	/* It is the guard that delivers, and ends the process. */
	while (late)
		pause();
}

void guard_close(struct guard *guard)
{
	pthread_mutex_lock(&guard->lock);
	guard->quit = true;
	pthread_mutex_unlock(&guard->lock);
	/* A thread that can't be woken uses the guard until the process ends. */
	if (wake(guard)) {
		pthread_join(guard->thread, NULL);
		close_all(guard);
		pthread_mutex_destroy(&guard->lock);
		free(guard);
	}
	patient_hurry(false);
}
