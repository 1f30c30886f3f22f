// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vcpu_set.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "vm/vcpu_filter.h"

#define KICK_SIGNAL SIGUSR1
/* How long a kicked vCPU may take to leave the kernel: it may be zeroing gigabytes of rmaps. */
#define KICK_TIMEOUT_NS 10000000000ull
/* A wait is made of slices. Where one took longer, by so much at least, what it took more was not the guest's time. */
#define SLICE_NS 200000000ull
#define STOPPED_NS 100000000ull
/* How long a vCPU may take to leave the guest for an instant, and between two signals for that. */
#define EXIT_NS 1000000000ull
#define EXIT_PAUSE_US 50

/* A thread inherits its mask, and whoever started the program may have blocked the signal. */
static void unblock_kick(void)
{
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
}

/* Whoever waits for the vCPUs looks at them anew. */
static void wake(const struct vcpu_set *set)
{
	uint64_t one = 1;

	/* Only an overflow could make this fail, which ends with the next read. */
	while (write(set->done_fd, &one, sizeof(one)) < 0)
		continue;
}

static void *thread_main(void *argument)
{
	struct vcpu_thread *thread = argument;
	struct vcpu_set *set = thread->set;

	unblock_kick();
	vcpu_filter_install(thread->vcpu.flushes);
	for (;;) {
		enum vcpu_stop stop;
		bool quit;

		pthread_mutex_lock(&set->lock);
		while (set->generation == thread->seen && !thread->quit)
			pthread_cond_wait(&set->go, &set->lock);
		thread->seen = set->generation;
		quit = thread->quit;
		pthread_mutex_unlock(&set->lock);
		if (quit)
			return NULL;

		stop = vcpu_run(&thread->vcpu);

		pthread_mutex_lock(&set->lock);
		thread->stop = stop;
		thread->running = false;
		pthread_mutex_unlock(&set->lock);
		wake(set);
	}
}

/* The signal only has to make KVM_RUN return with EINTR. */
static void kick_handler(int number)
{
	(void)number;
}

int vcpu_set_open(struct vcpu_set *set, const struct signals *signals, struct err *err)
{
	struct sigaction action = { .sa_handler = kick_handler };
	int code = 0;

	*set = (struct vcpu_set){ .signals = signals, .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&set->lock, NULL);
	pthread_cond_init(&set->go, NULL);
	sigaction(KICK_SIGNAL, &action, NULL);
	if (set->done_fd < 0) {
		code = err_errno(err, errno, "eventfd");
		vcpu_set_close(set);
	}
	return code;
}

static int add_vcpu(struct vcpu_set *set, const struct vm *vm, const struct payload *payload,
		      unsigned int index, struct err *err)
{
	struct vcpu_thread *thread = calloc(1, sizeof(*thread));
	int code;

	if (!thread)
		return err_set(err, ENOMEM, "no memory for vCPU %u", index);
	thread->set = set;
	thread->seen = set->generation;
	thread->stop = VCPU_WAITS;
	code = vcpu_create(&thread->vcpu, vm, payload, index, err);
	if (code) {
		free(thread);
		return code;
	}
	thread->vcpu.repeat = &set->repeat;
	thread->vcpu.pause = &set->pause;
	pthread_mutex_lock(&set->lock);
	set->threads[set->count++] = thread;
	pthread_mutex_unlock(&set->lock);
	code = pthread_create(&thread->handle, NULL, thread_main, thread);
	thread->started = !code;
	return code ? err_errno(err, code, "pthread_create(vCPU %u)", index) : 0;
}

