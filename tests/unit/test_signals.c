// SPDX-License-Identifier: GPL-2.0-only
/* Signals that wait until the run asks for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/signals.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define COUNT (sizeof(numbers) / sizeof(numbers[0]))
#define SECOND 1000000000ull

/* A shell starts what runs in its background with SIGINT ignored, and nohup ignores SIGHUP. */
static int as_from_a_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		signal(numbers[i], SIG_DFL);
	return 0;
}

static int open_signals(struct signals *signals)
{
	struct err err = { 0 };

	return signals_open(signals, &err);
}

static void each_is_taken_once(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(open_signals(&signals), 0);
	assert_int_equal(fcntl(signals_fd(&signals), F_GETFD), FD_CLOEXEC);
	for (size_t i = 0; i < COUNT; i++) {
		assert_false(signals_came(&signals));
		assert_int_equal(signals_next(&signals), 0);
		raise(numbers[i]);
		assert_true(signals_came(&signals));
		assert_true(signals_came(&signals));
		assert_int_equal(signals_next(&signals), numbers[i]);
		assert_int_equal(signals_next(&signals), 0);
	}
	signals_close(&signals);
	assert_null(signals.guard);
	assert_false(signals_came(NULL));
	assert_int_equal(signals_next(NULL), 0);
}

static int caught;

static void catch(int number)
{
	caught = number;
}

/* Afterwards they are what they were before, and what came meanwhile is forgotten. */
static void the_mask_is_restored(void **state)
{
	struct signals signals;

	(void)state;
	signal(SIGTERM, catch);
	assert_int_equal(open_signals(&signals), 0);
	raise(SIGTERM);
	raise(SIGINT);
	signals_close(&signals);
	assert_int_equal(caught, 0);
	raise(SIGTERM);
	assert_int_equal(caught, SIGTERM);
	signal(SIGTERM, SIG_DFL);
}

static void ignored_ones_stay_ignored(void **state)
{
	struct signals signals;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(open_signals(&signals), 0);
	raise(SIGHUP);
	assert_false(signals_came(&signals));
	raise(SIGINT);
	assert_int_equal(signals_next(&signals), SIGINT);
	signals_close(&signals);
	signal(SIGHUP, SIG_DFL);
}

static void put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* What the child of the test at hand does once it has told that it is ready. */
struct stuck {
	struct signals_end end;
	bool claims, busy, ends;
	int out;		/* what the hooks say goes there, stderr too */
};

static void say_state(void *what, FILE *out)
{
	(void)what;
	fputs("state\n", out);
}

static void say_report(void *what, int number)
{
	const struct stuck *stuck = what;
	char text[32];

	snprintf(text, sizeof(text), "report %d\n", number);
	put(stuck->out, text);
}

static void hang(void *what, int number)
{
	say_report(what, number);
	for (;;)
		pause();
}

static void compute_ms(uint64_t ms)
{
	uint64_t until = clock_ns() + ms * 1000000;

	while (clock_ns() < until)
		continue;
}

/* A run on a slow machine that comes to its end, judges what it has seen, and delivers that. */
static _Noreturn void end_late(const struct stuck *stuck, const struct signals *signals)
{
	while (!signals_came(signals))
		continue;
	compute_ms(1500);
	signals_claim(signals);
	compute_ms(350);
	signals_claim(signals);
	compute_ms(350);
	put(stuck->out, "report of its own\n");
	_exit(9);
}

static _Noreturn void be_stuck(struct stuck *stuck)
{
	struct signals signals;

	dup2(stuck->out, STDERR_FILENO);
	if (open_signals(&signals))
		_exit(1);
	stuck->end.what = stuck;
	signals_watch(&signals, &stuck->end);
	if (stuck->claims)
		signals_claim(&signals);
	put(stuck->out, "ready\n");
	if (stuck->ends)
		end_late(stuck, &signals);
	for (;;)
		if (!stuck->busy)
			pause();
}

/* Reads until `text` has come, or to the end. */
static void expect(int in, const char *text)
{
	char got[256] = "";
	size_t length = 0;

	while (length < strlen(text) && read(in, got + length, 1) == 1)
		length++;
	assert_string_equal(got, text);
}

static pid_t start_stuck(struct stuck *stuck, int *in)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	stuck->out = ends[1];
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		be_stuck(stuck);
	close(ends[1]);
	*in = ends[0];
	expect(*in, "ready\n");
	return pid;
}

/* It has ended with this status, and has said the rest. */
static void ended(pid_t pid, int in, int status, const char *rest)
{
	char more;
	int got;

	expect(in, rest);
	assert_int_equal(read(in, &more, 1), 0);
	close(in);
	assert_int_equal(waitpid(pid, &got, 0), pid);
	assert_true(WIFEXITED(got));
	assert_int_equal(WEXITSTATUS(got), status);
}

