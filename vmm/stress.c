// SPDX-License-Identifier: GPL-2.0-only
#include "stress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kvm.h"
#include "ops.h"
#include "worker.h"

#define SECOND 1000000000ull
/* How long a worker may take to end its round: it may wait for gigabytes of rmaps to be zeroed. */
#define JOIN_TIMEOUT_S 30
/* A worker that fails so often has nothing new to say. */
#define FAILURES_MAX 100

const char *stress_step_name(enum stress_step step)
{
	static const char *const names[STEP_COUNT] = {
		[STEP_DIRTY_LOG_ON] = "dirty-log-on", [STEP_DIRTY_LOG_OFF] = "dirty-log-off",
		[STEP_DIRTY_LOG_GET] = "dirty-log-get", [STEP_DIRTY_LOG_CLEAR] = "dirty-log-clear",
		[STEP_DISCARD] = "discard", [STEP_GUEST_PASS] = "guest-pass",
	};

	return names[step];
}

/* splitmix64, by Sebastiano Vigna, public domain. */
uint64_t worker_random(struct worker *worker, uint64_t below)
{
	uint64_t z = worker->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static struct latency *step_latency(struct worker_result *result, enum stress_step step)
{
	if (!result->steps[step])
		result->steps[step] = calloc(1, sizeof(*result->steps[step]));
	return result->steps[step];
}

int worker_took(struct worker *worker, enum stress_step step, uint64_t start_ns)
{
	struct latency *latency = step_latency(worker->result, step);

	if (!latency)
		return worker_failed(worker, ENOMEM, "no memory for latencies");
	latency_add(latency, clock_ns() - start_ns);
	return 0;
}

int worker_failed(struct worker *worker, int code, const char *format, ...)
{
	struct worker_result *result = worker->result;
	char text[192];
	va_list args;

	if (!result->failures++) {
		va_start(args, format);
		vsnprintf(text, sizeof(text), format, args);
		va_end(args);
		snprintf(result->failure, sizeof(result->failure), "%s: %s", text, strerror(code));
	}
	return -code;
}

static bool must_end(const struct worker *worker)
{
	const struct stress *stress = worker->stress;
	uint64_t iterations = stress->phase->iterations;

	return __atomic_load_n(&stress->stop, __ATOMIC_ACQUIRE) ||
	       (stress->deadline && clock_ns() >= stress->deadline) ||
	       (worker->cfg && iterations && worker->result->rounds >= iterations) ||
	       worker->result->failures >= FAILURES_MAX;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec time = { (time_t)(ns / SECOND), (long)(ns % SECOND) };

	nanosleep(&time, NULL);
}

/* Sleeps in short bits until it is the turn of the next round, or the end. */
static void wait_turn(const struct worker *worker, uint64_t start)
{
	uint64_t rate = worker->cfg ? worker->cfg->rate : 0, now;
	uint64_t turn = rate ? start + worker->result->rounds * SECOND / rate : 0;

	while ((now = clock_ns()) < turn && !must_end(worker))
		sleep_ns(turn - now < SECOND / 50 ? turn - now : SECOND / 50);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct stress *stress = worker->stress;
	uint64_t start = clock_ns();

	while (!must_end(worker)) {
		wait_turn(worker, start);
		if (must_end(worker))
			break;
		if (worker->cfg)
			worker_round(worker);
		else
			sleep_ns(SECOND / 100);
		worker->result->rounds++;
	}
	__atomic_store_n(&worker->ended, true, __ATOMIC_RELEASE);
	/* The last one lets the vCPUs come to rest. */
	if (!__atomic_sub_fetch(&stress->live, 1, __ATOMIC_ACQ_REL))
		team_repeat(stress->team, false);
	return NULL;
}

static size_t thread_count(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->worker_count; i++)
		count += config->workers[i].threads;
	return count;
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

static void set_worker(struct stress *stress, size_t index, const struct worker_cfg *cfg,
		       unsigned int thread, struct stress_result *result)
{
	const struct config *config = stress->run->config;
	struct worker *worker = &stress->workers[index];

	*worker = (struct worker){
		.stress = stress, .cfg = cfg, .result = &result->workers[index],
		.random = config->seed ^ (uint64_t)(index + 1) << 32 ^
			  (uint64_t)(stress->phase - config->phases) << 48,
	};
	worker->result->cfg = cfg;
	worker->result->index = thread;
	if (cfg)
		find_row(worker, &stress->run->layout);
}

/* Where there are no workers, one that only waits for the end of time. */
static void set_workers(struct stress *stress, struct stress_result *result)
{
	const struct config *config = stress->run->config;
	size_t index = 0;

	for (size_t i = 0; i < config->worker_count; i++)
		for (unsigned int thread = 0; thread < config->workers[i].threads; thread++)
			set_worker(stress, index++, &config->workers[i], thread, result);
	if (!index)
		set_worker(stress, index, NULL, 0, result);
}

/* Result: the workers', then one per vCPU. */
static int make_result(struct stress *stress, struct stress_result **result)
{
	const struct config *config = stress->run->config;
	struct stress_result *made = calloc(1, sizeof(*made));
	size_t threads = thread_count(config), slots = stress->run->layout.count;

	*result = made;
	stress->count = threads ? threads : 1;
	stress->workers = calloc(stress->count, sizeof(*stress->workers));
	stress->slots = calloc(slots + 1, sizeof(*stress->slots));
	if (made)
		made->workers = calloc(stress->count + stress->team->count, sizeof(*made->workers));
	if (!made || !made->workers || !stress->workers || !stress->slots)
		return -ENOMEM;
	for (size_t i = 0; i < slots; i++)
		pthread_mutex_init(&stress->slots[i], NULL);
	made->count = threads + stress->team->count;
	set_workers(stress, made);
	for (unsigned int i = 0; i < stress->team->count; i++) {
		struct worker_result *vcpu = &made->workers[threads + i];

		*vcpu = (struct worker_result){ .index = i };
		if (!step_latency(vcpu, STEP_GUEST_PASS))
			return -ENOMEM;
		stress->team->members[i]->vcpu.passes = vcpu->steps[STEP_GUEST_PASS];
	}
	return 0;
}

/* So that getting the log and clearing it are two things, as live migration has them. */
static int enable_manual_log(const struct stress *stress, struct err *err)
{
	const struct config *config = stress->run->config;
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				      .args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE } };
	bool needed = false;

	for (size_t i = 0; i < config->worker_count; i++)
		needed |= op_info(config->workers[i].op)->needs & OP_MANUAL_LOG;
	return needed ? kvm_ioctl(stress->vm->fd, KVM_ENABLE_CAP, &cap, err,
				  "KVM_ENABLE_CAP(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)") : 0;
}

