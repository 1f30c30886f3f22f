// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "host/cgroup.h"
#include "run/run.h"
#include "vm/signals.h"

/* Without KVM nothing is made that could take memory. */
static bool may_be_killed(const struct session *session)
{
	const struct config *config = &session->config;
	const struct memory_room *room = &session->run.room;

	if (session->kvm.fd < 0)
		return false;
	return room->limited || !room->known || config->vm.ignore_limits || config->vm.kernel_memory_limit;
}

/* Waits for the end of the child, which holds the pipe's other end open, and passes signals on. */
static void await(pid_t child, int pipe, const struct signals *signals, struct child_end *end)
{
	struct pollfd fds[] = { { .fd = pipe, .events = POLLIN },
				{ .fd = signals ? signals->fd : -1, .events = POLLIN } };
	int status = 0;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			kill(child, signals_next(signals));
		if (fds[0].revents)
			break;
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	end->status = WEXITSTATUS(status);
}

/*
 * The child ends with its parent, even if that has ended already. A process group of its own keeps
 * signals of the terminal from reaching both.
 */
static void become_child(struct session *session, struct run_told *told, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		raise(SIGKILL);
	setpgid(0, 0);
	session->run.told = told;
}

bool supervise(struct session *session, struct child_end *end)
{
	struct run_told *told = MAP_FAILED;
	struct figure before;
	pid_t parent = getpid(), child;
	int ends[2];

	if (!may_be_killed(session) || pipe2(ends, O_CLOEXEC))
		return true;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	before = cgroup_oom_kills("");
	child = told == MAP_FAILED ? -1 : fork();
	if (child <= 0) {
		/* The child keeps ends[1] until it ends. */
		close(ends[0]);
		if (child < 0)
			close(ends[1]);
		if (!child)
			become_child(session, told, parent);
		return true;
	}
	close(ends[1]);
	*end = (struct child_end){ 0 };
	await(child, ends[0], session->run.signals, end);
	close(ends[0]);
	end->oom = cgroup_oom_kills("").value > before.value;
	snprintf(end->phase, sizeof(end->phase), "%s", told->phase);
	munmap(told, sizeof(*told));
	return false;
}

static void advise(struct run *run)
{
	uint64_t cost = footprint_total(&run->at_creation) + footprint_total(&run->at_transition);
	char cost_text[UNIT_TEXT], limit_text[UNIT_TEXT];

	if (run->room.limited)
		err_remedy(&run->err, "KVM's arrays take %s of this layout; %.120s is %s",
			   format_bytes(cost_text, cost), run->room.where,
			   format_bytes(limit_text, run->room.limit));
	else
		err_remedy(&run->err, "KVM's arrays take %s of this layout; the kernel log (dmesg) "
				      "says whom the OOM killer chose", format_bytes(cost_text, cost));
}

void supervise_lost(struct session *session, const struct child_end *end)
{
	const struct kvm *kvm = session->kvm.fd >= 0 ? &session->kvm : NULL;
	struct run *run = &session->run;
	const char *phase = end->phase[0] ? end->phase : "before the first";

	run_lost(&session->config, kvm, end->signal, run);
	if (end->signal == SIGKILL && end->oom)
		err_set(&run->err, ENOMEM, "the kernel killed this run in phase %s: its cgroup had no "
			"memory left", phase);
	else
		err_set(&run->err, EINTR, "SIG%s ended this run in phase %s",
			sigabbrev_np(end->signal), phase);
	advise(run);
}
