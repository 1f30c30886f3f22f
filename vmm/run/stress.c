// SPDX-License-Identifier: GPL-2.0-only
#include "run/stress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run/live_run.h"
#include "run/worker.h"
#include "vm/bus_error.h"
#include "vm/device_tree.h"
#include "vm/kvm.h"

#define SECOND 1000000000ull
#define SIGNAL_GRACE_NS (SECOND / 2)	/* for the vCPUs' passes, of the second a signal has */

const char *stress_step_name(enum stress_step step)
{
	static const char *const names[STEP_COUNT] = {
#define STEP(id, name) [STEP_##id] = name,
		WORKER_STEPS
#undef STEP
	};

	return names[step];
}

static bool has_threads(const struct worker_cfg *worker)
{
	return !(op_info(worker->op)->traits & OP_IN_GUEST);
}

static size_t thread_count(const struct config *config)
{
	size_t count = 0;

	for (size_t i = 0; i < config->worker_count; i++)
		if (has_threads(&config->workers[i]))
			count += config->workers[i].threads;
	return count;
}

uint64_t stress_further_vms(const struct config *config, const struct phase_cfg *phase)
{
	uint64_t count = phase->vms - 1;

	for (size_t i = 0; i < config->worker_count; i++)
		if (op_info(config->workers[i].op)->traits & OP_MAKES_VM)
			count += config->workers[i].threads;
	return count;
}

/* Without any worker thread there is one that only waits for the deadline. */
static void set_workers(struct stress *stress)
{
	const struct config *config = stress->run->config;
	struct stress_result *result = stress->result;
	size_t index = 0;

	for (size_t i = 0; i < config->worker_count; i++) {
		const struct worker_cfg *cfg = &config->workers[i];

		for (unsigned int thread = 0; has_threads(cfg) && thread < cfg->threads; thread++) {
			worker_init(&stress->workers[index], stress, cfg, thread,
				    &result->workers[index]);
			index++;
		}
	}
	if (!index)
		worker_init(&stress->workers[0], stress, NULL, 0, &result->workers[0]);
}

/* The ops that vCPUs do are given to the vCPUs round-robin. NULL: there is none. */
static const struct worker_cfg *guest_op(const struct config *config, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < config->worker_count; i++)
		count += !has_threads(&config->workers[i]);
	if (!count)
		return NULL;
	n %= count;
	for (size_t i = 0; ; i++)
		if (!has_threads(&config->workers[i]) && !n--)
			return &config->workers[i];
}

/* Do workers take back huge pages, of which the pool may have none until the last fault has let them go? See discard_live.c. */
static bool takes_back_huge_pages(const struct run *run)
{
	for (uint32_t i = 0; i < run->config->memslot_count; i++)
		if (memslot_is_huge_pool(&run->config->memslots[i]) && layout_traits(&run->layout, i) & OP_LOSES_DATA)
			return true;
	return false;
}

static unsigned int patience(const struct run *run)
{
	unsigned int traits = op_traits_of(run->config, NULL);

	return (traits & OP_REMOVES_SLOT ? PATIENT_MMIO : 0) |
	       (traits & OP_WRITE_PROTECTS || takes_back_huge_pages(run) ? PATIENT_EFAULT : 0);
}

static int set_vcpu(struct stress *stress, const struct stress_vm *vm, unsigned int index,
		    struct worker_result *result)
{
	const struct config *config = stress->run->config;
	unsigned int number = vm->first + index;
	struct vcpu *vcpu = &stress->set->threads[number]->vcpu;
	const struct worker_cfg *op = guest_op(config, number);

	*result = (struct worker_result){
		.cfg = op, .guest = true, .index = index, .vm = (unsigned int)(vm - stress->vms),
	};
	result->steps[STEP_GUEST_PASS] = calloc(1, sizeof(struct latency));
	if (!result->steps[STEP_GUEST_PASS])
		return -ENOMEM;
	vcpu->passes = result->steps[STEP_GUEST_PASS];
	vcpu_set_tell(stress->set, number, op ? device_tree_job(config, stress->phase_index,
							    (size_t)(op - config->workers)) :
					     stress->phase_index);
	return 0;
}

/* The result has one entry per thread, then one per vCPU of the built-in payload. */
static int make_result(struct stress *stress)
{
	size_t threads = thread_count(stress->run->config), next = threads;
	struct stress_result *result = stress->result;
	int code = 0;

	stress->count = threads ? threads : 1;
	result->workers = calloc(stress->count + stress->set->count, sizeof(*result->workers));
	/* Allocated last: free_stress() must see only initialised workers. */
	if (result->workers)
		stress->workers = calloc(stress->count, sizeof(*stress->workers));
	if (!stress->workers)
		return -ENOMEM;
	set_workers(stress);
	vcpu_set_patience(stress->set, patience(stress->run));
	/* A guest of the user's has no passes: it goes on. */
	for (size_t i = 0; !stress->phase->goes_on && i < stress->vm_count; i++)
		for (unsigned int vcpu = 0; !code && vcpu < stress->vms[i].vcpus; vcpu++)
			code = set_vcpu(stress, &stress->vms[i], vcpu, &result->workers[next++]);
	result->count = next;
	return code;
}

