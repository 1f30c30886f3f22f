// SPDX-License-Identifier: GPL-2.0-only
/* One phase of a run, from its begin to its snapshot. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/live_run.h"
#include "run/measure.h"
#include "run/phase_pages.h"
#include "run/phase_watch.h"
#include "run/run_faults.h"
#include "run/stress.h"
#include "vm/bus_error.h"
#include "vm/signals.h"
#include "vm/vcpu_filter.h"

struct phase_result *phase_begin(struct run *run, const struct phase_cfg *cfg, const char *name)
{
	struct phase_result *phase = &run->phases[run->phase_count];

	phase->cfg = cfg;
	phase->name = name;
	phase->what = cfg ? phase_do_name(cfg->what) : name;
	phase->began_ns = clock_ns();
	__atomic_store_n(&run->phase_count, run->phase_count + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&run->doing, name, __ATOMIC_RELEASE);
	if (run->told)
		snprintf(run->told->phase, sizeof(run->told->phase), "%s", name);
	if (run->watch)
		phase_watch_wait(run->watch, run->phase_count);
	return phase;
}

/* The areas of the host are known, and are not those that this VM has by the model. */
static bool is_unexplained(const struct run *run, const struct phase_result *phase)
{
	bool known = run->before.status[SOURCE_VMALLOCINFO].ok &&
		     (phase->snapshot.status[SOURCE_VMALLOCINFO].ok || phase->wrapped);

	return known && !measure_explained(run, phase);
}

/* How long what nothing explains may take to go away: KVM frees the arrays of a VM that ended late. */
#define SETTLE_NS 1000000000ull
#define SETTLE_SIGNAL_NS 200000000ull	/* of the second that a run has after a signal */
#define SETTLE_STEP_US 100000
#define SETTLE_LOOKS 3		/* at least, where a look alone takes that second */
#define SETTLE_OTHERS_NS 4000000000ull	/* more where it is not this process that gives back an array */

/*
 * Another VM that changes while it is looked at may have an array where one of this VM's was. Where somebody read the VM's
 * files while it ended, that process frees the arrays when it closes the file.
 */
static bool has_settled(const struct live_run *live, const struct phase_result *phase, uint64_t begun,
			unsigned int looks)
{
	const struct memslots *memslots = &phase->snapshot.memslots;
	bool by_others = live->ended_late || (memslots->left && !memslots->left_known);
	uint64_t time = clock_ns() - begun;

	if ((phase->mixed && !memslots->left) || signals_came(live->run->signals))
		return true;
	if (live->run->signal)
		return time > SETTLE_SIGNAL_NS;
	return looks >= SETTLE_LOOKS && time > SETTLE_NS + (by_others ? SETTLE_OTHERS_NS : 0);
}

/*
 * Perhaps other VMs changed the host's arrays: this VM's own are asked for, and theirs. A VM that is
 * being destroyed has left debugfs and vm_list before its arrays are freed (kvm_destroy_vm(),
 * virt/kvm/kvm_main.c), and the host's arrays are read a moment before the others'. So only what
 * stays unexplained for a second, while all others keep still, is this VM's alone; and of an ended
 * VM's arrays only those are left which are where they were all the time.
 */
static void settle(struct live_run *live, struct phase_result *phase)
{
	uint64_t begun = clock_ns();

	for (unsigned int looks = 1;; looks++) {
		if (measure_other_vms(live->run) || measure_arrays_before(live->run)) {
			snapshot_ask_memslots(&live->sources, &phase->snapshot);
			phase->mixed = !measure_others_kept_still(live->run, phase);
		}
		if (has_settled(live, phase, begun, looks))
			break;
		usleep(SETTLE_STEP_US);
		snapshot_free(&phase->snapshot);
		snapshot_take(&live->sources, &phase->snapshot);
		phase->mixed = false;
		measure_phase(live->run, phase);
		if (!is_unexplained(live->run, phase))
			return;
	}
	measure_phase(live->run, phase);
}

void phase_end(struct live_run *live, struct phase_result *phase)
{
	snapshot_take(&live->sources, &phase->snapshot);
	if (live->altered) {
		run_predict_again(live->run, &live->kept, &phase->again);
		phase->predicted = &phase->again;
	}
	measure_phase(live->run, phase);
	if (is_unexplained(live->run, phase))
		settle(live, phase);
}

uint64_t phase_timeout(const struct live_run *live, const struct phase_cfg *cfg)
{
	return cfg->timeout ? cfg->timeout : live->run->config->vm.timeout;
}

/* The guest does it, on every vCPU: boot, l2, touch, ... */
static int do_in_guest(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	vcpu_set_tell_all(&live->set, index);
	return vcpu_set_run(&live->set, phase_timeout(live, phase->cfg));
}

