// SPDX-License-Identifier: GPL-2.0-only
/* Ops that get the dirty log while the guest writes: of a KVM and a guest that the test makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker_scenes.h"

#define PAGES 64u
__typeof__(vm_slot_set) __wrap_vm_slot_set;
__typeof__(clock_gettime) __wrap_clock_gettime;
__typeof__(vcpu_set_pass_exit) __wrap_vcpu_set_pass_exit;
int __wrap_ioctl(int fd, unsigned long request, ...);

static uint8_t *memory;		/* of the slot */
static uint64_t time_ns;
static bool logs_by_exit;	/* KVM learns of what the guest wrote when the vCPU exits; else it never does */
static bool vcpu_is_stuck;
static bool known;		/* KVM has learned of it */
static unsigned int exits;	/* that were asked for */

int __wrap_vm_slot_set(const struct vm *vm, const struct slot *slot, uint64_t base, uint32_t flags)
{
	(void)vm;
	(void)slot;
	(void)base;
	(void)flags;
	return 0;
}

/* The guest writes to all its pages whenever somebody asks for the time. */
int __wrap_clock_gettime(clockid_t id, struct timespec *now)
{
	(void)id;
	time_ns += 100000;
	*now = (struct timespec){ (time_t)(time_ns / 1000000000), (long)(time_ns % 1000000000) };
	for (unsigned int i = 0; i < PAGES; i++)
		memcpy(memory + i * 4096u, &time_ns, sizeof(time_ns));
	return 0;
}

bool __wrap_vcpu_set_pass_exit(struct vcpu_set *set, unsigned int first, unsigned int count)
{
	(void)set;
	assert_int_equal(first, 2);
	assert_int_equal(count, 3);
	exits++;
	known |= logs_by_exit && !vcpu_is_stuck;
	return !vcpu_is_stuck;
}

/* A log that leaves no page out, or one with none at all. */
int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct kvm_dirty_log *log;
	va_list arguments;

	(void)fd;
	assert_int_equal(request, KVM_GET_DIRTY_LOG);
	va_start(arguments, request);
	log = va_arg(arguments, struct kvm_dirty_log *);
	va_end(arguments);
	memset(log->dirty_bitmap, known ? 0xff : 0, PAGES / 8);
	return 0;
}

/* A round of dirty-log-get, on that host and under that load. */
static struct worker_result get_logs(const char *module, enum answer pml, enum phase_load load)
{
	static char name[] = "data";
	struct phase_cfg phase = { .slot = name, .touch = PAGES * 4096, .stride = 4096, .load = load };
	struct backing backing = { .hva = memory };
	struct vcpu_set set = { 0 };
	struct worker_scene scene;
	uint32_t memory_of = 0;
	unsigned int traits = 0;

	set_worker_scene(&scene);
	scene.slot.size = scene.slot.plugged = PAGES * 4096;
	scene.run.host.pml = pml;
	snprintf(scene.run.host.module, sizeof(scene.run.host.module), "%s", module);
	scene.run.layout.memory_of = &memory_of;
	scene.run.layout.traits = &traits;
	scene.vm.backings = &backing;
	scene.target.first = 2;
	scene.target.vcpus = 3;
	scene.op.slot = name;
	scene.stress.set = &set;
	scene.stress.phase = &phase;
	exits = 0;
	round_dirty_log_get(&scene.worker);
	free_worker_scene(&scene);
	return scene.result;
}

static void must_pass(const char *module, enum answer pml, enum phase_load load)
{
	struct worker_result result = get_logs(module, pml, load);

	if (result.failures || !result.logged)
		fail_msg("%s, %d, %d: %s", module, pml, load, result.failure);
}

static void must_fail(const char *module, enum answer pml, enum phase_load load)
{
	struct worker_result result = get_logs(module, pml, load);

	assert_int_equal(result.failures, 1);
	assert_true(result.unlogged);
}

static void a_page_that_changed_is_in_the_next_log(void **state)
{
	(void)state;
	known = true;
	must_pass("kvm_amd", ANSWER_UNKNOWN, LOAD_L1);
	must_pass("kvm_intel", ANSWER_NO, LOAD_L1);
	must_pass("kvm_intel", ANSWER_YES, LOAD_L2);
	known = logs_by_exit = false;
	must_fail("kvm_amd", ANSWER_UNKNOWN, LOAD_L1);
	must_fail("kvm_intel", ANSWER_NO, LOAD_L1);
	must_fail("kvm_intel", ANSWER_YES, LOAD_L2);
	assert_int_equal(exits, 0);
}

/* With PML KVM learns of it only when the vCPU exits; it write-protects what L2 writes. */
static void with_pml_the_vcpus_exit_first(void **state)
{
	(void)state;
	logs_by_exit = true;
	known = false;
	must_pass("kvm_intel", ANSWER_YES, LOAD_L1);
	known = false;
	must_pass("kvm_amd", ANSWER_YES, LOAD_L1);
	known = false;
	must_pass("kvm_intel", ANSWER_UNKNOWN, LOAD_L1);
	known = false;
	must_fail("kvm_intel", ANSWER_YES, LOAD_L2);
	/* A page that is in no log after that is lost. */
	logs_by_exit = false;
	must_fail("kvm_intel", ANSWER_YES, LOAD_L1);
	assert_int_equal(exits, 1);
}

/* What it wrote may be on its way. */
static void of_a_vcpu_that_does_not_exit_nothing_is_said(void **state)
{
	struct worker_result result;

	(void)state;
	known = false;
	vcpu_is_stuck = true;
	result = get_logs("kvm_intel", ANSWER_YES, LOAD_L1);
	vcpu_is_stuck = false;
	assert_int_equal(result.failures, 0);
	assert_int_equal(result.logged, 0);
}

static int make_memory(void **state)
{
	(void)state;
	memory = calloc(PAGES, 4096);
	return !memory;
}

static int free_memory(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_that_changed_is_in_the_next_log), cmocka_unit_test(with_pml_the_vcpus_exit_first),
		cmocka_unit_test(of_a_vcpu_that_does_not_exit_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, make_memory, free_memory);
}
