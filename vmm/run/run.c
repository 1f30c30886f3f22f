// SPDX-License-Identifier: GPL-2.0-only
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/source.h"
#include "model/implicit_slots.h"
#include "run/charges_left.h"
#include "run/correct_model.h"
#include "run/live_run.h"
#include "run/measure.h"
#include "run/preflight.h"
#include "run/probe.h"
#include "vm/bus_error.h"
#include "vm/guest.h"
#include "vm/guest_pc.h"
#include "vm/kvm.h"
#include "vm/pc_input.h"
#include "vm/signals.h"
#include "vm/vcpu_filter.h"

/* Chooses this host's kernel model, and predicts by it what the layout costs. */
static void choose_model(struct live_run *live)
{
	struct run *run = live->run;
	struct kernel_facts facts;

	probe_kernel(&run->host, live->kvm, &live->sources, &facts);
	model_choose(&facts, &run->model);
	if (run->config->selftest.break_what == BREAK_WRONG_MODEL)
		run->model.extra_pages[ARRAY_RMAP] = 1;
	if (run->config->selftest.break_what == BREAK_WRONG_TRACKING)
		run->model.extra_pages[ARRAY_TRACKING] = 1;
	implicit_slots_add(&run->host, live->kvm && !live->kvm->smm_slots ? 1 : 2,
			   live->kvm ? live->kvm->max_slots : LAYOUT_LIMITS_DEFAULT.max_slots, &run->layout);
	measure_predict(run);
	model_rmap_heads(&run->layout, run->heads);
	run->heads[0] += run->config->selftest.break_what == BREAK_WRONG_MODEL;
}

/* The source memslots finds this VM by it among all of the host's. */
static struct vm_mark mark_of(const struct vm *vm)
{
	const struct slot *slot = &vm->layout->slots[0];

	return (struct vm_mark){
		.base_gfn = slot->base / 4096, .npages = slot->size / 4096,
		.hva = (uintptr_t)vm_slot_memory(vm, slot),
	};
}

static int make_vm(struct live_run *live)
{
	struct run *run = live->run;
	int code = vm_create(&live->vm, live->kvm, &run->layout, &run->err);

	if (code)
		return code;
	live->sources.vm_pid = live->vm.creator;
	live->sources.vm_fd = live->vm.fd;
	live->sources.vm_mark = mark_of(&live->vm);
	code = vm_set_slots(&live->vm, run->signals, &run->err);
	if (code == -EINTR)
		run->signal = signals_next(run->signals);
	if (!code)
		code = payload_load(&live->payload, &live->vm, &run->err);
	if (!code && run->typed)
		code = pc_input_start(pc_of(&live->payload), run->typed, &run->err);
	return code;
}

static int make_vcpus(struct live_run *live)
{
	struct run *run = live->run;
	int code = vcpu_set_open(&live->set, run->signals, &run->err);

	if (!code)
		__atomic_store_n(&run->vcpus, &live->set, __ATOMIC_RELEASE);
	if (!code)
		code = vcpu_set_join(&live->set, &live->vm, &live->payload,
				     (unsigned int)run->config->vm.vcpus, &run->err);
	return code;
}

/* Opens KVM's counters: the VM's and each vCPU's. */
static void watch(struct live_run *live)
{
	sources_watch(&live->sources, live->vm.fd);
	for (unsigned int i = 0; i < live->set.count; i++)
		sources_watch(&live->sources, live->set.threads[i]->vcpu.fd);
}

/* The phase "create": the VM, its slots, the payload in it and its vCPUs. */
static int create(struct live_run *live)
{
	struct run *run = live->run;
	struct phase_result *phase = phase_begin(run, NULL, "create");
	uint64_t start = clock_ns();
	int code = make_vm(live);

	if (!code)
		code = make_vcpus(live);
	/* MADV_POPULATE_WRITE fails with it, and names no page. */
	if (code == -EFAULT)
		bus_error_probe(&live->vm);
	if (run_lost_memory(live, NULL))
		code = -EFAULT;
	if (code)
		return code;
	phase->duration_ns = clock_ns() - start;
	run->create_ioctl_ns = live->vm.ioctl_ns;
	phase->done = true;
	watch(live);
	phase_end(live, phase);
	correct_model(run);
	run->stage = STAGE_CREATED;
	return 0;
}

