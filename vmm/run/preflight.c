// SPDX-License-Identifier: GPL-2.0-only
#include "run/preflight.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/units.h"
#include "host/host_memory.h"
#include "model/faults.h"
#include "run/run_faults.h"
#include "vm/guest.h"
#include "vm/kvm.h"

static bool skip(struct run *run)
{
	run->skipped = true;
	return false;
}

/* "load kvm_amd with nested=1: ..." */
static void nesting_remedy(struct run *run)
{
	const char *module = run->host.module;

	if (module[0])
		err_remedy(&run->no_nesting, "load %s with nested=1: with no VM running, "
					     "modprobe -r %s && modprobe %s nested=1",
			   module, module, module);
	else
		err_remedy(&run->no_nesting,
			   "KVM finds neither SVM nor VMX on this CPU, or was loaded with nested=0; in "
			   "a VM, have its host expose nested virtualization, or use `make lab`");
}

/* Is it known what this kernel's KVM allocates, and when? */
static bool check_kernel(struct run *run, const struct kvm *kvm)
{
	(void)kvm;
	return !host_need_kernel(&run->host, &run->err) || skip(run);
}

/* Can KVM run nested guests, if a phase needs them? */
static bool check_nesting(struct run *run, const struct kvm *kvm)
{
	const char *module = run->host.module;
	bool svm = kvm_has_svm(kvm), vmx = kvm_has_vmx(kvm);

	run->nesting = kvm->nested_state_size && (svm || vmx);
	if (run->nesting) {
		run->stage = STAGE_NESTED;
		return true;
	}
	err_set(&run->no_nesting, ENOTSUP, "this host's KVM does not run nested guests "
				    "(KVM_CAP_NESTED_STATE %zu, SVM %s, VMX %s, %s.nested %s)",
		kvm->nested_state_size, svm ? "yes" : "no", vmx ? "yes" : "no",
		module[0] ? module : "vendor module",
		run->host.nested == ANSWER_YES ? "on" :
		run->host.nested == ANSWER_NO ? "off" : "unknown");
	nesting_remedy(run);
	if (!guest_of(run->config)->needs_nesting(run->config))
		return true;
	run->err = run->no_nesting;
	return skip(run);
}

/*
 * KVM without npt or ept shows L1 none: svm_set_cpu_caps(), nested_vmx_setup_ctls_msrs(). Where the
 * host has to be lazy, the run shows that this one is not.
 */
static bool check_nested_paging(struct run *run, const struct kvm *kvm)
{
	const char *module = run->host.module;
	const char *name = !strcmp(module, "kvm_intel") ? "ept" : "npt";

	(void)kvm;
	if (run->host.tdp != ANSWER_NO || run->config->expect.policy == POLICY_LAZY)
		return true;
	for (size_t i = 0; i < run->config->phase_count; i++) {
		const struct phase_cfg *phase = &run->config->phases[i];

		if (phase->goes_on || !phase->nested_paging || !phase_runs_l2(phase))
			continue;
		err_set(&run->err, ENOTSUP, "phase %s runs L2 under nested paging, which L1 does "
			"not have here: %s.%s is off", phase->name, module, name);
		err_remedy(&run->err, "load %s with %s=1: with no VM running, modprobe -r %s && "
				      "modprobe %s nested=1 %s=1; or say nested-paging = off",
			   module, name, module, module, name);
		return skip(run);
	}
	return true;
}

static bool check_vcpus(struct run *run, const struct kvm *kvm)
{
	if (run->config->vm.vcpus <= kvm->max_vcpus)
		return true;
	err_set(&run->err, ENOTSUP, "vm.vcpus = %llu: this KVM's VMs have up to %u vCPUs (KVM_CAP_MAX_VCPUS)",
		(unsigned long long)run->config->vm.vcpus, kvm->max_vcpus);
	err_remedy(&run->err, "a smaller vm.vcpus");
	return skip(run);
}

