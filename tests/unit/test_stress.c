// SPDX-License-Identifier: GPL-2.0-only
/* Stress phases without KVM: what they leave where there is no memory, or a thread that is stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/live_run.h"
#include "run/worker.h"

/* The fakes have the prototypes of what they stand for: one with another signature does not compile. */
__typeof__(calloc) __real_calloc, __wrap_calloc;
__typeof__(payload_place) __wrap_payload_place;
__typeof__(payload_load) __wrap_payload_load;
__typeof__(vm_create) __wrap_vm_create;
__typeof__(vm_set_slots) __wrap_vm_set_slots;
__typeof__(vm_destroy) __wrap_vm_destroy;
__typeof__(vcpu_set_join) __wrap_vcpu_set_join;
__typeof__(vcpu_set_wait) __real_vcpu_set_wait, __wrap_vcpu_set_wait;
__typeof__(vcpu_set_patience) __wrap_vcpu_set_patience;
__typeof__(sleep) __wrap_sleep;
__typeof__(clock_gettime) __real_clock_gettime, __wrap_clock_gettime;

static bool clock_is_set_back;	/* atomic: of the wall clock, to 1970 */
static int callocs_left;	/* atomic: the last of them fails, 0: none does */
static unsigned int vms;
/* A vCPU that does not come back, and the VM it is in. */
static struct vcpu_thread only = { .running = true };
static struct vcpu_thread *threads = &only;
static bool sticks;
static sem_t asleep;
static unsigned int tolerated;	/* by the vCPUs, since it was set to 0 */

void *__wrap_calloc(size_t count, size_t size)
{
	if (__atomic_load_n(&callocs_left, __ATOMIC_RELAXED) &&
	    !__atomic_sub_fetch(&callocs_left, 1, __ATOMIC_RELAXED))
		return NULL;
	return __real_calloc(count, size);
}

int __wrap_payload_place(const struct layout *layout, unsigned int vcpus, int page_level,
			 struct payload *payload, struct err *err)
{
	(void)layout, (void)vcpus, (void)page_level, (void)err;
	*payload = (struct payload){ 0 };
	return 0;
}

int __wrap_vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout,
		     struct err *err)
{
	(void)err;
	*vm = (struct vm){ .kvm = kvm, .layout = layout, .fd = -1 };
	vms++;
	return 0;
}

int __wrap_vm_set_slots(struct vm *vm, const struct signals *signals, struct err *err)
{
	(void)vm, (void)signals, (void)err;
	return 0;
}

int __wrap_payload_load(struct payload *payload, const struct vm *vm, struct err *err)
{
	(void)payload, (void)vm, (void)err;
	return 0;
}

int __wrap_vcpu_set_join(struct vcpu_set *set, const struct vm *vm, const struct payload *payload,
		     unsigned int vcpus, struct err *err)
{
	(void)payload, (void)vcpus, (void)err;
	if (sticks) {
		only.vcpu.vm = vm;
		set->threads = &threads;
		set->count = 1;
	}
	return 0;
}

/* A worker that is to be stuck is: then the vCPUs, of which there are none, come to rest. */
int __wrap_vcpu_set_wait(struct vcpu_set *set, uint64_t *deadline)
{
	if (sticks)
		sem_wait(&asleep);
	return __real_vcpu_set_wait(set, deadline);
}

void __wrap_vcpu_set_patience(struct vcpu_set *set, unsigned int patience)
{
	(void)set;
	tolerated |= patience;
}

unsigned int __wrap_sleep(unsigned int seconds)
{
	sem_post(&asleep);
	for (;;)
		pause();
	return seconds;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	int code = __real_clock_gettime(clock, time);

	if (clock == CLOCK_REALTIME && __atomic_load_n(&clock_is_set_back, __ATOMIC_RELAXED))
		time->tv_sec = 0;
	return code;
}

void __wrap_vm_destroy(struct vm *vm)
{
	(void)vm;
	vms--;
}

/* A phase of a millisecond, in a run whose VM has been created. */
struct stage {
	struct phase_cfg phase;
	struct worker_cfg maker;
	struct config config;
	struct phase_result phases[2];
	struct run run;
	struct vm vm;
	struct payload payload;
	struct vcpu_set set;
};

