// SPDX-License-Identifier: GPL-2.0-only
#include "run/measure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool vmalloc_known(const struct snapshot *snapshot)
{
	return snapshot->status[SOURCE_VMALLOCINFO].ok;
}

/*
 * lpage_info comes with every slot. A kernel that gives it whole pages of vmalloc and shows none of
 * them by name names something else: vmalloc's own wrappers. Once the VM is gone nothing can be seen
 * of that, and what was true of the first phase still is.
 */
static bool is_wrapped(const struct run *run, const struct phase_result *phase,
		       const struct tally *delta)
{
	struct footprint creation, transition;

	if (!strcmp(phase->what, "teardown"))
		return run->phases[0].wrapped;
	model_layout(&run->model, &run->layout, &creation, &transition);
	/* An empty difference may be two VMs of one layout, one of which went. */
	return run->model.whole_pages && footprint_total(&creation) && !model_names_arrays(delta) &&
	       !model_names_arrays(&run->before.vmalloc) &&
	       !model_names_arrays(&phase->snapshot.vmalloc);
}

/* Without a name only areas that fit the prediction can be told from those of others. */
static void measure_wrapped(const struct run *run, struct phase_result *phase)
{
	const struct layout none = { 0 };
	bool gone = !strcmp(phase->what, "teardown");
	struct source_status *status = &phase->snapshot.status[SOURCE_VMALLOCINFO];
	struct tally delta = { 0 };

	if (tally_diff(&phase->snapshot.wrapped, &run->before.wrapped, &delta))
		return;
	phase->held_source = SOURCE_VMALLOCINFO;
	phase->measured = !model_measure_wrapped(&run->model, gone ? &none : &run->layout, &delta,
						 &phase->held);
	tally_free(&delta);
	if (phase->measured)
		return;
	status->ok = false;
	snprintf(status->why, sizeof(status->why), "this kernel's vmallocinfo does not name KVM, and "
		 "the new areas of vmalloc's wrappers are not those of this VM alone");
	status->remedy = "run it while nothing else on this host takes memory by vmalloc, as other VMs do, or boot a "
			 "kernel without CONFIG_UNWINDER_FRAME_POINTER";
}

/* The arrays of all VMs that came since the baseline: this VM's, if it is the only one. */
static void measure_by_function(const struct run *run, const struct tally *delta,
				struct phase_result *phase)
{
	phase->held_source = SOURCE_VMALLOCINFO;
	phase->measured = !model_measure(&run->model, &run->layout, delta, &phase->held);
}

/* The arrays of this VM's memslots, whatever other VMs do. */
static void measure_by_address(struct phase_result *phase)
{
	const struct memslots *memslots = &phase->snapshot.memslots;

	phase->held = (struct footprint){ .bytes = {
		[ARRAY_RMAP] = memslots->rmap, [ARRAY_TRACKING] = memslots->tracking,
		[ARRAY_LPAGE_INFO] = memslots->lpage_info,
		[ARRAY_DIRTY_BITMAP] = memslots->dirty_bitmap,
	} };
	phase->held_source = SOURCE_MEMSLOTS;
	phase->measured = true;
}

/*
 * Arrays from kvcalloc lie in slab where there is room, so that those which lie in vmalloc are not
 * what is predicted: only model_measure() knows how to leave them out.
 */
static void measure_arrays(const struct run *run, struct phase_result *phase)
{
	struct tally delta = { 0 };
	bool known = vmalloc_known(&run->before) && vmalloc_known(&phase->snapshot) &&
		     !tally_diff(&phase->snapshot.vmalloc, &run->before.vmalloc, &delta);

	phase->wrapped = known && is_wrapped(run, phase, &delta);
	if (phase->mixed && phase->snapshot.status[SOURCE_MEMSLOTS].ok && run->model.whole_pages)
		measure_by_address(phase);
	else if (phase->wrapped)
		measure_wrapped(run, phase);
	else if (known)
		measure_by_function(run, &delta, phase);
	tally_free(&delta);
}

uint64_t measure_expected(const struct run *run, const struct phase_result *phase,
			  enum array array, bool shadow_root)
{
	const struct prediction *other = phase->predicted;

	if (!other)
		return run->at_creation.bytes[array] +
		       (shadow_root ? run->at_transition.bytes[array] : 0);
	return other->creation.bytes[array] +
	       (shadow_root ? &other->transition : &other->kept)->bytes[array];
}

static bool holds(const struct run *run, const struct phase_result *phase, bool shadow_root)
{
	for (enum array array = 0; array < ARRAY_COUNT; array++)
		if (phase->held.bytes[array] != measure_expected(run, phase, array, shadow_root))
			return false;
	return true;
}

