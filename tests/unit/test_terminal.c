// SPDX-License-Identifier: GPL-2.0-only
/* A terminal that is a guest's console: every key is the guest's but the escape, and it is given back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/child.h"
#include "cmd/supervise.h"
#include "cmd/typed.h"
#include "vm/signals.h"
#include "vm/terminal.h"

/* A process on a terminal of its own, which says by bytes what it has done. */
struct seat {
	pid_t pid;
	int terminal;		/* the keyboard's and the screen's side */
	struct termios before;
	int told[2];
};

static void sit(struct seat *seat, void (*process)(int tells))
{
	struct termios modes;

	assert_int_equal(pipe(seat->told), 0);
	seat->pid = forkpty(&seat->terminal, NULL, NULL, NULL);
	assert_true(seat->pid >= 0);
	if (!seat->pid) {
		tcgetattr(STDIN_FILENO, &modes);
		if (write(seat->told[1], &modes, sizeof(modes)) == sizeof(modes))
			process(seat->told[1]);
		_exit(100);
	}
	assert_int_equal(read(seat->told[0], &seat->before, sizeof(modes)), sizeof(modes));
	assert_true(seat->before.c_lflag & ICANON);
}

static void wait_for(const struct seat *seat, char expected)
{
	char byte;

	assert_int_equal(read(seat->told[0], &byte, 1), 1);
	assert_int_equal(byte, expected);
}

static void tell(int tells, char byte)
{
	if (write(tells, &byte, 1) != 1)
		_exit(101);
}

static bool is_raw(const struct seat *seat)
{
	struct termios now;

	assert_int_equal(tcgetattr(seat->terminal, &now), 0);
	return !(now.c_lflag & (ICANON | ECHO | ISIG));
}

/* For a minute: nothing here takes as long, and a test that waits for ever says nothing. */
static void wait_until_raw(const struct seat *seat, bool raw)
{
	for (int look = 0; look < 60000 && is_raw(seat) != raw; look++)
		usleep(1000);
	assert_int_equal(is_raw(seat), raw);
}