static int start_workers(struct stress *stress, struct err *err)
{
	stress->live = (unsigned int)stress->count;
	for (size_t i = 0; i < stress->count; i++) {
		struct worker *worker = &stress->workers[i];
		int code = pthread_create(&worker->thread, NULL, worker_main, worker);

		if (code)
			return err_errno(err, code, "pthread_create(worker)");
		worker->started = true;
	}
	return 0;
}

/* False: a worker is stuck in the kernel, and what it uses must stay. */
static bool join_workers(struct stress *stress)
{
	struct timespec deadline;
	bool all = true;

	__atomic_store_n(&stress->stop, true, __ATOMIC_RELEASE);
	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += JOIN_TIMEOUT_S;
	for (size_t i = 0; i < stress->count; i++) {
		struct worker *worker = &stress->workers[i];

		if (!worker->started || !pthread_timedjoin_np(worker->thread, NULL, &deadline))
			continue;
		worker_failed(worker, ETIMEDOUT, "stuck in a round");
		all = false;
	}
	return all;
}

static void forget(struct stress *stress)
{
	for (unsigned int i = 0; i < stress->team->count; i++)
		stress->team->members[i]->vcpu.passes = NULL;
	for (size_t i = 0; stress->workers && i < stress->count; i++)
		free(stress->workers[i].bitmap);
	free(stress->workers);
	free(stress->slots);
	free(stress);
}

static void count_passes(struct stress_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		if (!result->workers[i].cfg)
			result->workers[i].rounds = result->workers[i].steps[STEP_GUEST_PASS]->count;
}

static int run_workers(struct stress *stress, uint32_t index, uint64_t timeout_ns,
		       struct err *err)
{
	uint64_t duration = stress->phase->duration;
	int code = enable_manual_log(stress, err);

	if (code < 0)
		return code;
	stress->deadline = duration ? clock_ns() + duration : 0;
	team_tell_all(stress->team, index);
	team_repeat(stress->team, true);
	code = start_workers(stress, err);
	if (!code)
		code = team_run(stress->team, timeout_ns + duration);
	team_repeat(stress->team, false);
	return code;
}

int stress_run(const struct run *run, const struct vm *vm, struct team *team,
	       const struct phase_cfg *phase, uint32_t index, uint64_t timeout_ns,
	       struct stress_result **result, struct err *err)
{
	struct stress *stress = calloc(1, sizeof(*stress));
	int code;

	*result = NULL;
	if (!stress)
		return err_set(err, ENOMEM, "no memory for the workers");
	*stress = (struct stress){ .run = run, .vm = vm, .team = team, .phase = phase };
	code = make_result(stress, result);
	if (code) {
		forget(stress);
		stress_result_free(*result);
		*result = NULL;
		return err_set(err, ENOMEM, "no memory for the workers");
	}
	code = run_workers(stress, index, timeout_ns, err);
	if (join_workers(stress))
		forget(stress);
	count_passes(*result);
	return code;
}

void stress_result_free(struct stress_result *result)
{
	for (size_t i = 0; result && i < result->count; i++)
		for (int step = 0; step < STEP_COUNT; step++)
			free(result->workers[i].steps[step]);
	if (result)
		free(result->workers);
	free(result);
}