/*
 * Has there been a shadow root by the end of this phase? Nested guests under nested paging make one.
 * Which of them a guest of the user's ran is counted later, and not by all kernels.
 */
static enum answer had_shadow_root(const struct run *run, const struct phase_result *phase)
{
	enum answer had = ANSWER_NO;

	for (const struct phase_result *past = run->phases; past <= phase; past++) {
		const struct phase_cfg *cfg = past->cfg;

		if (!cfg || (!cfg->goes_on && (!phase_runs_l2(cfg) || !cfg->nested_paging)))
			continue;
		if (!cfg->goes_on && past->l2_entries && past->failed != ENOMEM)
			return ANSWER_YES;
		had = ANSWER_UNKNOWN;
	}
	return had;
}

/*
 * Another VM of the same layout may have made up what this VM's state would not explain. Where the
 * rmaps come with the slots their state does not say whether there was a shadow root.
 */
static bool is_explained(const struct run *run, const struct phase_result *phase)
{
	bool state_known = run->model.rmap_lazy && phase->state != RMAP_UNKNOWN &&
			   phase->state_source != SOURCE_VMALLOCINFO;
	enum answer shadow_root;

	if (!phase->measured)
		return false;
	if (state_known)
		return holds(run, phase, phase->state == RMAP_ALLOCATED);
	shadow_root = had_shadow_root(run, phase);
	return (shadow_root != ANSWER_YES && holds(run, phase, false)) ||
	       (shadow_root != ANSWER_NO && holds(run, phase, true));
}

bool measure_explained(const struct run *run, const struct phase_result *phase)
{
	struct tally left = { 0 };
	bool same;

	if (phase->cfg || !strcmp(phase->what, "create"))
		return is_explained(run, phase);
	if (!vmalloc_known(&run->before) || !vmalloc_known(&phase->snapshot))
		return false;
	same = !tally_diff(&phase->snapshot.vmalloc, &run->before.vmalloc, &left) && !left.count;
	tally_free(&left);
	return same;
}

bool measure_other_vms(const struct run *run)
{
	const struct other_vms *first = &run->before.other_vms;

	/* One without vCPUs may get memslots, too. */
	if (!first->known || first->set)
		return true;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct other_vms *now = &run->phases[i].snapshot.other_vms;

		if (now->known && now->set != first->set)
			return true;
	}
	return false;
}

bool measure_arrays_before(const struct run *run)
{
	return model_names_arrays(&run->before.vmalloc);
}

/* The arrays of the other VMs before this one was made. Without an area in vmallocinfo they had none there. */
static bool others_before(const struct run *run, uint64_t *bytes)
{
	*bytes = run->before.memslots.others;
	if (run->before.status[SOURCE_MEMSLOTS].ok)
		return run->before.memslots.others_known;
	return vmalloc_known(&run->before) &&
	       (!measure_arrays_before(run) || (run->before.other_vms.known && !run->before.other_vms.set));
}

bool measure_ownerless(const struct run *run, int64_t *bytes)
{
	uint64_t others;
	bool known = others_before(run, &others);

	*bytes = known ? model_arrays_bytes(&run->before.vmalloc) - (int64_t)others : 0;
	return known;
}

/*
 * The host's arrays hold more than this VM's can explain, with all that it may have. Where small ones lie in slab, the kernel
 * takes vmalloc's instead when it finds no room there, which no prediction has.
 */
static bool has_grown(const struct run *run, const struct phase_result *phase)
{
	int64_t bytes = model_arrays_bytes(&phase->snapshot.vmalloc) - model_arrays_bytes(&run->before.vmalloc);
	bool gone = !strcmp(phase->what, "teardown");

	if (!gone && !run->model.whole_pages)
		return false;
	if (!gone)
		for (enum array array = 0; array < ARRAY_COUNT; array++)
			bytes -= (int64_t)measure_expected(run, phase, array, true);
	return bytes > 0;
}

/*
 * Arrays that no VM had when the run began are those of a VM that was being destroyed, and go; or an earlier one has
 * leaked them. They can't be why the host's arrays hold more. Fewer than the VMs had: a VM got slots between the two looks.
 */
static bool baseline_holds(const struct run *run, const struct phase_result *phase)
{
	int64_t ownerless;

	return measure_ownerless(run, &ownerless) && (!ownerless || (ownerless > 0 && has_grown(run, phase)));
}

/* Without any other VM nobody needs to ask what they have. */
static bool others_have_as_before(const struct run *run, const struct phase_result *phase)
{
	const struct memslots *now = &phase->snapshot.memslots;
	uint64_t before;

	if (!phase->snapshot.status[SOURCE_MEMSLOTS].ok)
		return !run->before.other_vms.set;
	return now->others_known && others_before(run, &before) && now->others == before;
}

