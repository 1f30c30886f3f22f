// SPDX-License-Identifier: GPL-2.0-only
/* A worker's thread: round by round, at its rate, until the phase ends. */
#include "run/worker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define SECOND 1000000000ull
#define FAILURES_MAX 100	/* a worker that has failed so often ends */

/* NULL for the ops that vCPUs do: these have no worker threads. */
static worker_round *const rounds[OP_COUNT] = {
#define OP_ROUND(id, ...) [OP_##id] = round_##id,
	THREAD_OPS(OP_ROUND)
#undef OP_ROUND
};

/* splitmix64, by Sebastiano Vigna, public domain. */
static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t worker_random(struct worker *worker, uint64_t below)
{
	worker->random = mix(worker->random);
	return worker->random % below;
}

static uint64_t round_number(const struct worker *worker)
{
	return worker->cfg->first_round + __atomic_load_n(&worker->result->rounds, __ATOMIC_RELAXED);
}

/* A round's choices do not depend on earlier rounds: any round can be replayed alone. */
static void seed_round(struct worker *worker)
{
	const struct config *config = worker->stress->run->config;
	uint64_t parts[] = {
		config->seed, worker->stress->phase_index, (uint64_t)(worker->cfg - config->workers),
		worker->result->index, round_number(worker),
	};

	worker->random = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		worker->random = mix(worker->random ^ parts[i]);
	worker->target = &worker->stress->vms[worker_random(worker, worker->stress->vm_count)];
}

int worker_took(struct worker *worker, enum stress_step step, uint64_t start_ns)
{
	struct latency **latency = &worker->result->steps[step];

	if (!*latency)
		*latency = calloc(1, sizeof(**latency));
	if (!*latency)
		return worker_failed(worker, ENOMEM, "no memory for latencies");
	latency_add(*latency, clock_ns() - start_ns);
	return 0;
}

/* The lowest round that a thread of a [worker.NAME] is in. They are neighbours, from `first` on. */
static uint64_t least_round(const struct stress *stress, size_t first)
{
	const struct worker_cfg *cfg = stress->workers[first].cfg;
	uint64_t least = UINT64_MAX;

	for (size_t i = first; i < stress->count && stress->workers[i].cfg == cfg; i++) {
		uint64_t round = round_number(&stress->workers[i]);

		least = round < least ? round : least;
	}
	return least;
}

/*
 * At the first failure, notes the options that begin with the rounds that the workers are in.
 * stress->lock is held.
 */
static void note_replay(struct stress *stress)
{
	char *text = stress->result->replay;
	size_t size = sizeof(stress->result->replay), length;
	const struct worker_cfg *last = NULL;

	if (text[0])
		return;
	length = (size_t)snprintf(text, size, "--seed %llu",
				  (unsigned long long)stress->run->config->seed);
	for (size_t i = 0; i < stress->count && length < size; i++) {
		const struct worker *worker = &stress->workers[i];

		if (!worker->cfg || worker->cfg == last)
			continue;
		last = worker->cfg;
		length += (size_t)snprintf(text + length, size - length,
					   " worker.%s.first-round=%llu", last->name,
					   (unsigned long long)least_round(stress, i));
	}
}

/* A worker that takes too long may fail by itself while the run says that it is late. */
int worker_failed(struct worker *worker, int code, const char *format, ...)
{
	struct worker_result *result = worker->result;
	char text[192];
	va_list args;

	pthread_mutex_lock(&worker->stress->lock);
	if (!result->failures) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
		snprintf(result->failure, sizeof(result->failure), "%s%s%s", text, code ? ": " : "",
			 code ? strerror(code) : "");
		note_replay(worker->stress);
	}
	__atomic_store_n(&result->failures, result->failures + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&worker->stress->lock);
	return code ? -code : -EPROTO;
}

int worker_unavailable(struct worker *worker, const char *format, ...)
{
	struct worker_result *result = worker->result;
	va_list args;

	va_start(args, format);
	vsnprintf(result->unavailable, sizeof(result->unavailable), format, args);
	va_end(args);
	return -ENOTSUP;
}

/* A worker without a round has tested nothing: on a loaded host its thread may start after the phase's duration. */
static bool must_end(const struct worker *worker)
{
	const struct stress *stress = worker->stress;
	uint64_t iterations = stress->phase->iterations;
	bool idle = worker->cfg && !worker->result->rounds;

	return __atomic_load_n(&stress->stop, __ATOMIC_ACQUIRE) ||
	       (!idle && stress->deadline && clock_ns() >= stress->deadline) ||
	       (worker->cfg && iterations && worker->result->rounds >= iterations) ||
	       __atomic_load_n(&worker->result->failures, __ATOMIC_RELAXED) >= FAILURES_MAX ||
	       worker->result->unavailable[0];
}

