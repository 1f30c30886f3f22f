// SPDX-License-Identifier: GPL-2.0-only
#include "run/preflight.h"

#include <errno.h>

#include "base/units.h"
#include "host/host_memory.h"
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
		err_remedy(&run->err, "load %s with nested=1: with no VM running, "
				      "modprobe -r %s && modprobe %s nested=1",
			   module, module, module);
	else
		err_remedy(&run->err, "KVM finds neither SVM nor VMX on this CPU; in a VM, have its "
				      "host expose nested virtualization, or use `make lab`");
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
	if (!guest_of(run->config)->needs_nesting(run->config))
		return true;
	err_set(&run->err, ENOTSUP, "this host's KVM does not run nested guests "
				    "(KVM_CAP_NESTED_STATE %zu, SVM %s, VMX %s, %s.nested %s)",
		kvm->nested_state_size, svm ? "yes" : "no", vmx ? "yes" : "no",
		module[0] ? module : "vendor module",
		run->host.nested == ANSWER_YES ? "on" :
		run->host.nested == ANSWER_NO ? "off" : "unknown");
	nesting_remedy(run);
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

/* Can a phase fail that must fail? */
static bool check_faults(struct run *run, const struct kvm *kvm)
{
	(void)kvm;
	return run_can_fail(run);
}

bool preflight(struct run *run, const struct kvm *kvm)
{
	static bool (*const checks[])(struct run *run, const struct kvm *kvm) = {
		check_nesting, check_dirty_ring, check_quirks, check_memory, check_cost,
		check_faults,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](run, kvm))
			return false;
	return true;
}