static int leave(struct seat *seat)
{
	int status;

	assert_int_equal(waitpid(seat->pid, &status, 0), seat->pid);
	close(seat->terminal);
	close(seat->told[0]);
	close(seat->told[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void take_and_give_back(int tells)
{
	struct err err;

	if (!terminal_is_ours() || terminal_make_raw(&err))
		_exit(1);
	tell(tells, 'r');
	raise(SIGSTOP);
	tell(tells, 'c');
	raise(SIGSTOP);
	terminal_restore();
	terminal_restore();
	tell(tells, 'b');
	raise(SIGSTOP);
	_exit(0);
}

static void wait_for_stop(const struct seat *seat)
{
	int status;

	assert_int_equal(waitpid(seat->pid, &status, WUNTRACED), seat->pid);
	assert_true(WIFSTOPPED(status));
}

static void it_is_raw_and_then_as_it_was(void **state)
{
	struct termios now;
	struct seat seat;

	(void)state;
	sit(&seat, take_and_give_back);
	wait_for(&seat, 'r');
	wait_for_stop(&seat);
	assert_true(is_raw(&seat));
	/* A shell takes the terminal of a process that has stopped, and sets it. */
	assert_int_equal(tcsetattr(seat.terminal, TCSANOW, &seat.before), 0);
	assert_false(is_raw(&seat));
	kill(seat.pid, SIGCONT);
	wait_for(&seat, 'c');
	wait_for_stop(&seat);
	assert_true(is_raw(&seat));
	kill(seat.pid, SIGCONT);
	wait_for(&seat, 'b');
	wait_for_stop(&seat);
	assert_int_equal(tcgetattr(seat.terminal, &now), 0);
	assert_int_equal(now.c_lflag, seat.before.c_lflag);
	assert_int_equal(now.c_iflag, seat.before.c_iflag);
	assert_int_equal(now.c_oflag, seat.before.c_oflag);
	assert_int_equal(now.c_cflag, seat.before.c_cflag);
	assert_memory_equal(now.c_cc, seat.before.c_cc, sizeof(now.c_cc));
	/* It is not raw again, now that it is given back. */
	kill(seat.pid, SIGCONT);
	assert_int_equal(leave(&seat), 0);
}

/* The guard ends a process that hangs: see vm/guard.c. */
static void hang(int tells)
{
	struct signals signals;
	struct err err;

	if (signals_open(&signals, &err) || terminal_make_raw(&err))
		_exit(1);
	tell(tells, 'r');
	for (;;)
		pause();
}

static void a_hanging_process_gives_it_back(void **state)
{
	struct seat seat;
	siginfo_t info;

	(void)state;
	sit(&seat, hang);
	wait_for(&seat, 'r');
	assert_true(is_raw(&seat));
	kill(seat.pid, SIGINT);
	for (int look = 0; look < 60000; look++) {
		info.si_pid = 0;
		if (!waitid(P_PID, (id_t)seat.pid, &info, WEXITED | WNOWAIT | WNOHANG) && info.si_pid)
			break;
		kill(seat.pid, SIGINT);
		usleep(1000);
	}
	assert_int_equal(info.si_pid, seat.pid);
	assert_false(is_raw(&seat));
	assert_int_equal(leave(&seat), 128 + SIGINT);
}

/* What has the terminal is not the first process of the session, as under a shell. */
static void have_a_child_take_it(int tells)
{
	struct err err;
	pid_t child = fork();

	if (!child) {
		pid_t self = getpid();

		if (terminal_make_raw(&err))
			_exit(1);
		tell(tells, 'r');
		if (write(tells, &self, sizeof(self)) != sizeof(self))
			_exit(1);
		for (;;)
			pause();
	}
	waitpid(child, NULL, 0);
	tell(tells, 'k');
	for (;;)
		pause();
}

/* SIGKILL leaves a process no time to give it back. */
static void a_killed_process_gives_it_back(void **state)
{
	struct termios now;
	struct seat seat;
	pid_t child;

	(void)state;
	sit(&seat, have_a_child_take_it);
	wait_for(&seat, 'r');
	assert_int_equal(read(seat.told[0], &child, sizeof(child)), sizeof(child));
	assert_true(is_raw(&seat));
	kill(child, SIGKILL);
	wait_for(&seat, 'k');
	wait_until_raw(&seat, false);
	assert_int_equal(tcgetattr(seat.terminal, &now), 0);
	assert_int_equal(now.c_lflag, seat.before.c_lflag);
	assert_int_equal(now.c_iflag, seat.before.c_iflag);
	assert_int_equal(now.c_oflag, seat.before.c_oflag);
	kill(seat.pid, SIGKILL);
	assert_int_equal(leave(&seat), -SIGKILL);
}

/* The run is a child, which crashes when it has read a word. */
static void wait_for_a_child(int tells)
{
	struct typed typed;
	struct child child;
	struct err err;
	char word[3];
	int signal;

	if (typed_open(&typed, &err) || terminal_make_raw(&err))
		_exit(1);
	if (!child_fork(&child)) {
		struct pollfd fd = { .fd = typed.from, .events = POLLIN };
		size_t length = 0;

		while (length < sizeof(word) && poll(&fd, 1, -1) == 1) {
			ssize_t got = read(typed.from, word + length, sizeof(word) - length);

			if (got <= 0)
				_exit(3);
			length += (size_t)got;
		}
		tell(tells, word[0]);
		tell(tells, word[1]);
		tell(tells, word[2]);
		for (;;)
			pause();
	}
	tell(tells, 'r');
	if (WTERMSIG(child_wait(&child, NULL, true, &typed, &signal)) != SIGINT)
		_exit(2);
	terminal_restore();
	typed_close(&typed);
	_exit(0);
}

static void what_is_typed_reaches_the_run_and_the_escape_ends_it(void **state)
{
	struct seat seat;

	(void)state;
	sit(&seat, wait_for_a_child);
	wait_for(&seat, 'r');
	assert_int_equal(write(seat.terminal, "\3l\1a", 4), 4);
	wait_for(&seat, 3);
	wait_for(&seat, 'l');
	wait_for(&seat, 1);
	assert_int_equal(write(seat.terminal, "\1x", 2), 2);
	assert_int_equal(leave(&seat), 0);
}

/* The process that runs the guest is killed in its midst. */
static void run_a_guest(int tells)
{
	struct session *session = session_new();
	struct child_end end = { 0 };
	char key;

	session->config.guest.payload = PAYLOAD_LINUX;
	session->config.guest.console = CONSOLE_STDOUT;
	session->kvm.fd = tells;
	session->run.room.known = true;
	if (supervise(session, &end) != SUPERVISED_PARENT) {
		struct pollfd fd = { .fd = session->run.typed, .events = POLLIN };

		if (session->run.typed && poll(&fd, 1, -1) == 1 && read(fd.fd, &key, 1) == 1)
			tell(tells, key);
		raise(SIGKILL);
	}
	_exit(end.signal == SIGKILL ? 0 : 3);
}

static void a_run_that_is_killed_leaves_the_terminal_as_it_was(void **state)
{
	struct termios now;
	struct seat seat;
	siginfo_t info;

	(void)state;
	sit(&seat, run_a_guest);
	/* Ctrl-c is the guest's, and no signal, once the terminal is raw. */
	wait_until_raw(&seat, true);
	assert_int_equal(write(seat.terminal, "\3", 1), 1);
	wait_for(&seat, 3);
	assert_int_equal(waitid(P_PID, (id_t)seat.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(tcgetattr(seat.terminal, &now), 0);
	assert_int_equal(now.c_lflag, seat.before.c_lflag);
	assert_int_equal(leave(&seat), 0);
}

static void filter(struct typed *typed, const char *keys, const char *expected, bool leaves)
{
	uint8_t kept[64];
	bool left;
	size_t length = typed_filter(typed, (const uint8_t *)keys, strlen(keys), kept, &left);

	assert_int_equal(length, strlen(expected));
	assert_memory_equal(kept, expected, length);
	assert_int_equal(left, leaves);
}

static void nothing_but_the_escape_is_lost(void **state)
{
	struct typed typed = { .from = -1, .to = -1 };

	(void)state;
	filter(&typed, "ls x\r\3\32", "ls x\r\3\32", false);
	filter(&typed, "\1a\1\1b", "\1\1b", false);
	filter(&typed, "\1b", "\1b", false);
	/* Between two reads as well. */
	filter(&typed, "q\1", "q", false);
	filter(&typed, "x", "", true);
	filter(&typed, "x", "x", false);
	filter(&typed, "\1", "", false);
	filter(&typed, "yz", "\1yz", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_raw_and_then_as_it_was),
		cmocka_unit_test(a_hanging_process_gives_it_back),
		cmocka_unit_test(a_killed_process_gives_it_back),
		cmocka_unit_test(what_is_typed_reaches_the_run_and_the_escape_ends_it),
		cmocka_unit_test(a_run_that_is_killed_leaves_the_terminal_as_it_was),
		cmocka_unit_test(nothing_but_the_escape_is_lost),
	};

	/* A process that a shell starts in the background ignores them, and what it starts does so as well. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