/* What the guest printed and counted in the whole run. */
static void keep_report(struct live_run *live)
{
	const struct vcpu *first = &live->set.threads[0]->vcpu;
	struct guest_outcome *guest = &live->run->guest;
	struct abi_report report;

	snprintf(guest->console, sizeof(guest->console), "%s", live->payload.ops->console(first));
	guest->unfiltered = vcpu_filter_missing();
	vcpu_report(first, &report);
	guest->report.vendor = report.vendor;
	guest->report.l1_pages = live->so_far.l1_pages;
	guest->report.l2_pages = live->so_far.l2_pages;
	guest->report.l2_entries = live->so_far.l2_entries + live->kvm_entries;
}

/* A signal came: nothing that takes time is begun any more. */
static bool is_interrupted(struct run *run)
{
	if (!run->signal && signals_came(run->signals))
		run->signal = signals_next(run->signals);
	return run->signal;
}

static void run_phases(struct live_run *live)
{
	size_t count = live->run->config->phase_count;
	uint32_t index = 0;

	while (index < count && !is_interrupted(live->run) && phase_run(live, index))
		index++;
	if (index == count)
		live->run->stage = STAGE_RAN;
	keep_report(live);
}

/* A thread that is stuck in the kernel keeps the VM and the set. */
static void end_vm(struct live_run *live)
{
	struct run *run = live->run;

	/* Once signals_came() has had the guard's lock, nobody looks at them any more. */
	__atomic_store_n(&run->vcpus, NULL, __ATOMIC_RELEASE);
	signals_came(run->signals);
	if (!run->stuck && live->set.done_fd >= 0)
		run->stuck = !vcpu_set_close(&live->set);
	if (!run->stuck && run->config->selftest.break_what != BREAK_LEAK_VM)
		vm_destroy(&live->vm);
	if (!run->stuck)
		payload_release(&live->payload);
	memory_watch_end(&live->memory_watch);
}

/* Other VMs have arrays, or came or went: what the host has after the teardown may be theirs. */
static bool others_change_arrays(const struct run *run)
{
	/* The teardown has begun: the phase before it is the last in which the VM lived. */
	const struct phase_result *last = run->phases + run->phase_count - 2;
	const struct other_vms *first = &run->before.other_vms, *now = &last->snapshot.other_vms;

	if (run->phase_count < 2 || !run->before.status[SOURCE_VMALLOCINFO].ok)
		return false;
	return measure_arrays_before(run) || last->mixed || !first->known ||
	       (now->known && now->set != first->set);
}

#define READERS_NS 10000000000ull	/* after that the VM counts as left behind */

/*
 * Whoever reads a file of the VM's folder in debugfs, as `minivmm stat --walk` does, keeps the VM from its end so long:
 * kvm_debugfs_open() takes a reference (virt/kvm/kvm_main.c). The folder goes with the last one, and the arrays after it.
 */
static void wait_for_readers(struct live_run *live, const char *folder)
{
	uint64_t end = clock_ns() + READERS_NS;

	while (debugfs_has(live->sources.root, folder) && clock_ns() < end && !signals_came(live->run->signals)) {
		live->ended_late = true;
		usleep(10000);
	}
}

#define CHARGES_NS 5000000000ull	/* after that what is still charged counts as leaked */
#define CHARGES_SIGNAL_NS 200000000ull	/* of the second that a run has after a signal */
#define CHARGES_STEP_US 100000