int vcpu_set_join(struct vcpu_set *set, const struct vm *vm, const struct payload *payload,
	      unsigned int vcpus, struct err *err)
{
	unsigned int first = set->count;
	struct vcpu_thread **larger;
	int code = 0;

	pthread_mutex_lock(&set->lock);
	larger = realloc(set->threads, (first + vcpus) * sizeof(*larger));
	if (larger)
		set->threads = larger;
	pthread_mutex_unlock(&set->lock);
	if (!larger)
		return err_set(err, ENOMEM, "no memory for %u vCPUs", vcpus);
	for (unsigned int i = 0; !code && i < vcpus; i++)
		code = add_vcpu(set, vm, payload, i, err);
	if (code)
		vcpu_set_leave(set, first);
	return code;
}

static void kick(struct vcpu_set *set)
{
	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++) {
		struct vcpu_thread *thread = set->threads[i];

		if (!thread->running)
			continue;
		__atomic_store_n(&thread->vcpu.run->immediate_exit, 1, __ATOMIC_RELEASE);
		pthread_kill(thread->handle, KICK_SIGNAL);
	}
	pthread_mutex_unlock(&set->lock);
}

/* The state of the set: 0: all wait; -EIO: one is in trouble; -EAGAIN: some run. */
static int set_state(struct vcpu_set *set)
{
	int result = 0;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++) {
		const struct vcpu_thread *thread = set->threads[i];

		if (thread->running && !result)
			result = -EAGAIN;
		else if (!thread->running && thread->stop == VCPU_TROUBLE)
			result = -EIO;
	}
	pthread_mutex_unlock(&set->lock);
	return result;
}

static bool any_running(struct vcpu_set *set)
{
	bool running = false;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++)
		running |= set->threads[i]->running;
	pthread_mutex_unlock(&set->lock);
	return running;
}

/* Waits until a vCPU stops or a signal comes. Returns the signal's number, 0, or -ETIMEDOUT. */
static int wait_event(struct vcpu_set *set, uint64_t deadline, bool signals)
{
	struct pollfd fds[2] = {
		{ .fd = set->done_fd, .events = POLLIN },
		{ .fd = signals ? signals_fd(set->signals) : -1, .events = POLLIN },
	};
	uint64_t now = clock_ns(), left = deadline > now ? deadline - now : 0, count;
	struct timespec timeout = { (time_t)(left / 1000000000u), (long)(left % 1000000000u) };
	int ready = ppoll(fds, 2, &timeout, NULL);

	if (!ready)
		return -ETIMEDOUT;
	if (ready > 0 && fds[1].revents)
		return signals_next(set->signals);
	if (ready > 0 && fds[0].revents && read(set->done_fd, &count, sizeof(count)) < 0)
		return 0;
	return 0;
}

/*
 * wait_event() for a slice of the time that is left. By what it took longer the deadline is put off: the process, or its host, was
 * stopped meanwhile, or had no CPU.
 */
static int wait_slice(struct vcpu_set *set, uint64_t *deadline, bool signals)
{
	uint64_t start = clock_ns(), left = *deadline > start ? *deadline - start : 0, now;
	uint64_t end = start + (left < SLICE_NS ? left : SLICE_NS);
	int event = wait_event(set, end, signals);

	now = clock_ns();
	if (now > end + STOPPED_NS && __builtin_add_overflow(*deadline, now - end, deadline))
		*deadline = UINT64_MAX;
	return event == -ETIMEDOUT && now < *deadline ? 0 : event;
}

void vcpu_set_stop(struct vcpu_set *set)
{
	uint64_t deadline = clock_ns() + KICK_TIMEOUT_NS;

	do {
		kick(set);
	} while (any_running(set) && wait_slice(set, &deadline, false) != -ETIMEDOUT);
}

void vcpu_set_tell(struct vcpu_set *set, unsigned int index, uint32_t next)
{
	vcpu_tell(&set->threads[index]->vcpu, next);
}

void vcpu_set_tell_all(struct vcpu_set *set, uint32_t next)
{
	for (unsigned int i = 0; i < set->count; i++)
		vcpu_set_tell(set, i, next);
}

void vcpu_set_start(struct vcpu_set *set)
{
	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++)
		set->threads[i]->running = true;
	set->generation++;
	pthread_cond_broadcast(&set->go);
	pthread_mutex_unlock(&set->lock);
}

