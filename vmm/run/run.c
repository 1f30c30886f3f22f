// SPDX-License-Identifier: GPL-2.0-only
#include "run/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "host/host_memory.h"
#include "run/measure.h"
#include "run/probe.h"
#include "run/run_faults.h"
#include "vm/guest.h"
#include "vm/kvm.h"
#include "vm/vcpu_set.h"

/* What lives only while the scenario runs. */
struct live_run {
	const struct kvm *kvm;
	struct run *run;
	struct sources sources;
	struct vm vm;
	struct payload payload;
	struct vcpu_set set;
	struct abi_report so_far;	/* counters up to the last phase, all vCPUs */
	bool altered;			/* by slot-delete or a failure: predicted anew */
	struct footprint kept;		/* of a first shadow root that failed */
};

static int skip(struct run *run, const char *remedy)
{
	run->skipped = true;
	if (remedy)
		err_remedy(&run->err, "%s", remedy);
	return 0;
}

static bool can_nest(const struct kvm *kvm)
{
	return kvm->nested_state_size && (kvm_has_svm(kvm) || kvm_has_vmx(kvm));
}

/* False: the run ends here, with run->err. */
static bool check_nesting(struct live_run *s)
{
	struct run *run = s->run;
	const char *module = run->host.module;

	run->nesting = can_nest(s->kvm);
	if (run->nesting) {
		run->stage = STAGE_NESTED;
		return true;
	}
	if (!guest_of(run->config)->needs_nesting(run->config))
		return true;
	err_set(&run->err, ENOTSUP, "this host's KVM does not run nested guests "
				    "(KVM_CAP_NESTED_STATE %zu, SVM %s, VMX %s, %s.nested %s)",
		s->kvm->nested_state_size, kvm_has_svm(s->kvm) ? "yes" : "no",
		kvm_has_vmx(s->kvm) ? "yes" : "no", module[0] ? module : "vendor module",
		run->host.nested == ANSWER_YES ? "on" :
		run->host.nested == ANSWER_NO ? "off" : "unknown");
	if (module[0])
		err_remedy(&run->err, "load %s with nested=1: with no VM running, "
				      "modprobe -r %s && modprobe %s nested=1",
			   module, module, module);
	else
		err_remedy(&run->err, "this CPU offers KVM no SVM or VMX; in a VM, have its host "
				      "expose nested virtualization, or use `make lab`");
	skip(run, NULL);
	return false;
}

/* VMs that are there at the same time, at most. */
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

/* What the VM is to have, or to be made without. */
static bool check_wishes(struct live_run *s)
{
	struct run *run = s->run;

	if (run->config->vm.dirty_ring > s->kvm->dirty_ring) {
		err_set(&run->err, ENOTSUP, "vm.dirty-ring: this KVM's rings have up to %u bytes "
			"(KVM_CAP_DIRTY_LOG_RING)", s->kvm->dirty_ring);
		skip(run, s->kvm->dirty_ring ? "a smaller vm.dirty-ring" : "boot Linux 5.11 or newer");
		return false;
	}
	if (!(run->config->vm.disable_quirks & QUIRK_SLOT_ZAP_ALL) ||
	    s->kvm->quirks & QUIRKS_SLOT_ZAP_ALL)
		return true;
	err_set(&run->err, ENOTSUP, "vm.disable-quirks = slot-zap-all: this KVM always zaps all "
		"(KVM_CAP_DISABLE_QUIRKS2 says %#llx)", (unsigned long long)s->kvm->quirks);
	skip(run, "boot Linux 6.12 or newer, or leave vm.disable-quirks out");
	return false;
}

/* A run may cost the kernel half of what is free, unless told otherwise. */
static bool check_cost(struct live_run *s)
{
	struct run *run = s->run;
	uint64_t vms = vm_count(run->config);
	uint64_t cost = vms * (footprint_total(&run->at_creation) +
			       footprint_total(&run->at_transition));
	uint64_t limit = run->config->vm.kernel_memory_limit;
	char cost_text[UNIT_TEXT], limit_text[UNIT_TEXT];

	if (!limit && run->before.status[SOURCE_MEMINFO].ok)
		limit = run->before.meminfo.mem_available / 2;
	if (!limit || cost <= limit)
		return true;
	err_set(&run->err, ENOMEM, "this layout, in %llu VM%s, costs the kernel %s, more than the %s "
				   "this run may take (vm.kernel-memory-limit%s)",
		(unsigned long long)vms, vms > 1 ? "s" : "", format_bytes(cost_text, cost),
		format_bytes(limit_text, limit),
		run->config->vm.kernel_memory_limit ? "" : ", by default half of MemAvailable");
	skip(run, "a smaller layout, a host with more memory, or a higher vm.kernel-memory-limit");
	return false;
}