static void sleep_ns(uint64_t ns)
{
	struct timespec time = { (time_t)(ns / SECOND), (long)(ns % SECOND) };

	nanosleep(&time, NULL);
}

/* Sleeps until the rate allows the next round, in short steps to notice the end of the phase. */
static void wait_turn(const struct worker *worker, uint64_t start)
{
	uint64_t rate = worker->cfg ? worker->cfg->rate : 0, now;
	uint64_t turn = rate ? start + worker->result->rounds * SECOND / rate : 0;

	while ((now = clock_ns()) < turn && !must_end(worker))
		sleep_ns(turn - now < SECOND / 50 ? turn - now : SECOND / 50);
}

static void do_round(struct worker *worker)
{
	if (worker->cfg) {
		seed_round(worker);
		if (worker == worker->stress->workers &&
		    worker->stress->run->config->selftest.break_what == BREAK_STUCK_WORKER)
			sleep(1000);
		rounds[worker->cfg->op](worker);
	} else {
		sleep_ns(SECOND / 100);
	}
	if (!worker->result->unavailable[0])
		__atomic_store_n(&worker->result->rounds, worker->result->rounds + 1,
				 __ATOMIC_RELEASE);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct stress *stress = worker->stress;
	uint64_t start = clock_ns();

	while (!must_end(worker)) {
		wait_turn(worker, start);
		if (!must_end(worker))
			do_round(worker);
	}
	/* If all workers are unavailable, the phase still lasts until its deadline. */
	while (worker->result->unavailable[0] && stress->deadline &&
	       !__atomic_load_n(&stress->stop, __ATOMIC_ACQUIRE) && clock_ns() < stress->deadline)
		sleep_ns(SECOND / 100);
	/* After the last worker, the vCPUs end their pass and begin no other. */
	if (!__atomic_sub_fetch(&stress->live, 1, __ATOMIC_ACQ_REL))
		vcpu_set_repeat(stress->set, false);
	pthread_mutex_lock(&stress->lock);
	worker->ended = true;
	pthread_cond_broadcast(&stress->ended);
	pthread_mutex_unlock(&stress->lock);
	return NULL;
}

static void find_row(struct worker *worker, const struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];

		if (!worker->cfg->slot ||
		    strcmp(layout->config->memslots[slot->cfg].name, worker->cfg->slot))
			continue;
		if (!worker->row_count++)
			worker->row = slot;
	}
}

static void find_spare(struct stress *stress)
{
	const struct layout *layout = &stress->run->layout;

	stress->spare_gpa = layout_spare_gpa(layout);
	for (size_t i = 0; i < layout->count; i++)
		if (layout->slots[i].id >> 16 == 0 && layout->slots[i].id >= stress->spare_id)
			stress->spare_id = layout->slots[i].id + 1;
}

/* Each thread has a gpa and a slot id of its own, so that two threads never use the same. */
static void take_spare(struct worker *worker)
{
	struct stress *stress = worker->stress;
	uint64_t size = (worker->row->size + LAYOUT_SPARE_ALIGN - 1) & -LAYOUT_SPARE_ALIGN;

	if (!stress->spare_gpa)
		find_spare(stress);
	worker->spare_id = stress->spare_id++;
	if (stress->spare_gpa + size > 1ull << kvm_phys_bits(stress->vms[0].vm->kvm))
		return;
	worker->spare_gpa = stress->spare_gpa;
	stress->spare_gpa += size;
}

void worker_init(struct worker *worker, struct stress *stress, const struct worker_cfg *cfg,
		 unsigned int thread, struct worker_result *result)
{
	*worker = (struct worker){ .stress = stress, .cfg = cfg, .result = result, .fd = -1 };
	result->cfg = cfg;
	result->index = thread;
	if (!cfg)
		return;
	find_row(worker, &stress->run->layout);
	if (op_info(cfg->op)->traits & OP_NEEDS_SPARE_GPA)
		take_spare(worker);
}

int worker_start(struct worker *worker)
{
	int code = pthread_create(&worker->thread, NULL, worker_main, worker);

	worker->started = !code;
	return code;
}

/*
 * pthread_clockjoin_np() would do it alone, but the thread sanitizer of GCC 12 does not know that it
 * joins.
 */
bool worker_join(struct worker *worker, uint64_t deadline)
{
	const struct timespec until = clock_time(deadline);
	struct stress *stress = worker->stress;
	bool ended;
	int code = 0;

	pthread_mutex_lock(&stress->lock);
	while (!worker->ended && code != ETIMEDOUT)
		code = pthread_cond_clockwait(&stress->ended, &stress->lock, CLOCK_MONOTONIC, &until);
	ended = worker->ended;
	pthread_mutex_unlock(&stress->lock);
	if (ended)
		pthread_join(worker->thread, NULL);
	return ended;
}

void worker_free(struct worker *worker)
{
	free(worker->buffer);
	if (worker->fd >= 0)
		close(worker->fd);
}
