// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/typed.h"
#include "vm/signals.h"

/* The wait status of a child that ended, or would end, by exit(status). */
#define EXITED(status) ((status) << 8)
/* That of a child whose own is not to be had. */
#define LOST EXITED(3)

/* How long a child may take to end after child_tell_stuck(): a thread that no kick reached may end by SIGKILL. */
#define STUCK_MS 3000

/*
 * The child ends with its parent, even if that has ended already. A process group of its own keeps
 * signals of the terminal from reaching both.
 */
static void become_child(pid_t parent)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		raise(SIGKILL);
	setpgid(0, 0);
	/* In the background a terminal may stop those that write to it (stty tostop). */
	sigaction(SIGTTOU, &ignore, NULL);
}

pid_t child_fork(struct child *child)
{
	/* The program that starts us may ignore SIGCHLD: then the child's status would be lost. */
	struct sigaction standard = { .sa_handler = SIG_DFL };
	pid_t parent = getpid();
	int ends[2];

	sigaction(SIGCHLD, &standard, NULL);
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	child->pid = fork();
	if (child->pid <= 0) {
		int code = errno;

		/* The child keeps ends[1] until it ends. */
		close(ends[0]);
		if (child->pid < 0)
			close(ends[1]);
		else
			become_child(parent);
		child->pipe = ends[1];
		errno = code;
		return child->pid;
	}
	close(ends[1]);
	child->pipe = ends[0];
	return child->pid;
}

void child_tell_stuck(const struct child *child, int status)
{
	unsigned char byte = (unsigned char)status;

	/* A parent that is gone need not be told: this process ends with it. */
	if (write(child->pipe, &byte, 1) < 0)
		errno = 0;
}

static int wait_status(pid_t pid)
{
	int status = LOST;
	pid_t ended;

	do
		ended = waitpid(pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended < 0 ? LOST : status;
}

/* The pipe is readable: true: with what child_tell_stuck() wrote; false: at its end. */
static bool told_stuck(const struct child *child, int *status)
{
	unsigned char byte;

	if (read(child->pipe, &byte, 1) != 1)
		return false;
	*status = EXITED(byte);
	return true;
}

int child_wait(struct child *child, const struct signals *signals, bool pass_on, struct typed *typed, int *signal)
{
	struct pollfd fds[] = { { .fd = child->pipe, .events = POLLIN },
				{ .fd = signals_fd(signals), .events = POLLIN },
				{ .fd = typed ? STDIN_FILENO : -1, .events = POLLIN } };
	int patience = -1, told = LOST;

	*signal = 0;
	child->stuck = false;
	for (;;) {
		/* One that was sent to this thread alone is taken by signals_came(). */
		bool came = signals_came(signals);
		int ready = poll(fds, 3, came ? 0 : patience);

		if (ready < 0 && errno != EINTR)
			break;
		if (ready < 0)
			continue;
		if (!ready && !came) {
			close(child->pipe);
			child->stuck = true;
			return told;
		}
		if (fds[1].revents) {
			*signal = signals_next(signals);
			kill(child->pid, pass_on ? *signal : SIGKILL);
			kill(child->pid, SIGCONT);
		}
		if (fds[2].revents && typed_pass_on(typed)) {
			kill(child->pid, SIGINT);
			kill(child->pid, SIGCONT);
		}
		if (typed && typed->over)
			fds[2].fd = -1;
		if (fds[0].revents && !told_stuck(child, &told))
			break;
		if (fds[0].revents)
			patience = STUCK_MS;
	}
	close(child->pipe);
	return wait_status(child->pid);
}