static void choose_model(struct live_run *s)
{
	struct run *run = s->run;
	struct kernel_facts facts;

	probe_kernel(&run->host, s->kvm, &s->sources, &facts);
	model_choose(&facts, &run->model);
	if (run->config->selftest.break_what == BREAK_WRONG_MODEL)
		run->model.extra_pages[ARRAY_RMAP] = 1;
	if (run->config->selftest.break_what == BREAK_WRONG_TRACKING)
		run->model.extra_pages[ARRAY_TRACKING] = 1;
	model_layout(&run->model, &run->layout, &run->at_creation, &run->at_transition);
	model_rmap_heads(&run->layout, run->heads);
	run->heads[0] += run->config->selftest.break_what == BREAK_WRONG_MODEL;
}

static struct phase_result *next_phase(struct run *run, const struct phase_cfg *cfg,
				       const char *name)
{
	struct phase_result *phase = &run->phases[run->phase_count++];

	phase->cfg = cfg;
	phase->name = name;
	phase->what = cfg ? phase_do_name(cfg->what) : name;
	__atomic_store_n(&run->doing, name, __ATOMIC_RELEASE);
	return phase;
}

static void close_phase(struct live_run *s, struct phase_result *phase)
{
	snapshot_take(&s->sources, &phase->snapshot);
	if (s->altered)
		phase->predicted = run_predict_again(s->run, &s->kept);
	measure_phase(s->run, phase);
}

/* KVM's counters: of the VM, and of each vCPU. */
static void watch(struct live_run *s)
{
	sources_watch(&s->sources, s->vm.fd);
	for (unsigned int i = 0; i < s->set.count; i++)
		sources_watch(&s->sources, s->set.threads[i]->vcpu.fd);
}

/* The VM, its slots, the payload in it and its vCPUs; the phase "create". */
static int create(struct live_run *s)
{
	struct run *run = s->run;
	struct phase_result *phase = next_phase(run, NULL, "create");
	uint64_t start = clock_ns();
	int code = vm_create(&s->vm, s->kvm, &run->layout, &run->err);

	if (code)
		return code;
	s->sources.vm_pid = s->vm.creator;
	s->sources.vm_fd = s->vm.fd;
	code = vm_set_slots(&s->vm, run->signals, &run->err);
	if (code == -EINTR)
		run->signal = signals_next(run->signals);
	if (!code)
		code = payload_load(&s->payload, &s->vm, &run->err);
	if (!code)
		code = vcpu_set_open(&s->set, run->signals, &run->err);
	if (!code)
		code = vcpu_set_join(&s->set, &s->vm, &s->payload,
				 (unsigned int)run->config->vm.vcpus, &run->err);
	if (code)
		return code;
	phase->duration_ns = clock_ns() - start;
	run->create_ioctl_ns = s->vm.ioctl_ns;
	phase->done = true;
	watch(s);
	close_phase(s, phase);
	run->stage = STAGE_CREATED;
	return 0;
}

/* What the payload counted in this phase, and the phase's first way into L2. */
static void read_counters(struct live_run *s, struct phase_result *phase)
{
	struct abi_report sum = { 0 };

	for (unsigned int i = 0; i < s->set.count; i++) {
		const struct vcpu *vcpu = &s->set.threads[i]->vcpu;
		struct abi_report one;
		uint64_t entry_ns = vcpu->l2_entered_ns - vcpu->l2_enter_ns;

		vcpu_report(vcpu, &one);
		sum.vendor = one.vendor;
		sum.l1_pages += one.l1_pages;
		sum.l2_pages += one.l2_pages;
		sum.l2_entries += one.l2_entries;
		sum.failed_entries += one.failed_entries;
		/* Of several vCPUs the slowest paid for the rmaps, the others waited. */
		if (vcpu->l2_entered_ns && entry_ns > phase->l2_entry_ns)
			phase->l2_entry_ns = entry_ns;
	}
	phase->l1_pages = sum.l1_pages - s->so_far.l1_pages;
	phase->l2_pages = sum.l2_pages - s->so_far.l2_pages;
	phase->l2_entries = sum.l2_entries - s->so_far.l2_entries;
	phase->failed_entries = sum.failed_entries - s->so_far.failed_entries;
	s->so_far = sum;
}