static void one_that_is_stuck_is_ended(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		struct stuck stuck = { .end = { .report = say_report } };
		char text[32];
		uint64_t sent;
		int in;
		pid_t pid = start_stuck(&stuck, &in);

		sent = clock_ns();
		kill(pid, numbers[i]);
		snprintf(text, sizeof(text), "report %d\n", numbers[i]);
		ended(pid, in, 128 + numbers[i], text);
		assert_true(clock_ns() - sent >= SECOND / 2);
	}
}

static void a_report_that_hangs_is_given_up(void **state)
{
	struct stuck stuck = { .end = { .report = hang } };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGTERM);
	ended(pid, in, 128 + SIGTERM, "report 15\n");
}

/* A slow machine, or one that is busy, takes its time for a report. */
static void compute(void *what, int number)
{
	compute_ms(500);
	say_report(what, number);
}

static void a_report_that_computes_has_more_time(void **state)
{
	struct stuck stuck = { .end = { .report = compute } };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGTERM);
	ended(pid, in, 128 + SIGTERM, "report 15\n");
}

static void one_whose_reader_is_stuck_is_ended(void **state)
{
	struct stuck stuck = { .end = { .report = say_report }, .claims = true };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGHUP);
	ended(pid, in, 128 + SIGHUP, "minivmm: ended by a signal before the result was written: what it is written to may not take it\n");
}

/* A machine may be slow: what the process computes is not counted, up to a limit. */
static void one_that_computes_has_more_time(void **state)
{
	struct stuck stuck = { .end = { .report = say_report }, .busy = true };
	uint64_t sent;
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	sent = clock_ns();
	kill(pid, SIGTERM);
	ended(pid, in, 128 + SIGTERM, "report 15\n");
	if (!access("/proc/self/schedstat", R_OK))
		assert_true(clock_ns() - sent >= SECOND);
}

static void one_that_ends_late_delivers_its_report(void **state)
{
	struct stuck stuck = { .ends = true };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGTERM);
	ended(pid, in, 9, "report of its own\n");
}

static void quit_says_the_state(void **state)
{
	struct stuck stuck = { .end = { .dump = say_state, .report = say_report } };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGQUIT);
	ended(pid, in, 128 + SIGQUIT, "state\nreport 3\n");
}

static void a_second_interrupt_ends_at_once(void **state)
{
	struct stuck stuck = { .end = { .report = say_report, .patience_ns = 3600 * SECOND } };
	struct timespec tick = { 0, 10000000 };
	int in, status;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	/* Two that come soon after each other are one: another is sent until one is the second. */
	while (!waitpid(pid, &status, WNOHANG)) {
		kill(pid, SIGINT);
		nanosleep(&tick, NULL);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGINT);
	close(in);
}

/* timeout(1) sends SIGINT to what it has started, and then to the group that this is in. */
static void two_interrupts_within_a_moment_are_one(void **state)
{
	struct stuck stuck = { .end = { .report = say_report, .patience_ns = 1 } };
	struct timespec moment = { 0, 1000000 };
	int in;
	pid_t pid = start_stuck(&stuck, &in);

	(void)state;
	kill(pid, SIGINT);
	nanosleep(&moment, NULL);
	kill(pid, SIGINT);
	ended(pid, in, 128 + SIGINT, "report 2\n");
}

/* A child has its own guard: what the parent gets, it does not. */
static void after_a_fork(void **state)
{
	struct signals signals;
	struct err err;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(open_signals(&signals), 0);
	pid = fork();
	if (!pid) {
		if (signals_after_fork(&signals, &err))
			_exit(1);
		kill(getpid(), SIGTERM);
		while (!signals_came(&signals))
			continue;
		_exit(signals_next(&signals));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), SIGTERM);
	assert_false(signals_came(&signals));
	signals_close(&signals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_is_taken_once, as_from_a_terminal),
		cmocka_unit_test_setup(the_mask_is_restored, as_from_a_terminal),
		cmocka_unit_test_setup(ignored_ones_stay_ignored, as_from_a_terminal),
		cmocka_unit_test_setup(one_that_is_stuck_is_ended, as_from_a_terminal),
		cmocka_unit_test_setup(a_report_that_hangs_is_given_up, as_from_a_terminal),
		cmocka_unit_test_setup(a_report_that_computes_has_more_time, as_from_a_terminal),
		cmocka_unit_test_setup(one_whose_reader_is_stuck_is_ended, as_from_a_terminal),
		cmocka_unit_test_setup(one_that_computes_has_more_time, as_from_a_terminal),
		cmocka_unit_test_setup(one_that_ends_late_delivers_its_report, as_from_a_terminal),
		cmocka_unit_test_setup(quit_says_the_state, as_from_a_terminal),
		cmocka_unit_test_setup(a_second_interrupt_ends_at_once, as_from_a_terminal),
		cmocka_unit_test_setup(two_interrupts_within_a_moment_are_one, as_from_a_terminal),
		cmocka_unit_test_setup(after_a_fork, as_from_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
