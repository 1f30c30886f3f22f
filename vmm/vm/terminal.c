// SPDX-License-Identifier: GPL-2.0-only
#include "vm/terminal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* A signal handler has no argument of its own, so what it needs can only be here. */
static struct {
	bool raw;		/* atomic: the members below are there, and the terminal is raw */
	struct termios before, now;
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
	if (!tcsetattr(STDIN_FILENO, TCSANOW, &terminal.now))
		return 0;
	__atomic_store_n(&terminal.raw, false, __ATOMIC_RELEASE);
	return err_errno(err, errno, "guest.console = stdout: making the terminal raw");
}

/* In the background, SIGTTOU would stop who does this. */
void terminal_restore(void)
{
	sigset_t output, old;

	if (!__atomic_exchange_n(&terminal.raw, false, __ATOMIC_ACQ_REL))
		return;
	sigemptyset(&output);
	sigaddset(&output, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &output, &old);
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}
