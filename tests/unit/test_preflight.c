// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run refuses before it makes a VM: each rule with its reason and its remedy, without KVM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "host/host_memory.h"
#include "run/preflight.h"
#include "vm/kvm.h"

#define M (1ull << 20)

/* A config of one slot and one phase, on a host that can run it. */
struct stage {
	struct memslot_cfg memslot;
	struct phase_cfg phase;
	struct config config;
	struct kvm kvm;
	struct run run;
};

static int set(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct errors errors = { 0 };

	s->memslot = (struct memslot_cfg){
		.name = "low", .id = -1, .node = -1, .count = 1, .size = 16 * M, .stride = 16 * M,
		.plugged = 16 * M,
	};
	s->phase = (struct phase_cfg){ .name = "l2", .what = DO_L2, .vms = 1 };
	s->config = (struct config){
		.vm.vcpus = 1, .memslots = &s->memslot, .memslot_count = 1,
		.phases = &s->phase, .phase_count = 1,
	};
	s->kvm = (struct kvm){ .fd = -1, .max_vcpus = 32768, .nested_state_size = 8192 };
	s->kvm.cpuid = calloc(1, sizeof(*s->kvm.cpuid) + sizeof(s->kvm.cpuid->entries[0]));
	s->kvm.cpuid->nent = 1;
	s->kvm.cpuid->entries[0].function = 0x80000001;
	s->kvm.cpuid->entries[0].ecx = 1 << 2;
	s->run.config = &s->config;
	snprintf(s->run.host.kernel, sizeof(s->run.host.kernel), "6.12.1");
	s->run.stage = STAGE_KVM;
	s->run.before.status[SOURCE_MEMINFO].ok = true;
	s->run.before.meminfo.mem_available = 1024 * M;
	s->run.at_creation.bytes[ARRAY_LPAGE_INFO] = 3 * M;
	s->run.at_transition.bytes[ARRAY_RMAP] = 5 * M;
	assert_int_equal(layout_build(&s->config, &LAYOUT_LIMITS_DEFAULT, &s->run.layout, &errors),
			 0);
	*state = s;
	return 0;
}

static int unset(void **state)
{
	struct stage *s = *state;

	layout_free(&s->run.layout);
	free(s->kvm.cpuid);
	free(s);
	return 0;
}

static void refused(struct stage *s, const char *text, const char *remedy)
{
	assert_false(preflight(&s->run, &s->kvm));
	assert_true(s->run.skipped);
	assert_string_equal(s->run.err.text, text);
	assert_non_null(strstr(s->run.err.remedy, remedy));
}

static void a_host_that_can_is_not_refused(void **state)
{
	struct stage *s = *state;

	assert_true(preflight(&s->run, &s->kvm));
	assert_false(s->run.skipped);
	assert_true(s->run.nesting);
	assert_int_equal(s->run.stage, STAGE_NESTED);
	assert_string_equal(s->run.err.text, "");
}

static void a_kernel_that_is_not_known_is_not_judged(void **state)
{
	struct stage *s = *state;

	s->run.host.kernel[0] = '\0';
	refused(s, "which kernel this is can't be told: neither uname() nor /proc/sys/kernel/osrelease says it", "mount /proc");
	assert_int_equal(s->run.stage, STAGE_KVM);
}

static void l2_under_nested_paging_needs_npt_or_ept(void **state)
{
	struct stage *s = *state;

	s->run.host.tdp = ANSWER_NO;
	s->config.expect.policy = POLICY_ANY;
	strcpy(s->run.host.module, "kvm_intel");
	assert_true(preflight(&s->run, &s->kvm));
	s->phase.nested_paging = true;
	refused(s, "phase l2 runs L2 under nested paging, which L1 does not have here: "
		   "kvm_intel.ept is off", "modprobe kvm_intel nested=1 ept=1");
	/* What a Linux guest's KVM does instead, it decides. */
	s->phase.goes_on = true;
	s->phase.what = DO_RUN;
	s->phase.expect = EXPECT_ALLOCATED;
	assert_true(preflight(&s->run, &s->kvm));
	s->phase.goes_on = false;
	s->phase.what = DO_L2;
	s->run.host.tdp = ANSWER_UNKNOWN;
	assert_true(preflight(&s->run, &s->kvm));
	/* That the host must be lazy is judged, not refused. */
	s->run.host.tdp = ANSWER_NO;
	s->config.expect.policy = POLICY_LAZY;
	assert_true(preflight(&s->run, &s->kvm));
}