/* KVM_GET_DIRTY_LOG then leaves the log to KVM_CLEAR_DIRTY_LOG, as a live migration uses them. */
static int enable_manual_log(const struct stress *stress, struct err *err)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2,
				      .args = { KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE } };
	int code = 0;

	if (stress->phase->protect == PROTECT_INITIALLY_SET)
		cap.args[0] |= KVM_DIRTY_LOG_INITIALLY_SET;
	if (!(op_traits_of(stress->run->config, NULL) & OP_NEEDS_MANUAL_LOG))
		return 0;
	for (size_t i = 0; code >= 0 && i < stress->vm_count; i++)
		code = kvm_ioctl(stress->vms[i].vm->fd, KVM_ENABLE_CAP, &cap, err,
				 "KVM_ENABLE_CAP(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)");
	return code < 0 ? code : 0;
}

static int start_workers(struct stress *stress, struct err *err)
{
	stress->live = (unsigned int)stress->count;
	for (size_t i = 0; i < stress->count; i++) {
		int code = worker_start(&stress->workers[i]);

		if (code)
			return err_errno(err, code, "pthread_create(worker)");
	}
	return 0;
}

static void join_workers(struct stress *stress)
{
	uint64_t deadline = clock_ns() + stress->timeout_ns;

	__atomic_store_n(&stress->stop, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < stress->count; i++) {
		struct worker *worker = &stress->workers[i];

		if (worker->started && !worker_join(worker, deadline)) {
			worker_failed(worker, ETIMEDOUT, "stuck in a round");
			__atomic_store_n(&stress->stuck, true, __ATOMIC_RELEASE);
		} else if (stress->late && worker->result->rounds < stress->phase->iterations) {
			worker_failed(worker, 0, "%llu of %llu rounds in the time the phase has",
				      (unsigned long long)worker->result->rounds,
				      (unsigned long long)stress->phase->iterations);
		}
	}
}

/*
 * At the deadline, the rounds and passes that have begun may still end, for another timeout: it is
 * a failure only if the vCPUs have not ended by then. At a signal a person waits: the passes have
 * a moment, and are then stopped, as by a second signal at once.
 */
static int wait_end(struct stress *stress, uint64_t deadline)
{
	int result = vcpu_set_wait(stress->set, &deadline), end = result;

	if (result > 0 || result == -ETIMEDOUT) {
		stress->late = result == -ETIMEDOUT;
		__atomic_store_n(&stress->stop, true, __ATOMIC_RELEASE);
		vcpu_set_repeat(stress->set, false);
		deadline = clock_ns() + (result > 0 ? SIGNAL_GRACE_NS : stress->timeout_ns);
		end = vcpu_set_wait(stress->set, &deadline);
	}
	if (end)
		vcpu_set_stop(stress->set);
	if (result > 0 && end == -ETIMEDOUT)
		return result;
	return end || result == -ETIMEDOUT ? end : result;
}

/*
 * Until what the phase waits for, or the end of the workers, which is theirs to say. No worker is late at the end of the time
 * that until = time waits for.
 */
static int run_beside_workers(struct stress *stress)
{
	const struct phase_cfg *phase = stress->phase;
	uint64_t deadline = stress->result->started_ns + phase_guest_time(phase, stress->timeout_ns);
	int result = vcpu_set_run_first(stress->set, deadline, phase->until == UNTIL_AUTO);

	stress->late = result == -ETIMEDOUT && phase->until != UNTIL_TIME;
	return result;
}

/*
 * A pass of each vCPU before the workers start: a VM that was lazy has its first shadow root then, which panics stock kernels
 * where a worker changes a memslot meanwhile (docs/kernel-bugs.md).
 */
static int first_pass(struct stress *stress)
{
	struct vcpu_set *set = stress->set;
	int code = vcpu_set_run(set, 2 * stress->timeout_ns);

	for (unsigned int i = 0; !code && i < set->count; i++)
		vcpu_tell_again(&set->threads[i]->vcpu);
	return code;
}

static int run_beside_passes(struct stress *stress)
{
	vcpu_set_start(stress->set);
	return wait_end(stress, stress->result->started_ns + stress->phase->duration + stress->timeout_ns);
}

