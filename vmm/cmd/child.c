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

/* The wait status of a child whose own is not to be had: exit status 3. */
#define LOST (3 << 8)

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
		errno = code;
		return child->pid;
	}
	close(ends[1]);
	child->pipe = ends[0];
	return child->pid;
}

int child_wait(const struct child *child, const struct signals *signals, bool pass_on, struct typed *typed, int *signal)
{
	struct pollfd fds[] = { { .fd = child->pipe, .events = POLLIN },
				{ .fd = signals_fd(signals), .events = POLLIN },
				{ .fd = typed ? STDIN_FILENO : -1, .events = POLLIN } };
	int status = LOST;
	pid_t ended;

	*signal = 0;
	for (;;) {
		/* One that was sent to this thread alone is taken by signals_came(). */
		int ready = poll(fds, 3, signals_came(signals) ? 0 : -1);

		if (ready < 0 && errno != EINTR)
			break;
		if (ready < 0)
			continue;
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
		if (fds[0].revents)
			break;
	}
	close(child->pipe);
	do
		ended = waitpid(child->pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	return ended < 0 ? LOST : status;
}