static void phases_that_need_nesting_are_refused_without(void **state)
{
	struct stage *s = *state;

	s->kvm.nested_state_size = 0;
	s->run.host.nested = ANSWER_NO;
	strcpy(s->run.host.module, "kvm_amd");
	refused(s, "this host's KVM does not run nested guests (KVM_CAP_NESTED_STATE 0, SVM yes, "
		   "VMX no, kvm_amd.nested off)", "modprobe kvm_amd nested=1");
	assert_int_equal(s->run.stage, STAGE_KVM);
	assert_false(s->run.nesting);
}

static void without_a_module_the_cpu_is_to_blame(void **state)
{
	struct stage *s = *state;

	s->kvm.cpuid->entries[0].ecx = 0;
	s->run.host.nested = ANSWER_UNKNOWN;
	refused(s, "this host's KVM does not run nested guests (KVM_CAP_NESTED_STATE 8192, SVM no, "
		   "VMX no, vendor module.nested unknown)", "KVM finds neither SVM nor VMX");
}

static void phases_that_need_no_nesting_run_without(void **state)
{
	struct stage *s = *state;

	s->kvm.nested_state_size = 0;
	s->phase.what = DO_TOUCH;
	assert_true(preflight(&s->run, &s->kvm));
	assert_string_equal(s->run.err.text, "");
	assert_non_null(strstr(s->run.no_nesting.text, "does not run nested guests"));
	assert_false(s->run.nesting);
	assert_int_equal(s->run.stage, STAGE_KVM);
}

/* The VMs of a worker's own run L2, too, and take what comes with the first shadow root. */
static void workers_that_run_l2_need_nesting(void **state)
{
	struct worker_cfg worker = { .name = "race", .op = OP_vm_create_destroy, .threads = 2 };
	struct stage *s = *state;

	s->phase.what = DO_STRESS;
	s->config.workers = &worker;
	s->config.worker_count = 1;
	s->kvm.nested_state_size = 0;
	assert_true(preflight(&s->run, &s->kvm));
	for (int i = 0; i < 2; i++) {
		worker.op = i ? OP_first_l2_slots : OP_first_l2;
		s->run.skipped = false;
		assert_false(preflight(&s->run, &s->kvm));
		assert_true(s->run.skipped);
		assert_non_null(strstr(s->run.err.text, "does not run nested guests"));
	}
	/* Three VMs of 3 MiB each, with 5 MiB each at the first shadow root. */
	s->kvm.nested_state_size = 8192;
	s->phase.nested_paging = true;
	s->run.before.meminfo.mem_available = 24 * M + host_memory_use("", &s->run.layout, 3, 1024 * M);
	s->run.skipped = false;
	s->config.vm.kernel_memory_limit = 1024 * M;
	assert_true(preflight(&s->run, &s->kvm));
	s->run.before.meminfo.mem_available--;
	assert_false(preflight(&s->run, &s->kvm));
}

static void more_vcpus_than_kvm_has_are_refused(void **state)
{
	struct stage *s = *state;

	s->config.vm.vcpus = s->kvm.max_vcpus = 288;
	assert_true(preflight(&s->run, &s->kvm));
	s->kvm.max_vcpus = 287;
	refused(s, "vm.vcpus = 288: this KVM's VMs have up to 287 vCPUs (KVM_CAP_MAX_VCPUS)", "a smaller vm.vcpus");
}

static void a_ring_larger_than_kvm_has_is_refused(void **state)
{
	struct stage *s = *state;

	s->config.vm.dirty_ring = s->kvm.dirty_ring = 65536;
	assert_true(preflight(&s->run, &s->kvm));
	s->kvm.dirty_ring = 32768;
	refused(s, "vm.dirty-ring: this KVM's rings have up to 32768 bytes (KVM_CAP_DIRTY_LOG_RING)",
		"a smaller vm.dirty-ring");
	s->kvm.dirty_ring = 0;
	refused(s, "vm.dirty-ring: this KVM's rings have up to 0 bytes (KVM_CAP_DIRTY_LOG_RING)",
		"Linux 5.11");
}