int vcpu_set_wait(struct vcpu_set *set, uint64_t *deadline)
{
	int result;

	while ((result = set_state(set)) == -EAGAIN) {
		int event = wait_slice(set, deadline, true);

		if (event)
			return event;
	}
	return result;
}

int vcpu_set_run(struct vcpu_set *set, uint64_t timeout_ns)
{
	uint64_t deadline = clock_ns() + timeout_ns;
	int result;

	vcpu_set_start(set);
	result = vcpu_set_wait(set, &deadline);
	if (result)
		vcpu_set_stop(set);
	return result;
}

/* Does one wait? */
static bool any_waits(struct vcpu_set *set)
{
	bool waits = false;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++)
		waits |= !set->threads[i]->running;
	pthread_mutex_unlock(&set->lock);
	return waits;
}

/* Kicks the vCPUs that run, without an error. -EIO: one is in trouble; -EAGAIN: one is stuck. */
static int pause_all(struct vcpu_set *set)
{
	int result;

	__atomic_store_n(&set->pause, true, __ATOMIC_RELEASE);
	vcpu_set_stop(set);
	result = set_state(set);
	__atomic_store_n(&set->pause, false, __ATOMIC_RELEASE);
	for (unsigned int i = 0; !result && i < set->count; i++)
		__atomic_store_n(&set->threads[i]->vcpu.run->immediate_exit, 0, __ATOMIC_RELEASE);
	return result;
}

int vcpu_set_run_first(struct vcpu_set *set, uint64_t deadline, bool while_repeat)
{
	int event = 0, result;

	vcpu_set_start(set);
	while (!event && !any_waits(set) && !(while_repeat && !__atomic_load_n(&set->repeat, __ATOMIC_ACQUIRE)))
		event = wait_slice(set, &deadline, true);
	result = pause_all(set);
	return event > 0 || !result ? event : result;
}

void vcpu_set_nudge(struct vcpu_set *set, unsigned int index)
{
	pthread_kill(set->threads[index]->handle, KICK_SIGNAL);
}

static bool has_left(struct vcpu_set *set, const struct vcpu_thread *thread, uint64_t exits)
{
	bool running;

	pthread_mutex_lock(&set->lock);
	running = thread->running;
	pthread_mutex_unlock(&set->lock);
	return !running || __atomic_load_n(&thread->vcpu.exits, __ATOMIC_ACQUIRE) != exits;
}

bool vcpu_set_pass_exit(struct vcpu_set *set, unsigned int first, unsigned int count)
{
	uint64_t deadline = clock_ns() + EXIT_NS;

	for (unsigned int i = first; i < first + count; i++) {
		const struct vcpu_thread *thread = set->threads[i];
		uint64_t exits = __atomic_load_n(&thread->vcpu.exits, __ATOMIC_ACQUIRE);

		/* A signal that comes just before KVM_RUN makes no exit. */
		while (!has_left(set, thread, exits)) {
			if (clock_ns() >= deadline)
				return false;
			vcpu_set_nudge(set, i);
			usleep(EXIT_PAUSE_US);
		}
	}
	return true;
}

/* It has no trouble of its own: it waits, or it was kicked. */
static bool is_innocent(const struct vcpu *vcpu)
{
	return vcpu->trouble == GUEST_FINE || vcpu->trouble == GUEST_TIMEOUT;
}

bool vcpu_set_forgive(struct vcpu_set *set, int error)
{
	bool failed = false, other = false;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++) {
		struct vcpu_thread *thread = set->threads[i];

		if (thread->running || !(is_innocent(&thread->vcpu) ||
					 vcpu_failed_with(&thread->vcpu, error))) {
			other = true;
			continue;
		}
		failed |= vcpu_failed_with(&thread->vcpu, error);
		thread->stop = VCPU_WAITS;
		vcpu_forgive(&thread->vcpu);
	}
	pthread_mutex_unlock(&set->lock);
	return failed && !other;
}

