// SPDX-License-Identifier: GPL-2.0-only
/* One of a command's many runs, in a child that is killed, that fails, or that says nothing: the next one goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/value.h"
#include "cmd/cmd.h"
#include "cmd/one_run.h"
#include "config/layout.h"

/* The fakes have the prototypes of what they stand for: one with another signature does not compile. */
__typeof__(session_open) __wrap_session_open;
__typeof__(session_run) __wrap_session_run;
__typeof__(poll) __wrap_poll, __real_poll;

static const char config[] = "[memslot.low]\nbase = 0\nsize = 64M\n[phase.boot]\ndo = boot\n";

enum end { KILLED, FAILS, SAYS_NOTHING, STAYS, IS_LIMITED, ENDS };
static enum end end;
static pid_t parent, *stays;

/* KVM can be used, and nobody knows how much memory a run may take: then it is a child's. */
int __wrap_session_open(struct session *session, struct errors *errors)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;

	session->kvm.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return layout_build(&session->config, &limits, &session->run.layout, errors);
}

/* What has the child's descriptors open after its end, as a thread that is stuck has. */
static void stay(void)
{
	pid_t pid = fork();

	/* A test that fails does not leave it behind. */
	if (!pid)
		alarm(20);
	while (!pid)
		pause();
	*stays = pid;
}

/* Nobody waits here for seconds. */
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return __real_poll(fds, count, timeout > 50 ? 50 : timeout);
}

int __wrap_session_run(struct session *session)
{
	if (getpid() == parent)
		return err_set(&session->run.err, EINVAL, "the run is no child's");
	switch (end) {
	case KILLED:
		raise(SIGKILL);
		break;
	case FAILS:
		return err_set(&session->run.err, EINVAL, "no such thing");
	case SAYS_NOTHING:
		_exit(9);
	case STAYS:
		stay();
		session->run.stuck = true;
		break;
	case IS_LIMITED:
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, 10 });
		break;
	case ENDS:
		break;
	}
	session->run.config = &session->config;
	session->run.transition = -1;
	session->run.skipped = true;
	err_set(&session->run.err, EINVAL, "nothing to be seen here");
	return 0;
}

/* Makes a run that ends so. Returns what one_run() does. */
static int run(enum end how, json_t **report, struct err *err, int *killed_by)
{
	const struct options options = { .progress = PROGRESS_NEVER };
	struct session *session = session_new();
	struct one_run one = { .session = session, .options = &options, .what = "one" };
	struct errors errors = { 0 };
	int code;

	end = how;
	parent = getpid();
	assert_int_equal(config_load_text("one.ini", config, NULL, 0, &session->config, &errors), 0);
	code = one_run(&one, report, &errors);
	assert_int_equal(errors.count, 0);
	*err = session->run.err;
	*killed_by = session->run.signal;
	assert_int_equal(session->run.stuck, how == STAYS);
	session->run.stuck = false;
	session_free(session);
	return code;
}

static void a_run_that_is_killed_says_so_and_the_next_goes_on(void **state)
{
	json_t *report;
	struct err err;
	int signal;

	(void)state;
	assert_int_equal(run(KILLED, &report, &err, &signal), 0);
	assert_string_equal(value_string(report, "result"), "error");
	assert_non_null(strstr(value_string(report, "error.text"), "SIGKILL ended this run in phase before the first"));
	/* The command was sent none. */
	assert_int_equal(signal, 0);
	json_decref(report);

	assert_int_equal(run(ENDS, &report, &err, &signal), 0);
	assert_string_equal(value_string(report, "result"), "skip");
	assert_string_equal(value_string(report, "error.text"), "nothing to be seen here");
	assert_int_equal(signal, 0);
	json_decref(report);
}

static void a_run_without_a_report_says_why(void **state)
{
	json_t *report;
	struct err err;
	int signal;

	(void)state;
	assert_int_equal(run(FAILS, &report, &err, &signal), -EIO);
	assert_null(report);
	assert_string_equal(err.text, "no such thing");
	assert_int_equal(run(SAYS_NOTHING, &report, &err, &signal), -EIO);
	assert_null(report);
	assert_non_null(strstr(err.text, "ended with exit status 9"));
	/* ulimit -f */
	assert_int_equal(run(IS_LIMITED, &report, &err, &signal), -EIO);
	assert_null(report);
	assert_non_null(strstr(err.text, "ended with exit status 3"));
}

static void a_run_with_a_stuck_thread_is_reported(void **state)
{
	json_t *report;
	struct err err;
	int signal;

	(void)state;
	stays = mmap(NULL, sizeof(*stays), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(stays != MAP_FAILED);
	assert_int_equal(run(STAYS, &report, &err, &signal), 0);
	assert_string_equal(value_string(report, "result"), "skip");
	json_decref(report);
	assert_true(*stays > 0);
	assert_int_equal(kill(*stays, SIGKILL), 0);
	munmap(stays, sizeof(*stays));
}

/* `minivmm run`, where the child delivers the report by itself. */
static void a_command_does_not_wait_for_a_stuck_thread(void **state)
{
	char words[5][20] = { "run", "builtin:smoke", "--progress=never", "-o", "/dev/null" };
	char *argv[] = { words[0], words[1], words[2], words[3], words[4], NULL };
	char path[64], target[8];
	int status;

	(void)state;
	stays = mmap(NULL, sizeof(*stays), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(stays != MAP_FAILED);
	end = STAYS;
	parent = getpid();
	status = cmd_run(5, argv);
	if (getpid() != parent)
		_exit(status);
	/* That the run was skipped is its child's to say. */
	assert_int_equal(status, EXIT_SKIP);
	/* Nobody waited for its end. */
	snprintf(path, sizeof(path), "/proc/%d/exe", *stays);
	assert_true(readlink(path, target, sizeof(target)) > 0);
	kill(*stays, SIGKILL);
	munmap(stays, sizeof(*stays));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_is_killed_says_so_and_the_next_goes_on),
		cmocka_unit_test(a_run_without_a_report_says_why),
		cmocka_unit_test(a_run_with_a_stuck_thread_is_reported),
		cmocka_unit_test(a_command_does_not_wait_for_a_stuck_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