/* 5.15 to 5.17 without __vcalloc(), on an eager host: kernel_refuses_large(). */
static void a_slot_that_the_kernel_cannot_make_is_refused(void **state)
{
	struct stage *s = *state;

	s->run.model.refuses_large = ANSWER_YES;
	assert_true(preflight(&s->run, &s->kvm));
	s->run.layout.slots[0].size = 1ull << 40;
	refused(s, "memslot.low: its rmap array of 2147483648 bytes is more than INT_MAX, which this "
		   "kernel's kvcalloc() refuses: KVM_SET_USER_MEMORY_REGION fails with ENOMEM",
		"memslots of less than 1 TiB");
	/* At the first shadow root it is the run that shows it. */
	s->run.skipped = false;
	s->run.model.rmap_lazy = true;
	assert_true(preflight(&s->run, &s->kvm));
	/* Not every kernel of this release refuses it. */
	s->run.model.rmap_lazy = false;
	s->run.model.refuses_large = ANSWER_UNKNOWN;
	assert_true(preflight(&s->run, &s->kvm));
}

static void a_quirk_that_kvm_keeps_is_refused(void **state)
{
	struct stage *s = *state;

	s->config.vm.disable_quirks = QUIRK_SLOT_ZAP_ALL;
	s->kvm.quirks = 0x3f;
	refused(s, "vm.disable-quirks = slot-zap-all: this KVM always zaps all "
		   "(KVM_CAP_DISABLE_QUIRKS2 says 0x3f)", "Linux 6.12");
	s->run.skipped = false;
	s->kvm.quirks |= QUIRKS_SLOT_ZAP_ALL;
	assert_true(preflight(&s->run, &s->kvm));
}

static void memory_that_the_host_lacks_is_refused(void **state)
{
	struct stage *s = *state;

	s->memslot.populate = true;
	s->run.before.meminfo.mem_available = 15 * M;
	refused(s, "populate = yes takes 16 MiB, this host has 15 MiB available (MemAvailable)", "");
}

/* 8 MiB for each VM, of which a stress phase has several at a time. */
static void a_run_takes_half_of_free_memory_at_most(void **state)
{
	struct stage *s = *state;

	s->run.before.meminfo.mem_available = 16 * M;
	assert_true(preflight(&s->run, &s->kvm));
	s->run.before.meminfo.mem_available = 12 * M;
	refused(s, "this layout, in 1 VM, costs the kernel 8 MiB, more than the 6 MiB this "
		   "run may take (vm.kernel-memory-limit, by default half of MemAvailable)",
		"a higher vm.kernel-memory-limit");
	s->config.vm.kernel_memory_limit = 8 * M;
	assert_true(preflight(&s->run, &s->kvm));
	s->phase.what = DO_STRESS;
	s->phase.vms = 3;
	s->run.before.meminfo.mem_available = 1024 * M;
	refused(s, "this layout, in 3 VMs, costs the kernel 24 MiB, more than the 8 MiB this run may "
		   "take (vm.kernel-memory-limit)", "a higher vm.kernel-memory-limit");
	/* Without a figure for what is free there is no limit by default. */
	s->config.vm.kernel_memory_limit = 0;
	s->run.before.status[SOURCE_MEMINFO].ok = false;
	assert_true(preflight(&s->run, &s->kvm));
}

/* The guest's memory and the kernel's come from the same: 16 MiB populated, 8 MiB of KVM's. */
static void kernel_and_guest_share_what_is_available(void **state)
{
	struct stage *s = *state;

	s->memslot.populate = true;
	s->phase.nested_paging = true;
	s->run.before.meminfo.mem_available = 24 * M;
	assert_true(preflight(&s->run, &s->kvm));
	s->run.before.meminfo.mem_available = 23 * M;
	refused(s, "this run takes 8 MiB of the kernel's memory and 16 MiB of the guest's, 24 MiB in all: "
		   "more than the 23 MiB that MemAvailable, 23 MiB, leaves", "vm.ignore-limits");
	s->config.vm.ignore_limits = true;
	assert_true(preflight(&s->run, &s->kvm));
	/* Without a shadow root there are 3 MiB of KVM's. */
	s->config.vm.ignore_limits = false;
	s->phase.nested_paging = false;
	memset(&s->run.err, 0, sizeof(s->run.err));
	assert_true(preflight(&s->run, &s->kvm));
}