static void note_trouble(struct live_run *s, const struct phase_result *phase, int result)
{
	struct guest_outcome *guest = &s->run->guest;
	const struct vcpu *vcpu = vcpu_set_culprit(&s->set);

	if (result > 0) {
		s->run->signal = result;
		return;
	}
	/* A stress phase knows of VMs that are gone by now. */
	if (s->run->err.text[0] || guest->trouble)
		return;
	if (vcpu) {
		vcpu_outcome(vcpu, phase->name, guest);
		return;
	}
	guest->trouble = GUEST_TIMEOUT;
	snprintf(guest->text, sizeof(guest->text),
		 "phase %s: a vCPU is stuck in the kernel and did not heed its kick", phase->name);
}

static uint64_t phase_timeout(const struct config *config, const struct phase_cfg *cfg)
{
	return cfg->timeout ? cfg->timeout : config->vm.timeout;
}

/* KVM_RUN failed as cfg->fails says: that is over, and the vCPUs go on with the next phase. */
static bool failed_as_told(struct live_run *s, const struct phase_cfg *cfg, int result,
			   struct phase_result *phase)
{
	const struct vcpu *vcpu = result == -EIO ? vcpu_set_culprit(&s->set) : NULL;

	if (cfg->fails != FAILS_ENOMEM || !vcpu || vcpu->trouble != GUEST_IOCTL ||
	    vcpu->error != ENOMEM)
		return false;
	phase->failed = vcpu->error;
	run_kept(s->run, &s->kept);
	s->altered = true;
	vcpu_set_forgive(&s->set);
	return true;
}

static int do_phase(struct live_run *s, const struct phase_cfg *cfg, uint32_t index,
		    struct phase_result *phase)
{
	uint64_t timeout = phase_timeout(s->run->config, cfg);

	switch (cfg->what) {
	case DO_STRESS:
		return stress_run(s->run, &s->vm, &s->payload, &s->set, index, timeout,
				  &phase->stress);
	case DO_SLOT_DELETE:
		s->altered = true;
		return run_delete_slots(s->run, &s->vm, &s->payload, cfg->slot);
	default:
		vcpu_set_tell_all(&s->set, index);
		return vcpu_set_run(&s->set, timeout);
	}
}

/* One phase of the config. False: the run is over. */
static bool run_phase(struct live_run *s, const struct phase_cfg *cfg, uint32_t index)
{
	struct run *run = s->run;
	struct phase_result *phase = next_phase(run, cfg, cfg->name);
	uint64_t start = clock_ns();
	int result = do_phase(s, cfg, index, phase);

	phase->duration_ns = clock_ns() - start;
	if (failed_as_told(s, cfg, result, phase))
		result = 0;
	phase->done = !result;
	read_counters(s, phase);
	if (result)
		note_trouble(s, phase, result);
	close_phase(s, phase);
	return !result;
}

static void run_phases(struct live_run *s)
{
	const struct config *config = s->run->config;
	struct abi_report report;
	uint32_t index = 0;

	while (index < config->phase_count && run_phase(s, &config->phases[index], index))
		index++;
	if (index == config->phase_count)
		s->run->stage = STAGE_RAN;
	snprintf(s->run->guest.console, sizeof(s->run->guest.console), "%s",
		 s->payload.ops->console(&s->set.threads[0]->vcpu));
	vcpu_report(&s->set.threads[0]->vcpu, &report);
	s->run->guest.report.vendor = report.vendor;
	s->run->guest.report.l1_pages = s->so_far.l1_pages;
	s->run->guest.report.l2_pages = s->so_far.l2_pages;
	s->run->guest.report.l2_entries = s->so_far.l2_entries;
}