static bool check_dirty_ring(struct run *run, const struct kvm *kvm)
{
	if (run->config->vm.dirty_ring <= kvm->dirty_ring)
		return true;
	err_set(&run->err, ENOTSUP, "vm.dirty-ring: this KVM's rings have up to %u bytes "
		"(KVM_CAP_DIRTY_LOG_RING)", kvm->dirty_ring);
	err_remedy(&run->err, "%s", kvm->dirty_ring ? "a smaller vm.dirty-ring" :
						      "boot Linux 5.11 or newer");
	return skip(run);
}

static bool check_quirks(struct run *run, const struct kvm *kvm)
{
	if (!(run->config->vm.disable_quirks & QUIRK_SLOT_ZAP_ALL) ||
	    kvm->quirks & QUIRKS_SLOT_ZAP_ALL)
		return true;
	err_set(&run->err, ENOTSUP, "vm.disable-quirks = slot-zap-all: this KVM always zaps all "
		"(KVM_CAP_DISABLE_QUIRKS2 says %#llx)", (unsigned long long)kvm->quirks);
	err_remedy(&run->err, "boot Linux 6.12 or newer, or leave vm.disable-quirks out");
	return skip(run);
}

/* The largest number of VMs that exist at the same time. */
static uint64_t vm_count(const struct config *config)
{
	uint64_t most = 0;

	for (size_t i = 0; i < config->phase_count; i++) {
		const struct phase_cfg *phase = &config->phases[i];
		uint64_t further = phase->what == DO_STRESS ? stress_further_vms(config, phase) : 0;

		most = further > most ? further : most;
	}
	return 1 + most;
}

/* Does this host have the memory that the guests will use? */
static bool check_memory(struct run *run, const struct kvm *kvm)
{
	const struct snapshot *before = &run->before;
	uint64_t available = before->status[SOURCE_MEMINFO].ok ? before->meminfo.mem_available : 0;

	(void)kvm;
	if (!host_memory_check("", &run->layout, vm_count(run->config), available, &run->err))
		return true;
	return skip(run);
}

/* Without another limit in the config, a run may cost the kernel half of what is free. */
static bool check_cost(struct run *run, const struct kvm *kvm)
{
	uint64_t vms = vm_count(run->config);
	uint64_t cost = vms * (footprint_total(&run->at_creation) +
			       footprint_total(&run->at_transition));
	uint64_t limit = run->config->vm.kernel_memory_limit;
	char cost_text[UNIT_TEXT], limit_text[UNIT_TEXT];

	(void)kvm;
	if (!limit && run->before.status[SOURCE_MEMINFO].ok)
		limit = run->before.meminfo.mem_available / 2;
	if (!limit || cost <= limit)
		return true;
	err_set(&run->err, ENOMEM, "this layout, in %llu VM%s, costs the kernel %s, more than the %s "
				   "this run may take (vm.kernel-memory-limit%s)",
		(unsigned long long)vms, vms > 1 ? "s" : "", format_bytes(cost_text, cost),
		format_bytes(limit_text, limit),
		run->config->vm.kernel_memory_limit ? "" : ", by default half of MemAvailable");
	err_remedy(&run->err, "a smaller layout, a host with more memory, or a higher "
			      "vm.kernel-memory-limit");
	return skip(run);
}

/*
 * A run without L2 under nested paging never takes what comes with the first shadow root. A phase
 * with fails = ENOMEM asks for more than there is: the kernel does not give it.
 */
static uint64_t kernel_cost(const struct run *run, uint64_t vms)
{
	uint64_t bytes = footprint_total(&run->at_creation);
	bool nests = false;

	for (size_t i = 0; i < run->config->phase_count; i++) {
		const struct phase_cfg *phase = &run->config->phases[i];

		if (phase->fails == ENOMEM)
			return vms * bytes;
		nests |= phase_needs_nesting(run->config, phase) && phase->nested_paging;
	}
	return vms * (bytes + (nests ? footprint_total(&run->at_transition) : 0));
}

