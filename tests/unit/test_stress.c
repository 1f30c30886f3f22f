// SPDX-License-Identifier: GPL-2.0-only
/* Stress phases without KVM: what they leave behind where there is no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __wrap_payload_place(const struct layout *layout, unsigned int vcpus, int page_level,
			 struct payload *payload, struct err *err);
int __wrap_vm_create(struct vm *vm, const struct kvm *kvm, const struct layout *layout,
		     struct err *err);
int __wrap_vm_set_slots(struct vm *vm, struct err *err);
int __wrap_payload_load(const struct payload *payload, const struct vm *vm, struct err *err);
int __wrap_team_join(struct team *team, const struct vm *vm, const struct payload *payload,
		     unsigned int vcpus, struct err *err);
void __wrap_vm_destroy(struct vm *vm);

static int callocs_left;	/* atomic: the last of them fails, 0: none does */
static unsigned int vms;

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

int __wrap_vm_set_slots(struct vm *vm, struct err *err)
{
	(void)vm, (void)err;
	return 0;
}

int __wrap_payload_load(const struct payload *payload, const struct vm *vm, struct err *err)
{
	(void)payload, (void)vm, (void)err;
	return 0;
}

int __wrap_team_join(struct team *team, const struct vm *vm, const struct payload *payload,
		     unsigned int vcpus, struct err *err)
{
	(void)team, (void)vm, (void)payload, (void)vcpus, (void)err;
	return 0;
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
	struct team team;
};

static void set(struct stage *stage)
{
	struct err err;

	*stage = (struct stage){
		.phase = { .what = DO_STRESS, .vms = 1, .duration = 1000000 },
		.maker = { .name = "maker", .op = OP_VM_CREATE_DESTROY, .threads = 1 },
	};
	stage->config.vm.vcpus = 1;
	stage->config.phases = &stage->phase;
	stage->config.phase_count = 1;
	stage->run.config = &stage->config;
	stage->run.phases = stage->phases;
	stage->run.phase_count = 2;
	assert_int_equal(team_open(&stage->team, false, &err), 0);
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
		code = stress_run(&stage.run, &stage.vm, &stage.payload, &stage.team, 0,
				  1000000000, &result);
		callocs_left = 0;
		stress_result_free(result);
		assert_true(!code || code == -ENOMEM);
		assert_int_not_equal(fcntl(0, F_GETFD), -1);
	}
	team_close(&stage.team);
}

static void test_no_memory_leaves_no_vm(void **state)
{
	struct stage stage;
	int code = -ENOMEM;

	(void)state;
	set(&stage);
	for (int turn = 1; code; turn++) {
		struct stress_vm own = { .vm = &stage.vm };
		struct stress_result result = { 0 };
		struct worker_result done = { .cfg = &stage.maker };
		struct stress stress = {
			.run = &stage.run, .phase = &stage.phase, .vms = &own, .vm_count = 1,
			.lock = PTHREAD_MUTEX_INITIALIZER, .result = &result,
		};
		struct worker worker = { .stress = &stress, .cfg = &stage.maker, .result = &done };

		callocs_left = turn;
		code = round_vm_create_destroy(&worker);
		callocs_left = 0;
		for (int step = 0; step < STEP_COUNT; step++)
			free(done.steps[step]);
		assert_int_equal(vms, 0);
	}
	team_close(&stage.team);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory_closes_nothing),
		cmocka_unit_test(test_no_memory_leaves_no_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
