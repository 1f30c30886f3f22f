// SPDX-License-Identifier: GPL-2.0-only
/* A child that does a run: its status comes back, and signals reach it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/child.h"
#include "vm/signals.h"

static int run(int exits, const struct signals *signals, bool pass_on, int *signal)
{
	struct child child;
	pid_t pid = child_fork(&child);

	assert_true(pid >= 0);
	if (!pid && exits >= 0)
		_exit(exits);
	while (!pid)
		pause();
	return child_wait(&child, signals, pass_on, NULL, signal);
}

static void its_status_comes_back(void **state)
{
	int signal, status = run(7, NULL, false, &signal);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(signal, 0);
}

/* Python and some daemons start their children with SIGCHLD ignored. */
static void its_status_comes_back_where_sigchld_was_ignored(void **state)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int signal, status;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, &ignore, NULL), 0);
	status = run(1, NULL, false, &signal);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
}

static void a_signal_is_answered(void **state)
{
	struct signals signals;
	struct err err;
	int signal, status;

	(void)state;
	assert_int_equal(signals_open(&signals, &err), 0);
	raise(SIGTERM);
	status = run(-1, &signals, false, &signal);
	assert_int_equal(signal, SIGTERM);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	signals_close(&signals);
}

/* Whoever stops the child, and forgets it, has not made it deaf. */
static void a_signal_reaches_a_child_that_is_stopped(void **state)
{
	struct signals signals;
	struct child child;
	struct err err;
	int signal, status;
	pid_t pid;

	(void)state;
	assert_int_equal(signals_open(&signals, &err), 0);
	pid = child_fork(&child);
	assert_true(pid >= 0);
	if (!pid) {
		pthread_sigmask(SIG_SETMASK, &signals.old_mask, NULL);
		raise(SIGSTOP);
		_exit(9);
	}
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WSTOPPED), 0);
	raise(SIGTERM);
	status = child_wait(&child, &signals, true, NULL, &signal);
	assert_int_equal(signal, SIGTERM);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	signals_close(&signals);
}

/* A thread that is stuck in the kernel keeps the process: what stays in its place here is another process with its pipe. */
static void a_child_that_can_not_end_tells_its_exit_status(void **state)
{
	struct child child;
	int signal, status, ends[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = child_fork(&child);
	assert_true(pid >= 0);
	if (!pid) {
		pid_t stays = fork();

		/* A test that fails does not leave it behind. */
		if (!stays)
			alarm(20);
		while (!stays)
			pause();
		if (stays < 0 || write(ends[1], &stays, sizeof(stays)) != sizeof(stays))
			_exit(9);
		child_tell_stuck(&child, 3);
		_exit(3);
	}
	status = child_wait(&child, NULL, true, NULL, &signal);
	assert_true(child.stuck);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	kill(pid, SIGKILL);
	close(ends[0]);
	close(ends[1]);
	waitpid(child.pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_status_comes_back),
		cmocka_unit_test(its_status_comes_back_where_sigchld_was_ignored),
		cmocka_unit_test(a_signal_is_answered),
		cmocka_unit_test(a_signal_reaches_a_child_that_is_stopped),
		cmocka_unit_test(a_child_that_can_not_end_tells_its_exit_status),
	};

	return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