static void more_descriptors_than_there_can_be_are_refused(void **state)
{
	struct stage *s = *state;
	struct rlimit old, low = { 32, 70 };
	char reason[128];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	s->config.vm.vcpus = 2;
	if (old.rlim_max < 72) {
		skip();
		return;
	}
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	/* The soft limit is raised. */
	assert_true(preflight(&s->run, &s->kvm));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(low.rlim_cur, 72);
	s->config.vm.vcpus = low.rlim_max;
	snprintf(reason, sizeof(reason), "this run takes %llu descriptors, a process has %llu here "
		 "(RLIMIT_NOFILE)", 68 + 2 * (unsigned long long)low.rlim_max,
		 (unsigned long long)low.rlim_max);
	refused(s, reason, "ulimit -n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* An eager kernel has no rmaps left to fail. */
static void a_fault_that_can_not_happen_is_refused(void **state)
{
	struct stage *s = *state;

	s->phase.fails = ENOMEM;
	strcpy(s->run.model.name, "eager");
	refused(s, "rmaps come with the slots here (eager): no phase can fail for want of them",
		"kvm.tdp_mmu=1");
	s->phase.fails = ENOSPC;
	s->run.host.tdp_mmu = ANSWER_NO;
	refused(s, "fails = enospc: kvm.tdp_mmu is not on here, so that L1's own pages count against mmu-pages, "
		"and L1 may not get on at all", "kvm.tdp_mmu=1");
	s->run.host.tdp_mmu = ANSWER_UNKNOWN;
	refused(s, "fails = enospc: kvm.tdp_mmu is not on here, so that L1's own pages count against mmu-pages, "
		"and L1 may not get on at all", "kvm.tdp_mmu=1");
	s->run.host.tdp_mmu = ANSWER_YES;
	s->run.host.tdp = ANSWER_NO;
	refused(s, "fails = enospc: kvm.tdp_mmu is not on here, so that L1's own pages count against mmu-pages, "
		"and L1 may not get on at all", "kvm.tdp_mmu=1");
	s->run.host.tdp = ANSWER_YES;
	assert_true(preflight(&s->run, &s->kvm));
	s->phase.fails = ENOMEM;
	s->config.selftest.break_what = BREAK_NO_FAULT;
	assert_true(preflight(&s->run, &s->kvm));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_host_that_can_is_not_refused, set, unset),
		cmocka_unit_test_setup_teardown(a_kernel_that_is_not_known_is_not_judged, set, unset),
		cmocka_unit_test_setup_teardown(kernel_and_guest_share_what_is_available, set, unset),
		cmocka_unit_test_setup_teardown(more_descriptors_than_there_can_be_are_refused, set,
						unset),
		cmocka_unit_test_setup_teardown(l2_under_nested_paging_needs_npt_or_ept, set, unset),
		cmocka_unit_test_setup_teardown(phases_that_need_nesting_are_refused_without, set, unset),
		cmocka_unit_test_setup_teardown(without_a_module_the_cpu_is_to_blame, set, unset),
		cmocka_unit_test_setup_teardown(phases_that_need_no_nesting_run_without, set, unset),
		cmocka_unit_test_setup_teardown(workers_that_run_l2_need_nesting, set, unset),
		cmocka_unit_test_setup_teardown(more_vcpus_than_kvm_has_are_refused, set, unset),
		cmocka_unit_test_setup_teardown(a_ring_larger_than_kvm_has_is_refused, set, unset),
		cmocka_unit_test_setup_teardown(a_slot_that_the_kernel_cannot_make_is_refused, set, unset),
		cmocka_unit_test_setup_teardown(a_quirk_that_kvm_keeps_is_refused, set, unset),
		cmocka_unit_test_setup_teardown(memory_that_the_host_lacks_is_refused, set, unset),
		cmocka_unit_test_setup_teardown(a_run_takes_half_of_free_memory_at_most, set, unset),
		cmocka_unit_test_setup_teardown(a_fault_that_can_not_happen_is_refused, set, unset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