/* Each VM of a stress phase is made and destroyed within the phase. */
static uint64_t events_of_stress(const struct run *run)
{
	uint64_t events = 0;

	for (size_t i = 0; i < run->phase_count; i++)
		if (run->phases[i].stress)
			events += 2 * run->phases[i].stress->vms.made;
	return events;
}

/*
 * VMs that lived for a moment between two snapshots leave nothing but their events. This VM's own are
 * one when it was made and one when it was destroyed.
 */
static bool only_own_events(const struct run *run, const struct phase_result *phase)
{
	const struct figure *before = &run->before.other_vms.events;
	const struct figure *now = &phase->snapshot.other_vms.events;
	uint64_t events = now->value - before->value - events_of_stress(run);

	if (!before->known || !now->known)
		return false;
	return events == 1 || (!strcmp(phase->what, "teardown") && events == 2);
}

bool measure_others_kept_still(const struct run *run, const struct phase_result *phase)
{
	const struct other_vms *first = &run->before.other_vms, *now = &phase->snapshot.other_vms;

	return first->known && now->known && first->set == now->set && only_own_events(run, phase) &&
	       others_have_as_before(run, phase) && baseline_holds(run, phase);
}

uint64_t measure_most_other_vms(const struct run *run)
{
	uint64_t most = run->before.other_vms.running;

	for (size_t i = 0; i < run->phase_count; i++)
		if (run->phases[i].snapshot.other_vms.running > most)
			most = run->phases[i].snapshot.other_vms.running;
	return most;
}

static enum rmap_state by_rmaps_stat(const struct snapshot *snapshot)
{
	return snapshot->rmaps.allocated ? RMAP_ALLOCATED : RMAP_LAZY;
}

/* Unknown for a layout that is so small that its rmaps are slab. */
static enum rmap_state by_vmallocinfo(const struct run *run, const struct phase_result *phase)
{
	const struct prediction *again = phase->predicted;
	uint64_t rmap = (again ? &again->creation : &run->at_creation)->bytes[ARRAY_RMAP] +
			(again ? &again->transition : &run->at_transition)->bytes[ARRAY_RMAP];

	if (!phase->measured || !rmap || (phase->mixed && phase->held_source != SOURCE_MEMSLOTS))
		return RMAP_UNKNOWN;
	return phase->held.bytes[ARRAY_RMAP] ? RMAP_ALLOCATED : RMAP_LAZY;
}

/*
 * What was charged since the baseline either includes the rmaps or not. The kernel adds charges up
 * late. So the state is unknown if a quarter of the rmaps is less than what may not be added up yet, or if the figure lies
 * between the two cases; and where another process is charged to the cgroup, which may be that of another VM.
 */
static enum rmap_state by_cgroup(const struct run *run, const struct phase_result *phase)
{
	const struct figure *before = &run->before.cgroup.items[CGROUP_VMALLOC];
	const struct figure *now = &phase->snapshot.cgroup.items[CGROUP_VMALLOC];
	struct footprint creation, transition;
	int64_t others, rmap;

	if (phase->mixed || !run->before.cgroup.alone || !phase->snapshot.cgroup.alone)
		return RMAP_UNKNOWN;
	if (!run->before.status[SOURCE_CGROUP].ok || !before->known || !now->known ||
	    cgroup_charges_nothing(&phase->snapshot.cgroup))
		return RMAP_UNKNOWN;
	model_charged(&run->model, &run->layout, &creation, &transition);
	rmap = (int64_t)(creation.bytes[ARRAY_RMAP] + transition.bytes[ARRAY_RMAP]);
	others = (int64_t)(now->value - before->value) -
		 (int64_t)(footprint_total(&creation) - creation.bytes[ARRAY_RMAP]);
	if (rmap / 4 < (int64_t)phase->snapshot.cgroup.lag ||
	    rmap / 4 < (int64_t)run->before.cgroup.lag)
		return RMAP_UNKNOWN;
	if (others >= rmap / 4 * 3)
		return RMAP_ALLOCATED;
	return others <= rmap / 4 ? RMAP_LAZY : RMAP_UNKNOWN;
}

/* What the rest of the kernel may take or free of vmalloc's memory during a run. */
#define OTHER_VMALLOC (16ll << 20)

/*
 * VmallocUsed is the whole host's, by nobody's name: it may support what another source shows, and never
 * decides alone. It tells where no other VM runs, and where a quarter of the rmaps is more than what else
 * may change.
 */
static enum rmap_state by_vmalloc_used(const struct run *run, const struct phase_result *phase)
{
	const struct other_vms *first = &run->before.other_vms, *now = &phase->snapshot.other_vms;
	int64_t rmap = (int64_t)measure_expected(run, phase, ARRAY_RMAP, true);
	int64_t change = (int64_t)(phase->snapshot.meminfo.vmalloc_used -
				   run->before.meminfo.vmalloc_used);