/* A thread that is stuck in the kernel keeps the VM and the set. */
static void end_vm(struct live_run *s)
{
	struct run *run = s->run;

	if (!run->stuck && s->set.done_fd >= 0)
		run->stuck = !vcpu_set_close(&s->set);
	if (!run->stuck && run->config->selftest.break_what != BREAK_LEAK_VM)
		vm_destroy(&s->vm);
}

static void teardown(struct live_run *s)
{
	struct phase_result *phase = next_phase(s->run, NULL, "teardown");
	uint64_t start = clock_ns();

	sources_unwatch(&s->sources);
	end_vm(s);
	s->sources.vm_pid = 0;
	if (s->run->config->selftest.break_what == BREAK_KLOG && !s->sources.klog_alarms++)
		snprintf(s->sources.klog_first, sizeof(s->sources.klog_first),
			 "WARNING: not real, selftest.break = klog");
	phase->duration_ns = clock_ns() - start;
	phase->done = true;
	close_phase(s, phase);
	/* No VM, no rmaps to be lazy or not. */
	phase->state = RMAP_UNKNOWN;
}

/* What the guest's memory takes that this host has not. */
static bool check_memory(struct live_run *s)
{
	struct run *run = s->run;
	const struct snapshot *before = &run->before;
	uint64_t available = before->status[SOURCE_MEMINFO].ok ? before->meminfo.mem_available : 0;

	if (!host_memory_check("", &run->layout, vm_count(run->config), available, &run->err))
		return true;
	skip(run, NULL);
	return false;
}

/* Once the guest has run, so that measuring the floor does not disturb it. */
static void finish_trace(struct run *run, struct tracer *tracer)
{
	const uint64_t *bytes = run->at_transition.bytes;

	trace_finish(tracer, &run->trace);
	run->trace.floor_ns = trace_floor(bytes[ARRAY_RMAP] + bytes[ARRAY_TRACKING]);
}

/* Everything from the baseline to the teardown. Returns -errno only for refusals of the config. */
static int run_in_vm(struct live_run *s)
{
	struct run *run = s->run;
	struct tracer *tracer = NULL;
	int code;

	if (!check_nesting(s) || !check_wishes(s) || !check_memory(s) || !check_cost(s) ||
	    !run_can_fail(run))
		return 0;
	code = payload_place(&run->layout, (unsigned int)run->config->vm.vcpus,
			     kvm_has_1g_pages(s->kvm) ? 3 : 2, &s->payload, &run->err);
	if (code)
		return code;
	run->phases = calloc(run->config->phase_count + 2, sizeof(*run->phases));
	if (!run->phases)
		return err_set(&run->err, ENOMEM, "no memory for the phases");
	if (run->config->trace)
		tracer = trace_start(run->layout.count, &run->trace);
	if (!create(s))
		run_phases(s);
	if (tracer)
		finish_trace(run, tracer);
	teardown(s);
	measure_transition(run);
	return 0;
}

int run_scenario(const struct config *config, const struct kvm *kvm, struct run *run)
{
	struct live_run *s = malloc(sizeof(*s));
	uint64_t start = clock_ns();
	int code = 0;

	if (!s)
		return err_set(&run->err, ENOMEM, "no memory for the scenario");
	*s = (struct live_run){ .kvm = kvm, .run = run, .vm.fd = -1, .set.done_fd = -1 };
	run->config = config;
	run->transition = -1;
	clock_gettime(CLOCK_REALTIME, &run->started);
	host_read("", &run->host);
	sources_open(&s->sources, "", config->report.sources == SOURCES_CHEAP);
	/* Also where nothing can run: what it would cost here is still worth knowing. */
	choose_model(s);
	snapshot_take(&s->sources, &run->before);
	run->stage = kvm ? STAGE_KVM : STAGE_NOTHING;
	run->skipped = !kvm;
	if (kvm)
		code = run_in_vm(s);
	sources_close(&s->sources);
	if (!run->stuck)
		free(s);
	run->duration_ns = clock_ns() - start;
	return code;
}

void run_free(struct run *run)
{
	for (size_t i = 0; i < run->phase_count; i++) {
		snapshot_free(&run->phases[i].snapshot);
		stress_result_free(run->phases[i].stress);
		free(run->phases[i].predicted);
	}
	snapshot_free(&run->before);
	free(run->phases);
	trace_free(&run->trace);
	layout_free(&run->layout);
	*run = (struct run){ 0 };
}