static void set(struct stage *stage)
{
	struct err err;

	*stage = (struct stage){
		.phase = { .what = DO_STRESS, .vms = 1, .duration = 1000000 },
		.maker = { .name = "maker", .op = OP_vm_create_destroy, .threads = 1 },
	};
	stage->config.vm.vcpus = 1;
	stage->config.phases = &stage->phase;
	stage->config.phase_count = 1;
	stage->run.config = &stage->config;
	stage->run.phases = stage->phases;
	stage->run.phase_count = 2;
	assert_int_equal(vcpu_set_open(&stage->set, NULL, &err), 0);
}

static void test_no_memory_closes_nothing(void **state)
{
	struct stress_result *result;
	struct stage stage;
	int code = -ENOMEM;

	(void)state;
	set(&stage);
	assert_true(dup2(open("/dev/null", O_RDONLY), 0) == 0);
	for (int turn = 1; code; turn++) {
		callocs_left = turn;
		code = stress_run(&stage.run, &stage.vm, &stage.payload, &stage.set, 0,
				  1000000000, &result);
		callocs_left = 0;
		stress_result_free(result);
		assert_true(!code || code == -ENOMEM);
		assert_int_not_equal(fcntl(0, F_GETFD), -1);
	}
	vcpu_set_close(&stage.set);
}

/* One round of a worker that makes a VM and destroys it. */
static int one_round(struct stage *stage, bool *stuck)
{
	struct stress_vm own = { .vm = &stage->vm };
	struct stress_result result = { 0 };
	struct worker_result done = { .cfg = &stage->maker };
	struct stress stress = {
		.run = &stage->run, .phase = &stage->phase, .vms = &own, .vm_count = 1,
		.lock = PTHREAD_MUTEX_INITIALIZER, .result = &result,
	};
	struct worker worker = { .stress = &stress, .cfg = &stage->maker, .result = &done };
	int code = round_vm_create_destroy(&worker);

	for (int step = 0; step < STEP_COUNT; step++)
		free(done.steps[step]);
	*stuck = stress.stuck;
	return code;
}

static void test_no_memory_leaves_no_vm(void **state)
{
	struct stage stage;
	int code = -ENOMEM;
	bool stuck;

	(void)state;
	set(&stage);
	for (int turn = 1; code; turn++) {
		callocs_left = turn;
		code = one_round(&stage, &stuck);
		callocs_left = 0;
		assert_int_equal(vms, 0);
		assert_false(stuck);
	}
	vcpu_set_close(&stage.set);
}

/* What a thread that is stuck in the kernel uses is still there. */
static void test_stuck_vcpu_keeps_its_vm(void **state)
{
	struct stage stage;
	bool stuck;

	(void)state;
	set(&stage);
	sticks = true;
	assert_int_equal(one_round(&stage, &stuck), -ETIMEDOUT);
	sticks = false;
	assert_true(stuck);
	assert_int_equal(vms, 1);
	assert_ptr_equal(only.vcpu.vm->layout, &stage.run.layout);
	vcpu_set_close(&stage.set);
}

static void test_stuck_vcpu_keeps_its_set(void **state)
{
	struct stage stage;

	(void)state;
	set(&stage);
	stage.set.threads = &threads;
	stage.set.count = 1;
	assert_false(vcpu_set_close(&stage.set));
	assert_int_not_equal(fcntl(stage.set.done_fd, F_GETFD), -1);
	stage.set.threads = NULL;
	stage.set.count = 0;
	assert_true(vcpu_set_close(&stage.set));
}

/* Until the process ends: on the heap, as is what the worker notes. */
static void test_stuck_worker_is_told(void **state)
{
	static struct stress_result *result;
	struct stage *stage = calloc(1, sizeof(*stage));

	(void)state;
	assert_non_null(stage);
	set(stage);
	stage->config.workers = &stage->maker;
	stage->config.worker_count = 1;
	stage->config.selftest.break_what = BREAK_STUCK_WORKER;
	stage->phase.duration = 0;
	stage->phase.iterations = 1;
	sem_init(&asleep, 0, 0);
	sticks = true;
	assert_int_equal(stress_run(&stage->run, &stage->vm, &stage->payload, &stage->set, 0,
				    1000000, &result), 0);
	assert_true(stage->run.stuck);
	assert_int_equal(result->workers[0].failures, 1);
}