static int do_stress(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	int result;

	if (phase->cfg->goes_on)
		phase_guest_begin(live, index);
	result = stress_run(live->run, &live->vm, &live->payload, &live->set, index,
			    phase_timeout(live, phase->cfg), &phase->stress);
	return phase->cfg->goes_on ? phase_guest_end(live, phase, result) : result;
}

static int do_slot_delete(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	(void)index;
	live->altered = true;
	return run_delete_slots(live->run, &live->vm, &live->payload, phase->cfg->slot);
}

static int do_slot_move(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	int code = run_move_slots(live->run, &live->vm, &live->payload, phase->cfg->slot);

	(void)index;
	/* A slot may not have come back. */
	live->altered |= code != 0;
	return code;
}

/*
 * Does what the phase's `do` says. 0: done; as vcpu_set_wait(): a signal's number, -ETIMEDOUT,
 * -EIO; another -errno with run->err.
 */
static int do_phase(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	/* What is not in this table is the guest's. */
	static int (*const table[])(struct live_run *, uint32_t, struct phase_result *) = {
		[DO_STRESS] = do_stress,
		[DO_SLOT_DELETE] = do_slot_delete,
		[DO_SLOT_MOVE] = do_slot_move,
		[DO_DIRTY_LOG] = phase_dirty_log,
		[DO_DISCARD] = phase_discard,
		[DO_ALIAS_COUNTS] = phase_alias_counts,
		[DO_AGE] = phase_age,
		[DO_RUN] = phase_guest,
	};
	size_t what = (size_t)phase->cfg->what;

	if (what < sizeof(table) / sizeof(table[0]) && table[what])
		return table[what](live, index, phase);
	return do_in_guest(live, index, phase);
}

/* Sets what the phase says of the VM, and has it done. */
static int prepare_and_do(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	const struct phase_cfg *cfg = phase->cfg;
	bool spared = cfg->fails && live->run->config->selftest.break_what == BREAK_NO_FAULT;
	int code = cfg->mmu_pages && !spared ? vm_limit_mmu_pages(&live->vm, cfg->mmu_pages, &live->run->err) : 0;

	return code ? code : do_phase(live, index, phase);
}

/*
 * A phase that has to fail did so in its way and in no other: the trouble is over, and the vCPUs go on with
 * the next phase.
 */
static bool failed_as_expected(struct live_run *live, int result, struct phase_result *phase)
{
	int error = phase->cfg->fails;

	if (!error || result != -EIO || !vcpu_set_forgive(&live->set, error))
		return false;
	phase->failed = error;
	if (error == ENOMEM) {
		run_kept(live->run, &live->kept);
		live->altered = true;
	}
	return true;
}

/* The sums of all vCPUs' counters since they were made. */
static struct abi_report sum_counters(const struct vcpu_set *set)
{
	struct abi_report sum = { 0 };

	for (unsigned int i = 0; i < set->count; i++) {
		struct abi_report one;

		vcpu_report(&set->threads[i]->vcpu, &one);
		sum.vendor = one.vendor;
		sum.l1_pages += one.l1_pages;
		sum.l2_pages += one.l2_pages;
		sum.l2_entries += one.l2_entries;
		sum.failed_entries += one.failed_entries;
		sum.table_writes += one.table_writes;
		sum.table_writes_seen += one.table_writes_seen;
		sum.l1_table_writes += one.l1_table_writes;
		sum.l1_table_writes_seen += one.l1_table_writes_seen;
		sum.leaf_changes += one.leaf_changes;
		sum.leaf_changes_seen += one.leaf_changes_seen;
		if (one.leaf_changes_seen < one.leaf_changes) {
			sum.leaf_change = one.leaf_change;
			sum.leaf_by_l2 = one.leaf_by_l2;
			sum.leaf_gpa = one.leaf_gpa;
		}
	}
	return sum;
}

/*
 * How long the phase's first way into L2 took: of several vCPUs the slowest paid for the rmaps,
 * the others waited.
 */
static uint64_t first_l2_entry(const struct vcpu_set *set)
{
	uint64_t longest = 0;

	for (unsigned int i = 0; i < set->count; i++) {
		const struct vcpu *vcpu = &set->threads[i]->vcpu;
		uint64_t ns = vcpu->l2_entered_ns - vcpu->l2_enter_ns;

		if (vcpu->l2_entered_ns && ns > longest)
			longest = ns;
	}
	return longest;
}

