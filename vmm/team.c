// SPDX-License-Identifier: GPL-2.0-only
#include "team.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"

#define KICK_SIGNAL SIGUSR1
/* How long a kicked vCPU may take to leave the kernel: it may be zeroing gigabytes of rmaps. */
#define KICK_TIMEOUT_NS 10000000000ull

static void *member_main(void *argument)
{
	struct member *member = argument;
	struct team *team = member->team;
	uint64_t seen = 0, one = 1;

	for (;;) {
		enum vcpu_stop stop;

		pthread_mutex_lock(&team->lock);
		while (team->generation == seen && !team->quit)
			pthread_cond_wait(&team->go, &team->lock);
		seen = team->generation;
		if (team->quit) {
			pthread_mutex_unlock(&team->lock);
			return NULL;
		}
		pthread_mutex_unlock(&team->lock);

		stop = vcpu_run(&member->vcpu);

		pthread_mutex_lock(&team->lock);
		member->stop = stop;
		member->running = false;
		pthread_mutex_unlock(&team->lock);
		if (write(team->done_fd, &one, sizeof(one)) < 0)
			return NULL;	/* can't be: an eventfd that overflows */
	}
}

/* Its only use is to make KVM_RUN return with EINTR. */
static void kick_handler(int number)
{
	(void)number;
}

static int open_signals(struct team *team, struct err *err)
{
	struct sigaction action = { .sa_handler = kick_handler };
	sigset_t ends;

	sigaction(KICK_SIGNAL, &action, NULL);
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ends, &team->old_mask);
	team->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	team->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (team->signal_fd < 0 || team->done_fd < 0)
		return err_errno(err, errno, "signalfd/eventfd");
	return 0;
}

int team_create(struct team *team, const struct vm *vm, const struct payload *payload,
		unsigned int vcpus, struct err *err)
{
	int code;

	*team = (struct team){ .done_fd = -1, .signal_fd = -1 };
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->go, NULL);
	code = open_signals(team, err);
	if (!code) {
		team->members = calloc(vcpus, sizeof(*team->members));
		if (!team->members)
			code = err_set(err, ENOMEM, "no memory for %u vCPUs", vcpus);
	}
	for (unsigned int i = 0; !code && i < vcpus; i++) {
		struct member *member = &team->members[i];

		member->team = team;
		member->stop = VCPU_WAITS;
		code = vcpu_create(&member->vcpu, vm, payload, i, err);
		if (code)
			break;
		member->vcpu.repeat = &team->repeat;
		team->count++;
		code = pthread_create(&member->thread, NULL, member_main, member);
		member->started = !code;
		if (code)
			code = err_errno(err, code, "pthread_create(vCPU %u)", i);
	}
	if (code)
		team_destroy(team);
	return code;
}

static void kick(struct team *team)
{
	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++) {
		struct member *member = &team->members[i];

		if (!member->running)
			continue;
		__atomic_store_n(&member->vcpu.run->immediate_exit, 1, __ATOMIC_RELEASE);
		pthread_kill(member->thread, KICK_SIGNAL);
	}
	pthread_mutex_unlock(&team->lock);
}

/* How the team stands: 0 all wait, -EIO one is in trouble, -EAGAIN some run. */
static int standing(struct team *team)
{
	int result = 0;

	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++) {
		const struct member *member = &team->members[i];

		if (member->running && !result)
			result = -EAGAIN;
		else if (!member->running && member->stop == VCPU_TROUBLE)
			result = -EIO;
	}
	pthread_mutex_unlock(&team->lock);
	return result;
}

static bool any_running(struct team *team)
{
	bool running = false;

	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++)
		running |= team->members[i].running;
	pthread_mutex_unlock(&team->lock);
	return running;
}

/* Waits for a vCPU to stop or a signal to come. Returns the signal's number, 0, or -ETIMEDOUT. */
static int wait_news(struct team *team, uint64_t deadline, bool heed_signals)
{
	struct pollfd fds[2] = {
		{ .fd = team->done_fd, .events = POLLIN },
		{ .fd = heed_signals ? team->signal_fd : -1, .events = POLLIN },
	};
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0, count;
	struct timespec timeout = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
	struct signalfd_siginfo info;
	int ready = ppoll(fds, 2, &timeout, NULL);

	if (!ready)
		return -ETIMEDOUT;
	if (ready > 0 && fds[1].revents &&
	    read(team->signal_fd, &info, sizeof(info)) == sizeof(info))
		return (int)info.ssi_signo;
	if (ready > 0 && fds[0].revents && read(team->done_fd, &count, sizeof(count)) < 0)
		return 0;
	return 0;
}

/* Kicked vCPUs leave the guest; one that is stuck in the kernel is left behind. */
static void stop_all(struct team *team)
{
	uint64_t deadline = clock_ns() + KICK_TIMEOUT_NS;

	do {
		kick(team);
	} while (any_running(team) && wait_news(team, deadline, false) != -ETIMEDOUT);
}

int team_run(struct team *team, uint32_t next, uint64_t timeout_ns)
{
	uint64_t deadline = clock_ns() + timeout_ns;
	int news = 0, result;

	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++) {
		vcpu_tell(&team->members[i].vcpu, next);
		team->members[i].running = true;
	}
	team->generation++;
	pthread_cond_broadcast(&team->go);
	pthread_mutex_unlock(&team->lock);

	while ((result = standing(team)) == -EAGAIN) {
		news = wait_news(team, deadline, true);
		if (news)
			break;
	}
	if (result == -EAGAIN)
		result = news;
	if (result)
		stop_all(team);
	return result;
}

void team_forgive(struct team *team)
{
	for (unsigned int i = 0; i < team->count; i++) {
		struct member *member = &team->members[i];

		member->stop = VCPU_WAITS;
		vcpu_forgive(&member->vcpu);
	}
}

void team_repeat(struct team *team, bool on)
{
	__atomic_store_n(&team->repeat, on, __ATOMIC_RELEASE);
}

void team_destroy(struct team *team)
{
	pthread_mutex_lock(&team->lock);
	team->quit = true;
	pthread_cond_broadcast(&team->go);
	pthread_mutex_unlock(&team->lock);
	/* A thread stuck in the kernel can't be joined; the process's end takes it. */
	if (any_running(team))
		return;
	for (unsigned int i = 0; i < team->count; i++) {
		if (team->members[i].started)
			pthread_join(team->members[i].thread, NULL);
		vcpu_destroy(&team->members[i].vcpu);
	}
	free(team->members);
	if (team->done_fd >= 0)
		close(team->done_fd);
	if (team->signal_fd >= 0)
		close(team->signal_fd);
	pthread_sigmask(SIG_SETMASK, &team->old_mask, NULL);
	pthread_cond_destroy(&team->go);
	pthread_mutex_destroy(&team->lock);
	*team = (struct team){ .done_fd = -1, .signal_fd = -1 };
}