/* The run notes a failure of a worker's while that one asks whether it must end: a hundred end it. */
static void test_failures_that_the_run_notes_end_a_worker(void **state)
{
	struct stress_result told = { 0 };
	struct worker_result result = { 0 };
	struct stress stress;
	struct worker worker;
	struct stage stage;

	(void)state;
	set(&stage);
	stress = (struct stress){
		.run = &stage.run, .phase = &stage.phase, .set = &stage.set, .result = &told,
		.workers = &worker, .count = 1, .live = 1,
		.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER,
	};
	worker_init(&worker, &stress, NULL, 0, &result);
	assert_int_equal(worker_start(&worker), 0);
	for (unsigned int i = 0; i < 100; i++)
		worker_failed(&worker, 0, "late");
	assert_true(worker_join(&worker, clock_ns() + 10000000000));
	assert_int_equal(result.failures, 100);
	vcpu_set_close(&stage.set);
}

/* Each reason to end is enough: stop, the deadline, the last round, an op that this host can't do. */
static void test_each_reason_ends_a_worker(void **state)
{
	enum { STOP, DEADLINE, ROUNDS, UNAVAILABLE, REASONS };
	struct stage stage;

	(void)state;
	set(&stage);
	for (int reason = 0; reason < REASONS; reason++) {
		struct stress_result told = { 0 };
		struct worker_cfg cfg = { .name = "w", .op = OP_reclaim, .threads = 1 };
		struct worker_result result = { .rounds = 5 };
		struct worker worker;
		struct stress stress = {
			.run = &stage.run, .phase = &stage.phase, .set = &stage.set, .result = &told,
			.workers = &worker, .count = 1, .live = 1, .stop = reason == STOP,
			.deadline = reason == DEADLINE ? 1 : 0,
			.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER,
		};

		stage.phase.iterations = reason == ROUNDS ? 5 : 0;
		worker_init(&worker, &stress, &cfg, 0, &result);
		snprintf(result.unavailable, sizeof(result.unavailable), "%s", reason == UNAVAILABLE ? "here" : "");
		assert_int_equal(worker_start(&worker), 0);
		assert_true(worker_join(&worker, clock_ns() + 10000000000));
		assert_int_equal(result.rounds, 5);
	}
	vcpu_set_close(&stage.set);
}

/* A worker that ends in time is joined, whatever happens to the wall clock. */
static void test_joins_wait_on_the_monotonic_clock(void **state)
{
	struct stress_result *result;
	struct stage stage;

	(void)state;
	set(&stage);
	clock_is_set_back = true;
	assert_int_equal(stress_run(&stage.run, &stage.vm, &stage.payload, &stage.set, 0,
				    10000000000, &result), 0);
	clock_is_set_back = false;
	assert_false(stage.run.stuck);
	assert_int_equal(result->workers[0].failures, 0);
	stress_result_free(result);
	vcpu_set_close(&stage.set);
}

/*
 * A pool of huge pages may have none free between the moment in which a page is taken back and the end of KVM's last fault on it:
 * KVM_RUN fails with EFAULT then, which is no failure of the host's.
 */
static void test_huge_pages_that_are_taken_back_may_be_late(void **state)
{
	static const struct {
		enum slot_backing backing;
		unsigned int traits, tolerated;
	} rows[] = {
		{ BACKING_HUGETLB_1G, OP_LOSES_DATA, PATIENT_EFAULT }, { BACKING_HUGETLB_2M, OP_LOSES_DATA, PATIENT_EFAULT },
		{ BACKING_HUGETLB_1G, OP_WRITE_PROTECTS, 0 }, { BACKING_ANON, OP_LOSES_DATA, 0 },
	};
	struct memslot_cfg memslots[2] = { { .name = "low" }, { .name = "data" } };
	unsigned int traits[2] = { 0 };
	uint32_t memory_of[2] = { 0, 1 };
	struct stress_result *result;
	struct stage stage;

	(void)state;
	set(&stage);
	stage.config.memslots = memslots;
	stage.config.memslot_count = 2;
	stage.run.layout = (struct layout){ .config = &stage.config, .memory_of = memory_of, .traits = traits };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memslots[1].backing = rows[i].backing;
		traits[1] = rows[i].traits;
		tolerated = 0;
		assert_int_equal(stress_run(&stage.run, &stage.vm, &stage.payload, &stage.set, 0, 1000000000, &result), 0);
		assert_int_equal(tolerated, rows[i].tolerated);
		stress_result_free(result);
	}
	vcpu_set_close(&stage.set);
}