static void read_counters(struct live_run *live, struct phase_result *phase)
{
	struct abi_report sum = sum_counters(&live->set);

	phase->l2_entry_ns = first_l2_entry(&live->set);
	phase->l1_pages = sum.l1_pages - live->so_far.l1_pages;
	phase->l2_pages = sum.l2_pages - live->so_far.l2_pages;
	phase->l2_entries = sum.l2_entries - live->so_far.l2_entries;
	phase->table_writes = sum.table_writes - live->so_far.table_writes;
	phase->table_writes_seen = sum.table_writes_seen - live->so_far.table_writes_seen;
	phase->l1_table_writes = sum.l1_table_writes - live->so_far.l1_table_writes;
	phase->l1_table_writes_seen = sum.l1_table_writes_seen - live->so_far.l1_table_writes_seen;
	phase->leaf_changes = sum.leaf_changes - live->so_far.leaf_changes;
	phase->leaf_changes_seen = sum.leaf_changes_seen - live->so_far.leaf_changes_seen;
	phase->unseen_leaf = (struct unseen_leaf){ sum.leaf_change, sum.leaf_by_l2, sum.leaf_gpa };
	phase->failed_entries = sum.failed_entries - live->so_far.failed_entries;
	live->so_far = sum;
}

/* No vCPU has a trouble to show: one is stuck, or all came to their end, but too late. */
static void note_timeout(struct live_run *live, const char *phase)
{
	struct guest_outcome *guest = &live->run->guest;
	const struct vcpu *stuck = vcpu_set_stuck(&live->set);

	guest->trouble = GUEST_TIMEOUT;
	if (!stuck) {
		snprintf(guest->text, sizeof(guest->text), "phase %s: it ended after its timeout",
			 phase);
		return;
	}
	guest->vcpu = stuck->index;
	snprintf(guest->text, sizeof(guest->text),
		 "phase %s: vCPU %u is stuck in the kernel and did not react to its kick", phase,
		 stuck->index);
}

static void note_trouble(struct live_run *live, const struct phase_result *phase, int result)
{
	struct guest_outcome *guest = &live->run->guest;
	const struct vcpu *vcpu = vcpu_set_culprit(&live->set);

	if (result > 0) {
		live->run->signal = result;
		return;
	}
	/* A stress phase has told why already: its other VMs no longer exist here. */
	if (live->run->err.text[0] || guest->trouble)
		return;
	if (vcpu)
		vcpu_outcome(vcpu, phase->name, guest);
	else
		note_timeout(live, phase->name);
}

bool run_lost_memory(struct live_run *live, const struct vcpu *culprit)
{
	struct err *err = &live->run->err;

	if (culprit && culprit->vm == &live->vm && vcpu_failed_with(culprit, EFAULT))
		bus_error_probe(&live->vm);
	/* A stress phase has told already of a VM that no longer exists. */
	if (!bus_error_came() || bus_error_explain(&live->vm, err) || err->text[0])
		return bus_error_came();
	err_set(err, EFAULT, "memory of another VM of this run can't be had (SIGBUS)");
	return true;
}

/* The phase failed, if only because memory was lost. What its pages hold then says nothing of KVM. */
static int judge_memory(struct live_run *live, struct phase_result *phase, int result)
{
	if (result > 0 || !run_lost_memory(live, result == -EIO ? vcpu_set_culprit(&live->set) : NULL))
		return result;
	phase->found.wrong[0] = '\0';
	return -EFAULT;
}

/* A thread that makes a call which it must not make may have done anything: the run says nothing of KVM. */
static int judge_calls(struct live_run *live, int result)
{
	return result <= 0 && vcpu_filter_explain(&live->run->err) ? -EPERM : result;
}

/* A guest of the user's does not say how often it ran a nested one: KVM does. */
static void count_entries(struct live_run *live, struct phase_result *phase)
{
	const struct figure *runs = measure_nested_runs(phase);

	if (!phase->cfg->goes_on || !runs->known)
		return;
	phase->l2_entries = runs->value - live->kvm_entries;
	live->kvm_entries = runs->value;
}

bool phase_run(struct live_run *live, uint32_t index)
{
	const struct phase_cfg *cfg = &live->run->config->phases[index];
	struct phase_result *phase = phase_begin(live->run, cfg, cfg->name);
	uint64_t start = clock_ns();
	int result = prepare_and_do(live, index, phase);

	phase->duration_ns = clock_ns() - start;
	if (failed_as_expected(live, result, phase))
		result = 0;
	result = judge_calls(live, judge_memory(live, phase, result));
	phase->done = !result;
	read_counters(live, phase);
	if (result)
		note_trouble(live, phase, result);
	/*
	 * A phase that a signal ends gets no snapshot, unless workers ran: KVM may walk the rmaps for longer than the second that
	 * a run then has.
	 */
	phase->unseen = result > 0 && !(phase->stress && phase->stress->started_ns);
	if (!phase->unseen)
		phase_end(live, phase);
	count_entries(live, phase);
	return !result;
}