/* The tightest of MemAvailable and the limits of this process's cgroups. False: none is known. */
static bool find_room(const struct run *run, struct memory_room *room)
{
	*room = run->room;
	if (run->before.status[SOURCE_MEMINFO].ok &&
	    (!room->limited || run->before.meminfo.mem_available < room->room)) {
		room->limited = true;
		room->limit = room->room = run->before.meminfo.mem_available;
		snprintf(room->where, sizeof(room->where), "MemAvailable");
	}
	return room->limited;
}

/* Kernel and guest take from the same memory: a process that takes too much is killed. */
static bool check_room(struct run *run, const struct kvm *kvm)
{
	uint64_t vms = vm_count(run->config), cost = kernel_cost(run, vms), use, sum;
	char cost_text[UNIT_TEXT], use_text[UNIT_TEXT], sum_text[UNIT_TEXT], room_text[UNIT_TEXT];
	char limit_text[UNIT_TEXT];
	struct memory_room room;

	(void)kvm;
	if (run->config->vm.ignore_limits || !find_room(run, &room))
		return true;
	use = host_memory_use("", &run->layout, vms, cost < room.room ? room.room - cost : 0);
	if (!__builtin_add_overflow(cost, use, &sum) && sum <= room.room)
		return true;
	err_set(&run->err, ENOMEM, "this run takes %s of the kernel's memory and %s of the guest's, "
		"%s in all: more than the %s that %s, %s, leaves",
		format_bytes(cost_text, cost), format_bytes(use_text, use),
		format_bytes(sum_text, sum), format_bytes(room_text, room.room), room.where,
		format_bytes(limit_text, room.limit));
	err_remedy(&run->err, "a higher limit, a smaller layout or less touch; vm.ignore-limits = yes "
			      "runs it all the same, until the kernel kills it");
	return skip(run);
}

/* One per VM, vCPU and its counters, and those that this program has of its own. */
static uint64_t descriptors(const struct run *run)
{
	return 64 + vm_count(run->config) * (4 + 2 * run->config->vm.vcpus);
}

/* The soft limit is this process's own to raise. */
static bool check_descriptors(struct run *run, const struct kvm *kvm)
{
	uint64_t wanted = descriptors(run);
	struct rlimit limit;

	(void)kvm;
	if (getrlimit(RLIMIT_NOFILE, &limit) || wanted <= limit.rlim_cur)
		return true;
	if (wanted <= limit.rlim_max) {
		limit.rlim_cur = wanted;
		if (!setrlimit(RLIMIT_NOFILE, &limit))
			return true;
	}
	err_set(&run->err, EMFILE, "this run takes %llu descriptors, a process has %llu here "
		"(RLIMIT_NOFILE)", (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
	err_remedy(&run->err, "ulimit -n %llu, or fewer vCPUs", (unsigned long long)wanted);
	return skip(run);
}

/*
 * Does this kernel refuse an array that comes with a memslot? One that it refuses at the first shadow
 * root does no harm until then: the run goes on, and shows it.
 */
static bool check_refusal(struct run *run, const struct kvm *kvm)
{
	char name[CONFIG_NAME_MAX + 16], text[256];
	struct refusal refusal;

	(void)kvm;
	if (!faults_refused(&run->model, &run->layout, &refusal) || !refusal.at_creation ||
	    refusal.refused != ANSWER_YES)
		return true;
	faults_refusal_text(&refusal, text, sizeof(text));
	err_set(&run->err, ENOMEM, "memslot.%s: %s",
		slot_name(&run->layout, refusal.slot, name), text);
	err_remedy(&run->err, "%s", faults_refusal_remedy);
	return skip(run);
}

/* Can a phase fail that must fail? */
static bool check_faults(struct run *run, const struct kvm *kvm)
{
	(void)kvm;
	return run_can_fail(run);
}

bool preflight(struct run *run, const struct kvm *kvm)
{
	static bool (*const checks[])(struct run *run, const struct kvm *kvm) = {
		check_kernel, check_nesting, check_nested_paging, check_vcpus, check_dirty_ring,
		check_quirks, check_refusal, check_memory, check_cost, check_room,
		check_descriptors, check_faults,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](run, kvm))
			return false;
	return true;
}
