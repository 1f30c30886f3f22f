// SPDX-License-Identifier: GPL-2.0-only
#include "team.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"

#define KICK_SIGNAL SIGUSR1
/* How long a kicked vCPU may take to leave the kernel: it may be zeroing gigabytes of rmaps. */
#define KICK_TIMEOUT_NS 10000000000ull

static void *member_main(void *argument)
{
	struct member *member = argument;
	struct team *team = member->team;
	uint64_t one = 1;

	for (;;) {
		enum vcpu_stop stop;
		bool quit;

		pthread_mutex_lock(&team->lock);
		while (team->generation == member->seen && !member->quit)
			pthread_cond_wait(&team->go, &team->lock);
		member->seen = team->generation;
		quit = member->quit;
		pthread_mutex_unlock(&team->lock);
		if (quit)
			return NULL;

		stop = vcpu_run(&member->vcpu);

		pthread_mutex_lock(&team->lock);
		member->stop = stop;
		member->running = false;
		pthread_mutex_unlock(&team->lock);
		/* It could only overflow, until it is read. */
		while (write(team->done_fd, &one, sizeof(one)) < 0)
			continue;
	}
}

/* Its only use is to make KVM_RUN return with EINTR. */
static void kick_handler(int number)
{
	(void)number;
}

int team_open(struct team *team, const struct signals *signals, struct err *err)
{
	struct sigaction action = { .sa_handler = kick_handler };
	int code = 0;

	*team = (struct team){ .signals = signals, .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&team->lock, NULL);
	pthread_cond_init(&team->go, NULL);
	sigaction(KICK_SIGNAL, &action, NULL);
	if (team->done_fd < 0) {
		code = err_errno(err, errno, "eventfd");
		team_close(team);
	}
	return code;
}

static int add_member(struct team *team, const struct vm *vm, const struct payload *payload,
		      unsigned int index, struct err *err)
{
	struct member *member = calloc(1, sizeof(*member));
	int code;

	if (!member)
		return err_set(err, ENOMEM, "no memory for vCPU %u", index);
	member->team = team;
	member->seen = team->generation;
	member->stop = VCPU_WAITS;
	code = vcpu_create(&member->vcpu, vm, payload, index, err);
	if (code) {
		free(member);
		return code;
	}
	member->vcpu.repeat = &team->repeat;
	team->members[team->count++] = member;
	code = pthread_create(&member->thread, NULL, member_main, member);
	member->started = !code;
	return code ? err_errno(err, code, "pthread_create(vCPU %u)", index) : 0;
}

int team_join(struct team *team, const struct vm *vm, const struct payload *payload,
	      unsigned int vcpus, struct err *err)
{
	unsigned int first = team->count;
	struct member **larger = realloc(team->members, (first + vcpus) * sizeof(*larger));
	int code = 0;

	if (!larger)
		return err_set(err, ENOMEM, "no memory for %u vCPUs", vcpus);
	team->members = larger;
	for (unsigned int i = 0; !code && i < vcpus; i++)
		code = add_member(team, vm, payload, i, err);
	if (code)
		team_leave(team, first);
	return code;
}

static void kick(struct team *team)
{
	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++) {
		struct member *member = team->members[i];

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
		const struct member *member = team->members[i];

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
		running |= team->members[i]->running;
	pthread_mutex_unlock(&team->lock);
	return running;
}

/* Waits for a vCPU to stop or a signal to come. Returns the signal's number, 0, or -ETIMEDOUT. */
static int wait_news(struct team *team, uint64_t deadline, bool heed_signals)
{
	struct pollfd fds[2] = {
		{ .fd = team->done_fd, .events = POLLIN },
		{ .fd = heed_signals && team->signals ? team->signals->fd : -1, .events = POLLIN },
	};
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0, count;
	struct timespec timeout = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
	int ready = ppoll(fds, 2, &timeout, NULL);

	if (!ready)
		return -ETIMEDOUT;
	if (ready > 0 && fds[1].revents)
		return signals_next(team->signals);
	if (ready > 0 && fds[0].revents && read(team->done_fd, &count, sizeof(count)) < 0)
		return 0;
	return 0;
}

/* They leave the guest; one that is stuck in the kernel is left behind. */
void team_stop(struct team *team)
{
	uint64_t deadline = clock_ns() + KICK_TIMEOUT_NS;

	do {
		kick(team);
	} while (any_running(team) && wait_news(team, deadline, false) != -ETIMEDOUT);
}

void team_tell(struct team *team, unsigned int index, uint32_t next)
{
	vcpu_tell(&team->members[index]->vcpu, next);
}

void team_tell_all(struct team *team, uint32_t next)
{
	for (unsigned int i = 0; i < team->count; i++)
		team_tell(team, i, next);
}

void team_start(struct team *team)
{
	pthread_mutex_lock(&team->lock);
	for (unsigned int i = 0; i < team->count; i++)
		team->members[i]->running = true;
	team->generation++;
	pthread_cond_broadcast(&team->go);
	pthread_mutex_unlock(&team->lock);
}

int team_wait(struct team *team, uint64_t deadline)
{
	int result;

	while ((result = standing(team)) == -EAGAIN) {
		int news = wait_news(team, deadline, true);

		if (news)
			return news;
	}
	return result;
}

int team_run(struct team *team, uint64_t timeout_ns)
{
	uint64_t deadline = clock_ns() + timeout_ns;
	int result;

	team_start(team);
	result = team_wait(team, deadline);
	if (result)
		team_stop(team);
	return result;
}

void team_nudge(struct team *team, unsigned int index)
{
	pthread_kill(team->members[index]->thread, KICK_SIGNAL);
}

void team_forgive(struct team *team)
{
	for (unsigned int i = 0; i < team->count; i++) {
		struct member *member = team->members[i];

		member->stop = VCPU_WAITS;
		vcpu_forgive(&member->vcpu);
	}
}

const struct vcpu *team_culprit(const struct team *team)
{
	const struct vcpu *found = NULL;

	for (unsigned int i = 0; i < team->count; i++) {
		const struct vcpu *vcpu = &team->members[i]->vcpu;

		if (vcpu->trouble && (!found || found->trouble == GUEST_TIMEOUT))
			found = vcpu;
	}
	return found;
}

void team_repeat(struct team *team, bool on)
{
	__atomic_store_n(&team->repeat, on, __ATOMIC_RELEASE);
}

bool team_leave(struct team *team, unsigned int first)
{
	/* A thread stuck in the kernel can't be joined; the process's end takes it. */
	if (any_running(team))
		return false;
	pthread_mutex_lock(&team->lock);
	for (unsigned int i = first; i < team->count; i++)
		team->members[i]->quit = true;
	pthread_cond_broadcast(&team->go);
	pthread_mutex_unlock(&team->lock);
	for (unsigned int i = first; i < team->count; i++) {
		if (team->members[i]->started)
			pthread_join(team->members[i]->thread, NULL);
		vcpu_destroy(&team->members[i]->vcpu);
		free(team->members[i]);
	}
	team->count = first;
	return true;
}

bool team_close(struct team *team)
{
	if (!team_leave(team, 0))
		return false;
	free(team->members);
	if (team->done_fd >= 0)
		close(team->done_fd);
	pthread_cond_destroy(&team->go);
	pthread_mutex_destroy(&team->lock);
	*team = (struct team){ .done_fd = -1 };
	return true;
}