	if (phase->mixed || !first->known || !now->known || now->running || first->set != now->set)
		return RMAP_UNKNOWN;
	if (!run->before.status[SOURCE_MEMINFO].ok || rmap / 4 < OTHER_VMALLOC)
		return RMAP_UNKNOWN;
	for (enum array array = 0; array < ARRAY_COUNT; array++)
		if (array != ARRAY_RMAP)
			change -= (int64_t)measure_expected(run, phase, array, false);
	if (change >= rmap / 4 * 3)
		return RMAP_ALLOCATED;
	return change <= rmap / 4 ? RMAP_LAZY : RMAP_UNKNOWN;
}

const struct figure *measure_nested_runs(const struct phase_result *phase)
{
	const struct snapshot *snapshot = &phase->snapshot;
	bool stats = snapshot->status[SOURCE_KVM_STATS].ok;
	static const struct figure unknown;

	if (!stats && !snapshot->status[SOURCE_KVM_DEBUGFS].ok)
		return &unknown;
	return &(stats ? &snapshot->kvm_stats : &snapshot->kvm_debugfs)->counters[COUNTER_NESTED_RUN];
}

enum rmap_state measure_state_by_counters(const struct run *run, const struct kvm_counters *kvm)
{
	return kernel_state_by_misses(&kvm->counters[COUNTER_MMU_CACHE_MISS],
				      !run->model.rmap_lazy);
}

enum rmap_state measure_state_by(const struct run *run, const struct phase_result *phase,
				 enum source source)
{
	const struct snapshot *snapshot = &phase->snapshot;

	if (!snapshot->status[source].ok)
		return RMAP_UNKNOWN;
	switch (source) {
	case SOURCE_RMAPS_STAT:
		return by_rmaps_stat(snapshot);
	case SOURCE_VMALLOCINFO:
		return by_vmallocinfo(run, phase);
	case SOURCE_CGROUP:
		return by_cgroup(run, phase);
	case SOURCE_KVM_STATS:
		return measure_state_by_counters(run, &snapshot->kvm_stats);
	case SOURCE_KVM_DEBUGFS:
		return measure_state_by_counters(run, &snapshot->kvm_debugfs);
	case SOURCE_MEMINFO:
		return by_vmalloc_used(run, phase);
	default:
		return RMAP_UNKNOWN;
	}
}

/*
 * First comes the source in which KVM shows the state of this VM, then those that show the memory:
 * all areas of the host (root), the charges of our own cgroup (any user). KVM's counters come last.
 * SOURCE_MEMINFO is not among them: anything on the host may change VmallocUsed.
 */
static void measure_state(const struct run *run, struct phase_result *phase)
{
	static const enum source best_first[] = {
		SOURCE_RMAPS_STAT, SOURCE_VMALLOCINFO, SOURCE_CGROUP, SOURCE_KVM_STATS,
		SOURCE_KVM_DEBUGFS,
	};

	phase->state = RMAP_UNKNOWN;
	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++) {
		phase->state_source = best_first[i];
		phase->state = measure_state_by(run, phase, best_first[i]);
		if (phase->state != RMAP_UNKNOWN)
			return;
	}
}

void measure_predict(struct run *run)
{
	struct footprint charged_at_creation;

	model_layout(&run->model, &run->layout, &run->at_creation, &run->at_transition);
	model_charged(&run->model, &run->layout, &charged_at_creation, &run->charged_at_transition);
}

void measure_phase(const struct run *run, struct phase_result *phase)
{
	measure_arrays(run, phase);
	measure_state(run, phase);
}

/*
 * On an eager kernel counters show nothing before a vCPU has run. There, rmaps that exist before any
 * L2 came with the memslots.
 */
static enum rmap_state policy_of(const struct run *run)
{
	enum rmap_state policy = run->phase_count ? run->phases[0].state : RMAP_UNKNOWN;

	for (size_t i = 1; policy == RMAP_UNKNOWN && !run->model.rmap_lazy && i < run->phase_count; i++) {
		const struct phase_cfg *cfg = run->phases[i].cfg;

		if (!cfg || phase_runs_l2(cfg))
			break;
		policy = run->phases[i].state;
	}
	return policy;
}

void measure_transition(struct run *run)
{
	run->transition = -1;
	run->policy = policy_of(run);
	for (size_t i = 1; i < run->phase_count; i++) {
		if (run->phases[i].state != RMAP_ALLOCATED || run->phases[i - 1].state != RMAP_LAZY)
			continue;
		run->transition = (int)i;
		return;
	}
}