static int run_workers(struct stress *stress, struct err *err)
{
	uint64_t duration = stress->phase->duration;
	int code = stress->phase->goes_on ? 0 : first_pass(stress);

	if (code)
		return code;
	stress->result->started_ns = clock_ns();
	stress->deadline = duration ? stress->result->started_ns + duration : 0;
	vcpu_set_repeat(stress->set, true);
	code = start_workers(stress, err);
	if (!code)
		code = stress->phase->goes_on ? run_beside_workers(stress) : run_beside_passes(stress);
	vcpu_set_repeat(stress->set, false);
	return code;
}

static void count_passes(struct stress *stress)
{
	for (unsigned int i = 0; i < stress->set->count; i++)
		stress->set->threads[i]->vcpu.passes = NULL;
	vcpu_set_patience(stress->set, 0);
	for (size_t i = 0; i < stress->result->count; i++) {
		struct worker_result *result = &stress->result->workers[i];

		if (result->guest)
			result->rounds = result->steps[STEP_GUEST_PASS]->count;
	}
}

/* Frees what a stuck thread cannot still use: a stuck vCPU pins the VMs, a stuck worker all. */
static void free_stress(struct stress *stress, struct run *run)
{
	bool stuck = __atomic_load_n(&stress->stuck, __ATOMIC_ACQUIRE);

	if (stuck || !stress_vms_free(stress))
		run->stuck = true;
	if (stuck)
		return;
	for (size_t i = 0; stress->workers && i < stress->count; i++)
		worker_free(&stress->workers[i]);
	free(stress->workers);
	pthread_cond_destroy(&stress->ended);
	pthread_mutex_destroy(&stress->lock);
	free(stress);
}

static int prepare(struct stress *stress, const struct vm *vm, const struct payload *payload, struct err *err)
{
	int code = stress_vms_make(stress, vm, payload, err);

	if (code)
		return code;
	if (make_result(stress))
		return err_set(err, ENOMEM, "no memory for the workers");
	return enable_manual_log(stress, err);
}

/* Notes the trouble of a further VM before it is destroyed; run.c does so for the scenario's VM. */
static void note_trouble(const struct stress *stress, struct run *run)
{
	const struct vcpu *culprit = vcpu_set_culprit(stress->set);
	char phase[CONFIG_NAME_MAX + 32];

	for (size_t i = 1; culprit && i < stress->vm_count; i++) {
		if (culprit->vm != stress->vms[i].vm)
			continue;
		snprintf(phase, sizeof(phase), "%s, VM %zu", stress->phase->name, i);
		vcpu_outcome(culprit, phase, &run->guest);
	}
}

/* The same of a further VM whose memory can't be had: run_phase.c does so for the scenario's VM. */
static bool lost_memory(const struct stress *stress, struct err *err)
{
	const struct vcpu *culprit = vcpu_set_culprit(stress->set);
	bool lost = false;

	for (size_t i = 1; !lost && i < stress->vm_count; i++) {
		const struct vm *vm = stress->vms[i].vm;

		if (culprit && culprit->vm == vm && vcpu_failed_with(culprit, EFAULT))
			bus_error_probe(vm);
		lost = bus_error_explain(vm, err);
	}
	return lost;
}

static int run_prepared(struct stress *stress, struct run *run)
{
	int code;

	__atomic_store_n(&run->stressing, stress->result, __ATOMIC_RELEASE);
	code = run_workers(stress, &run->err);
	join_workers(stress);
	__atomic_store_n(&run->stressing, NULL, __ATOMIC_RELEASE);
	count_passes(stress);
	if (code <= 0 && lost_memory(stress, &run->err))
		return -EFAULT;
	if (code < 0)
		note_trouble(stress, run);
	if (!code)
		stress_vms_judge(stress);
	return code;
}

int stress_run(struct run *run, const struct vm *vm, const struct payload *payload,
	       struct vcpu_set *set, uint32_t index, uint64_t timeout_ns,
	       struct stress_result **result)
{
	struct stress *stress = calloc(1, sizeof(*stress));
	int code;

	*result = calloc(1, sizeof(**result));
	if (!stress || !*result) {
		free(stress);
		return err_set(&run->err, ENOMEM, "no memory for the workers");
	}
	*stress = (struct stress){
		.run = run, .set = set, .phase = &run->config->phases[index],
		.phase_index = index, .page_level = payload->page_level, .timeout_ns = timeout_ns,
		.result = *result, .ended = PTHREAD_COND_INITIALIZER,
	};
	pthread_mutex_init(&stress->lock, NULL);
	code = prepare(stress, vm, payload, &run->err);
	if (!code)
		code = run_prepared(stress, run);
	free_stress(stress, run);
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
