// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "cmd/child.h"
#include "cmd/cmd.h"
#include "cmd/typed.h"
#include "host/cgroup_limits.h"
#include "run/run.h"
#include "vm/signals.h"
#include "vm/terminal.h"

/* Without KVM nothing is made that could take memory. */
static bool may_be_killed(const struct session *session)
{
	const struct config *config = &session->config;
	const struct memory_room *room = &session->run.room;

	if (session->kvm.fd < 0)
		return false;
	return room->limited || !room->known || *room->unseen || config->vm.ignore_limits || config->vm.kernel_memory_limit;
}

/*
 * The parent lives on to tell of the end, so that the kernel has to choose the child, though both be of a size; and
 * where the host has no memory left, a test is worth less than anything else there.
 */
static void die_first(void)
{
	static const char most[] = "1000";	/* OOM_SCORE_ADJ_MAX */
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	/* Where that can't be written, it is as it was without. */
	if (write(fd, most, sizeof(most) - 1) < 0)
		errno = 0;
	close(fd);
}

static void begin_child(struct session *session, struct run_told *told, const struct typed *typed)
{
	struct err err;

	session->run.told = told;
	if (typed->from >= 0)
		session->run.typed = typed->from;
	if (may_be_killed(session))
		die_first();
	if (!signals_after_fork(session->run.signals, &err))
		return;
	cmd_print_err(&err);
	_exit(EXIT_ENVIRONMENT);
}

/* Somebody sits before the guest's console. */
static bool is_interactive(const struct session *session)
{
	const struct config *config = &session->config;

	return session->kvm.fd >= 0 && config->guest.payload != PAYLOAD_NESTED &&
	       config->guest.console == CONSOLE_STDOUT && terminal_is_ours();
}

/* Waits for the child. The terminal is raw meanwhile, if it is the guest's console. */
static int wait_for_child(struct child *child, const struct session *session, struct typed *typed, int *signal)
{
	bool raw = false;
	struct err err;
	int status;

	if (typed->to >= 0) {
		fputs("minivmm: Ctrl-a x ends the run, Ctrl-a a is a Ctrl-a for the guest\n", stderr);
		raw = !terminal_make_raw(&err);
		if (!raw)
			cmd_print_err(&err);
	}
	status = child_wait(child, session->run.signals, true, raw ? typed : NULL, signal);
	terminal_restore();
	return status;
}

enum supervised supervise(struct session *session, struct child_end *end)
{
	struct typed typed = { .from = -1, .to = -1 };
	bool interactive = is_interactive(session);
	struct run_told *told;
	struct figure before;
	struct child child;
	int status, signal;
	struct err err;
	pid_t pid;

	if (!may_be_killed(session) && !interactive)
		return SUPERVISED_NOT;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return SUPERVISED_NOT;
	if (interactive && typed_open(&typed, &err))
		cmd_print_err(&err);
	before = cgroup_oom_kills("");
	pid = child_fork(&child);
	if (!pid)
		begin_child(session, told, &typed);
	end->child = child;
	if (!pid)
		return SUPERVISED_CHILD;
	if (pid < 0) {
		typed_close(&typed);
		munmap(told, sizeof(*told));
		return SUPERVISED_NOT;
	}
	status = wait_for_child(&child, session, &typed, &signal);
	typed_close(&typed);
	*end = (struct child_end){
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0, .status = WEXITSTATUS(status),
		.told = signal, .stuck = child.stuck, .oom = cgroup_oom_kills("").value > before.value,
	};
	snprintf(end->phase, sizeof(end->phase), "%s", told->phase);
	munmap(told, sizeof(*told));
	return SUPERVISED_PARENT;
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
				      "says whom the OOM killer chose%s%s", format_bytes(cost_text, cost),
			   *run->room.unseen ? ", and " : "", run->room.unseen);
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
