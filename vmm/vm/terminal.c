// SPDX-License-Identifier: GPL-2.0-only
#include "vm/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* A signal handler has no argument of its own, so what it needs can only be here. */
static struct {
	bool raw;		/* atomic: the members below are there, and the terminal is raw */
	struct termios before, now;
	int alive;		/* a pipe's end that closes with this process: its keeper has the other */
	pid_t keeper;
} terminal;

static bool in_foreground(void)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	/* -1: it is not the terminal that controls this process, which then has no background. */
	return foreground < 0 || foreground == getpgrp();
}

bool terminal_is_ours(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && in_foreground();
}

/* Whoever had the terminal meanwhile, as a shell has, has set it as it likes it. */
static void on_continue(int number)
{
	int code = errno;

	(void)number;
	if (__atomic_load_n(&terminal.raw, __ATOMIC_ACQUIRE) && in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.now);
	errno = code;
}

/* It has nothing open but the terminal and its pipe, and no signal meant for others ends it. */
static void become_keeper(const int ends[2])
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	setpgid(0, 0);
	close(ends[1]);
	/* With any of the parent's descriptors open, it would keep others from seeing the parent's end. */
	if (dup2(ends[0], STDOUT_FILENO) < 0 || close_range(STDERR_FILENO, UINT_MAX, 0))
		_exit(1);
}

/*
 * Waits for the end of the process that has made the terminal raw. A shell may have set the terminal by then: only
 * what is still raw is given back.
 */
static _Noreturn void keep(void)
{
	struct termios now;
	char given_back;
	ssize_t got;

	do
		got = read(STDOUT_FILENO, &given_back, 1);
	while (got < 0 && errno == EINTR);
	if (!got && !tcgetattr(STDIN_FILENO, &now) && now.c_lflag == terminal.now.c_lflag &&
	    now.c_iflag == terminal.now.c_iflag && now.c_oflag == terminal.now.c_oflag)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	_exit(0);
}

/* Without one, SIGKILL and a crash leave the terminal raw. */
static void start_keeper(void)
{
	int ends[2];

	terminal.alive = -1;
	if (pipe2(ends, O_CLOEXEC))
		return;
	terminal.keeper = fork();
	if (!terminal.keeper) {
		become_keeper(ends);
		keep();
	}
	close(ends[0]);
	if (terminal.keeper > 0)
		terminal.alive = ends[1];
	else
		close(ends[1]);
}

static void end_keeper(void)
{
	if (terminal.alive < 0)
		return;
	/* If it is gone, it can't be told. */
	if (write(terminal.alive, "", 1) < 0)
		errno = 0;
	close(terminal.alive);
	terminal.alive = -1;
	waitpid(terminal.keeper, NULL, 0);
}

int terminal_make_raw(struct err *err)
{
	const struct sigaction action = { .sa_handler = on_continue, .sa_flags = SA_RESTART };

	if (tcgetattr(STDIN_FILENO, &terminal.before))
		return err_errno(err, errno, "guest.console = stdout: the terminal's modes");
	terminal.now = terminal.before;
	cfmakeraw(&terminal.now);
	/* What minivmm itself prints has lines that end with a newline only. */
	terminal.now.c_oflag |= OPOST | ONLCR;
	sigaction(SIGCONT, &action, NULL);
	__atomic_store_n(&terminal.raw, true, __ATOMIC_RELEASE);
	if (!tcsetattr(STDIN_FILENO, TCSANOW, &terminal.now)) {
		start_keeper();
		return 0;
	}
	__atomic_store_n(&terminal.raw, false, __ATOMIC_RELEASE);
	return err_errno(err, errno, "guest.console = stdout: making the terminal raw");
}

/* SIGTTOU would stop a process of the background that does this. */
void terminal_restore(void)
{
	sigset_t output, old;

	if (!__atomic_exchange_n(&terminal.raw, false, __ATOMIC_ACQ_REL))
		return;
	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &output, &old);
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	end_keeper();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