/* More is charged to this process than need be once the VM is gone. */
static bool owes_charges(const struct run *run, const struct snapshot *now)
{
	const struct snapshot *was = &run->before;
	struct charges_left left;

	if (!was->status[SOURCE_CGROUP].ok || !now->status[SOURCE_CGROUP].ok || !was->cgroup.alone || !now->cgroup.alone)
		return false;
	left = charges_left(run, now);
	return !charges_given_back(&left) || (!now->status[SOURCE_VMALLOCINFO].ok && left.vmalloc > left.most);
}

/*
 * Threads that have ended, and what they had, are freed by RCU and by workers of the kernel; and without root nobody sees
 * whether the VM waits for readers of its files.
 */
static void wait_for_charges(struct live_run *live, struct snapshot *now)
{
	uint64_t limit = live->run->signal ? CHARGES_SIGNAL_NS : CHARGES_NS, end = clock_ns() + limit;

	while (owes_charges(live->run, now) && clock_ns() < end && !signals_came(live->run->signals)) {
		usleep(CHARGES_STEP_US);
		snapshot_read_charges(&live->sources, now);
	}
}

/* The phase "teardown". */
static void teardown(struct live_run *live)
{
	struct phase_result *phase = phase_begin(live->run, NULL, "teardown");
	struct sources *sources = &live->sources;
	char folder[DEBUGFS_VM], why[SOURCE_WHY];
	bool named = !debugfs_own_vm(sources->root, sources->vm_pid, sources->vm_fd, folder, why);
	uint64_t start = clock_ns();

	sources_unwatch(sources);
	if (others_change_arrays(live->run))
		sources_note_memslots(sources);
	end_vm(live);
	sources->vm_pid = 0;
	if (live->run->config->selftest.break_what == BREAK_KLOG)
		klog_watch_record(&sources->klog_watch, "4,1,1,-;WARNING: not real, "
				  "selftest.break = klog, at arch/x86/kvm/");
	phase->duration_ns = clock_ns() - start;
	phase->done = true;
	if (named && live->vm.fd < 0)
		wait_for_readers(live, folder);
	phase_end(live, phase);
	if (live->vm.fd < 0)
		wait_for_charges(live, &phase->snapshot);
	/* A VM that is gone has no rmaps that could be lazy or allocated. */
	phase->state = RMAP_UNKNOWN;
}

/* Called once the guest has run, so that measuring the floor does not disturb it. */
static void finish_trace(struct run *run, struct tracer *tracer)
{
	const uint64_t *bytes = run->at_transition.bytes;

	trace_finish(tracer, &run->trace);
	run->trace.floor_ns = trace_floor(bytes[ARRAY_RMAP] + bytes[ARRAY_TRACKING]);
}

/* Everything that needs KVM. Returns -errno only where this host refuses the config. */
static int run_in_vm(struct live_run *live)
{
	struct run *run = live->run;
	struct tracer *tracer = NULL;
	int code;

	if (!preflight(run, live->kvm) || is_interrupted(run))
		return 0;
	bus_error_watch();
	vcpu_filter_watch();
	code = payload_place(&run->layout, (unsigned int)run->config->vm.vcpus,
			     kvm_has_1g_pages(live->kvm) ? 3 : 2, &live->payload, &run->err);
	if (!code)
		run->phases = calloc(run->config->phase_count + 2, sizeof(*run->phases));
	if (!code && !run->phases)
		code = err_set(&run->err, ENOMEM, "no memory for the phases");
	if (code) {
		payload_release(&live->payload);
		return code;
	}
	if (run->config->trace)
		tracer = trace_start(run->layout.count, &run->trace);
	if (!create(live))
		run_phases(live);
	if (tracer)
		finish_trace(run, tracer);
	teardown(live);
	measure_transition(run);
	return 0;
}

/*
 * Arrays that belong to no VM are of one that is being destroyed: they would be missed later. If the VMs have more than vmallocinfo
 * showed a moment before, or can't be read as one state, one of them gets slots or ends.
 */
static bool is_changing(const struct run *run)
{
	int64_t ownerless;

	if (run->before.status[SOURCE_MEMSLOTS].ok && !run->before.memslots.others_known)
		return true;
	return measure_ownerless(run, &ownerless) && ownerless;
}