/* Beside a guest of the user's, with until = time: that time is waited for, and a worker that has not done all is not late. */
static void test_time_ends_a_phase_beside_a_guest(void **state)
{
	const uint64_t timeout = 5000000000;
	struct stress_result *result;
	struct stage stage;
	uint64_t begun;

	(void)state;
	set(&stage);
	stage.phase.duration = 0;
	stage.phase.iterations = 1000000;
	stage.phase.goes_on = true;
	stage.phase.until = UNTIL_TIME;
	stage.phase.until_value = 1000000;
	begun = clock_ns();
	assert_int_equal(stress_run(&stage.run, &stage.vm, &stage.payload, &stage.set, 0, timeout, &result),
			 -ETIMEDOUT);
	assert_true(clock_ns() - begun < timeout);
	assert_int_equal(result->workers[0].failures, 0);
	stress_result_free(result);
	/* Where a mark is waited for, and does not come, they are late. */
	stage.phase.until = UNTIL_MARK;
	assert_int_equal(stress_run(&stage.run, &stage.vm, &stage.payload, &stage.set, 0, 1000000000, &result),
			 -ETIMEDOUT);
	assert_int_equal(result->workers[0].failures, 1);
	stress_result_free(result);
	vcpu_set_close(&stage.set);
}

/* After a slot was deleted, the run's own prediction is wrong: without memory as well. */
static void test_second_prediction_takes_no_memory(void **state)
{
	struct slot slots[] = { { .size = 1ull << 30 }, { .base = 1ull << 32, .size = 1ull << 30 } };
	struct live_run *live = __real_calloc(1, sizeof(*live));
	struct phase_result *phase;
	struct stage stage;

	(void)state;
	assert_non_null(live);
	set(&stage);
	vcpu_set_close(&stage.set);
	stage.run.layout = (struct layout){ .config = &stage.config, .slots = slots, .count = 2 };
	stage.run.model.rmap_lazy = stage.run.model.whole_pages = true;
	slots[1].gone = true;
	live->run = &stage.run;
	live->altered = true;
	live->kept.bytes[ARRAY_RMAP] = 4096;
	sources_open(&live->sources, "/nonexistent", SOURCES_CHEAP);
	phase = &stage.phases[0];
	phase->cfg = &stage.phase;
	phase->what = phase->name = "slot-delete";
	callocs_left = 1;
	phase_end(live, phase);
	callocs_left = 0;
	assert_non_null(phase->predicted);
	assert_int_equal(phase->predicted->heads[2], 1);
	assert_int_equal(phase->predicted->transition.bytes[ARRAY_RMAP], 2056 << 10);
	assert_int_equal(phase->predicted->kept.bytes[ARRAY_RMAP], 4096);
	sources_close(&live->sources);
	free(live);
}

/* Threads of two workers: where each stood when the first failed, the least of its threads. */
struct crowd {
	struct worker_cfg cfgs[2];
	struct config config;
	struct run run;
	struct stress_result result;
	struct stress stress;
	struct worker workers[4];
	struct worker_result results[4];
};