const struct vcpu *vcpu_set_stuck(struct vcpu_set *set)
{
	const struct vcpu *found = NULL;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; !found && i < set->count; i++)
		if (set->threads[i]->running)
			found = &set->threads[i]->vcpu;
	pthread_mutex_unlock(&set->lock);
	return found;
}

const struct vcpu *vcpu_set_culprit(struct vcpu_set *set)
{
	const struct vcpu *kicked = NULL, *found = NULL;
	bool stuck = false;

	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; !found && i < set->count; i++) {
		const struct vcpu *vcpu = &set->threads[i]->vcpu;

		if (set->threads[i]->running)
			stuck = true;
		else if (!is_innocent(vcpu))
			found = vcpu;
		else if (vcpu->trouble && !kicked)
			kicked = vcpu;
	}
	pthread_mutex_unlock(&set->lock);
	return found || stuck ? found : kicked;
}

void vcpu_set_repeat(struct vcpu_set *set, bool on)
{
	__atomic_store_n(&set->repeat, on, __ATOMIC_RELEASE);
	wake(set);
}

void vcpu_set_patience(struct vcpu_set *set, unsigned int patience)
{
	for (unsigned int i = 0; i < set->count; i++)
		__atomic_store_n(&set->threads[i]->vcpu.patience, patience, __ATOMIC_RELEASE);
}

uint64_t vcpu_set_accesses(const struct vcpu_set *set)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < set->count; i++)
		sum += __atomic_load_n(&set->threads[i]->vcpu.vmm_accesses, __ATOMIC_ACQUIRE);
	return sum;
}

void vcpu_set_note_rings(const struct vcpu_set *set, unsigned int first, unsigned int count, struct dirty_pages *pages)
{
	for (unsigned int i = 0; i < count; i++)
		dirty_ring_note(&set->threads[first + i]->vcpu.ring, pages);
}

void vcpu_set_take_rings(const struct vcpu_set *set, unsigned int first, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		dirty_ring_harvest(&set->threads[first + i]->vcpu.ring);
}

void vcpu_set_dump(struct vcpu_set *set, FILE *out)
{
	pthread_mutex_lock(&set->lock);
	for (unsigned int i = 0; i < set->count; i++) {
		const struct vcpu_thread *thread = set->threads[i];
		const struct vcpu *vcpu = &thread->vcpu;

		/* The text of a vCPU that runs is its thread's to write. */
		fprintf(out, "minivmm: vCPU %u: %s\n", i, thread->running ? "runs" :
			thread->stop == VCPU_TROUBLE ? vcpu->text : "waits");
	}
	pthread_mutex_unlock(&set->lock);
}

bool vcpu_set_leave(struct vcpu_set *set, unsigned int first)
{
	unsigned int count;

	/* A thread that is stuck in the kernel can't be joined; it ends with the process. */
	if (any_running(set))
		return false;
	pthread_mutex_lock(&set->lock);
	for (unsigned int i = first; i < set->count; i++)
		set->threads[i]->quit = true;
	count = set->count;
	set->count = first;
	pthread_cond_broadcast(&set->go);
	pthread_mutex_unlock(&set->lock);
	for (unsigned int i = first; i < count; i++) {
		if (set->threads[i]->started)
			pthread_join(set->threads[i]->handle, NULL);
		vcpu_destroy(&set->threads[i]->vcpu);
		free(set->threads[i]);
	}
	return true;
}

bool vcpu_set_close(struct vcpu_set *set)
{
	if (!vcpu_set_leave(set, 0))
		return false;
	free(set->threads);
	if (set->done_fd >= 0)
		close(set->done_fd);
	pthread_cond_destroy(&set->go);
	pthread_mutex_destroy(&set->lock);
	*set = (struct vcpu_set){ .done_fd = -1 };
	return true;
}