#define BASELINE_NS 1000000000ull	/* how long the baseline may take to keep still */

static void take_baseline(struct live_run *live)
{
	struct run *run = live->run;

	snapshot_take(&live->sources, &run->before);
	if (measure_arrays_before(run))
		snapshot_ask_memslots(&live->sources, &run->before);
}

/*
 * The baseline before there is a VM: also where nothing can run, what it would cost here is worth
 * knowing.
 */
static void look_at_host(struct live_run *live)
{
	struct run *run = live->run;
	uint64_t end;

	host_read("", &run->host);
	sources_open(&live->sources, "", run->config->report.sources);
	choose_model(live);
	take_baseline(live);
	end = clock_ns() + BASELINE_NS;
	while (is_changing(run) && clock_ns() < end && !signals_came(run->signals)) {
		usleep(50000);
		snapshot_free(&run->before);
		take_baseline(live);
	}
}

/* NULL: no memory, and run->err says so. */
static struct live_run *begin(const struct config *config, const struct kvm *kvm, struct run *run)
{
	struct live_run *live = malloc(sizeof(*live));

	run->config = config;
	run->transition = -1;
	clock_gettime(CLOCK_REALTIME, &run->started);
	if (!live) {
		err_set(&run->err, ENOMEM, "no memory for the scenario");
		return NULL;
	}
	*live = (struct live_run){ .kvm = kvm, .run = run, .vm.fd = -1, .set.done_fd = -1 };
	look_at_host(live);
	return live;
}

void run_lost(const struct config *config, const struct kvm *kvm, int signal, struct run *run)
{
	struct live_run *live = begin(config, kvm, run);

	run->signal = signal;
	run->stage = kvm ? STAGE_KVM : STAGE_NOTHING;
	if (live)
		sources_close(&live->sources);
	free(live);
}

void run_interrupted(const struct run *run, int signal, struct run *interrupted)
{
	const char *phase = __atomic_load_n(&run->doing, __ATOMIC_ACQUIRE);

	*interrupted = (struct run){
		.layout = run->layout, .started = run->started, .room = run->room,
		.signal = signal, .transition = -1,
	};
	/* All that comes before the first phase is complete. */
	if (phase) {
		interrupted->host = run->host;
		interrupted->model = run->model;
		interrupted->at_creation = run->at_creation;
		interrupted->at_transition = run->at_transition;
		interrupted->charged_at_transition = run->charged_at_transition;
		memcpy(interrupted->heads, run->heads, sizeof(run->heads));
		interrupted->before = run->before;
		interrupted->nesting = run->nesting;
		interrupted->no_nesting = run->no_nesting;
		interrupted->stage = run->nesting ? STAGE_NESTED : STAGE_KVM;
	} else {
		host_read("", &interrupted->host);
	}
	err_set(&interrupted->err, EINTR, "SIG%s came %s%s, and the run did not end by itself in time",
		sigabbrev_np(signal), phase ? "in phase " : "before the first phase", phase ? phase : "");
}

int run_scenario(const struct config *config, const struct kvm *kvm, struct run *run)
{
	uint64_t start = clock_ns();
	struct live_run *live = begin(config, kvm, run);
	int code = 0;

	if (!live)
		return -ENOMEM;
	run->stage = kvm ? STAGE_KVM : STAGE_NOTHING;
	run->skipped = !kvm;
	if (kvm)
		code = run_in_vm(live);
	sources_close(&live->sources);
	if (!run->stuck)
		free(live);
	run->duration_ns = clock_ns() - start;
	return code;
}

void run_free(struct run *run)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		snapshot_free(&run->phases[i].snapshot);
		stress_result_free(run->phases[i].stress);
	}
	snapshot_free(&run->before);
	free(run->phases);
	trace_free(&run->trace);
	layout_free(&run->layout);
	*run = (struct run){ 0 };
}