static void gather(struct crowd *crowd)
{
	static const uint64_t rounds[] = { 7, 4, 9, 2 };

	*crowd = (struct crowd){
		.cfgs = { { .name = "a", .op = OP_signal_kick, .threads = 3, .first_round = 10 },
			  { .name = "b", .op = OP_reclaim, .threads = 1 } },
		.config = { .seed = 5, .worker_count = 2 },
	};
	crowd->config.workers = crowd->cfgs;
	crowd->run.config = &crowd->config;
	crowd->stress = (struct stress){
		.run = &crowd->run, .result = &crowd->result, .workers = crowd->workers, .count = 4,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	for (unsigned int i = 0; i < 4; i++) {
		worker_init(&crowd->workers[i], &crowd->stress, &crowd->cfgs[i == 3], i % 3,
			    &crowd->results[i]);
		crowd->results[i].rounds = rounds[i];
	}
}

static void test_replay(void **state)
{
	static const char replay[] = "--seed 5 worker.a.first-round=14 worker.b.first-round=2";
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	assert_int_equal(worker_failed(&crowd.workers[0], EIO, "op %d", 1), -EIO);
	assert_string_equal(crowd.results[0].failure, "op 1: Input/output error");
	assert_string_equal(crowd.result.replay, replay);
	/* The first failure is the one that is told. */
	crowd.results[1].rounds = 100;
	assert_int_equal(worker_failed(&crowd.workers[0], 0, "another"), -EPROTO);
	assert_string_equal(crowd.results[0].failure, "op 1: Input/output error");
	assert_int_equal(worker_failed(&crowd.workers[3], 0, "no errno"), -EPROTO);
	assert_string_equal(crowd.results[3].failure, "no errno");
	assert_string_equal(crowd.result.replay, replay);
	assert_int_equal(crowd.results[0].failures, 2);
	assert_int_equal(crowd.results[3].failures, 1);
	assert_int_equal(crowd.results[1].failures, 0);
}

static void test_steps_are_counted(void **state)
{
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	assert_int_equal(worker_took(&crowd.workers[0], STEP_RECLAIM, 0), 0);
	assert_int_equal(worker_took(&crowd.workers[0], STEP_RECLAIM, 0), 0);
	assert_int_equal(crowd.results[0].steps[STEP_RECLAIM]->count, 2);
	assert_true(crowd.results[0].steps[STEP_RECLAIM]->min_ns > 0);
	assert_null(crowd.results[0].steps[STEP_THP]);
	free(crowd.results[0].steps[STEP_RECLAIM]);
	assert_int_equal(worker_unavailable(&crowd.workers[1], "not %s", "here"), -ENOTSUP);
	assert_string_equal(crowd.results[1].unavailable, "not here");
	assert_int_equal(crowd.results[1].failures, 0);
}

/* Slots above all others, for threads that add or move some: no two of them meet, and none is too high. */
static void test_parking(void **state)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[1];
	} cpuid = { { .nent = 1 }, { { .function = 0x80000008, .eax = 36 } } };
	struct kvm kvm = { .cpuid = &cpuid.head };
	struct vm vm = { .kvm = &kvm };
	struct stress_vm home = { .vm = &vm };
	struct memslot_cfg memslot = { .name = "row" };
	struct slot slots[] = {
		{ .id = 3, .base = 0, .size = 3ull << 30 }, { .id = 0x10009, .base = 0, .size = 4096 },
		{ .id = 7, .base = 4ull << 30, .size = 3ull << 30 },
	};
	struct crowd crowd;

	(void)state;
	gather(&crowd);
	crowd.config.memslots = &memslot;
	crowd.config.memslot_count = 1;
	crowd.run.layout = (struct layout){ .config = &crowd.config, .slots = slots, .count = 3,
					    .top = (7ull << 30) + 4096 };
	crowd.stress.vms = &home;
	crowd.cfgs[0].op = OP_slot_move;
	crowd.cfgs[0].slot = memslot.name;
	for (unsigned int i = 0; i < 3; i++) {
		worker_init(&crowd.workers[i], &crowd.stress, &crowd.cfgs[0], i, &crowd.results[i]);
		assert_ptr_equal(crowd.workers[i].row, slots);
		assert_int_equal(crowd.workers[i].row_count, 3);
		assert_int_equal(crowd.workers[i].spare_gpa, (8ull + 3 * i) << 30);
		assert_int_equal(crowd.workers[i].spare_id, 8 + i);
		assert_int_equal(crowd.results[i].index, i);
	}
	/* The guest has 64 GiB: the last place that is whole ends there. */
	crowd.stress.spare_gpa = 61ull << 30;
	worker_init(&crowd.workers[0], &crowd.stress, &crowd.cfgs[0], 0, &crowd.results[0]);
	assert_int_equal(crowd.workers[0].spare_gpa, 61ull << 30);
	worker_init(&crowd.workers[1], &crowd.stress, &crowd.cfgs[0], 0, &crowd.results[1]);
	assert_int_equal(crowd.workers[1].spare_gpa, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_steps_are_counted),
		cmocka_unit_test(test_parking),
		cmocka_unit_test(test_no_memory_closes_nothing),
		cmocka_unit_test(test_no_memory_leaves_no_vm),
		cmocka_unit_test(test_stuck_vcpu_keeps_its_vm),
		cmocka_unit_test(test_stuck_vcpu_keeps_its_set),
		cmocka_unit_test(test_failures_that_the_run_notes_end_a_worker),
		cmocka_unit_test(test_each_reason_ends_a_worker),
		cmocka_unit_test(test_joins_wait_on_the_monotonic_clock),
		cmocka_unit_test(test_huge_pages_that_are_taken_back_may_be_late),
		cmocka_unit_test(test_time_ends_a_phase_beside_a_guest),
		cmocka_unit_test(test_second_prediction_takes_no_memory),
		cmocka_unit_test(test_stuck_worker_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
