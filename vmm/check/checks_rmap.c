// SPDX-License-Identifier: GPL-2.0-only
/* Checks of when rmaps are allocated, and of how many bytes they take. */
#include <inttypes.h>

#include "base/units.h"
#include "check/check.h"
#include "run/measure.h"

void judge_lazy_before(const struct run *run, struct check *check)
{
	int trigger = run_first_l2(run, true);
	size_t end = trigger < 0 ? run->phase_count : (size_t)trigger;
	char why[256];

	if (run_not_created(run, check))
		return;
	if (run->policy == RMAP_ALLOCATED && run->config->expect.policy == POLICY_LAZY) {
		run_eager_reason(run, why, sizeof(why));
		check_fail(check, "rmaps exist before any nested guest: %s", why);
		check_lazy_remedy(run, check);
		return;
	}
	if (skip_if_eager(run, check))
		return;
	for (size_t i = 0; i < end && run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];

		if (phase->state == RMAP_UNKNOWN) {
			check_skip_source(check, &phase->snapshot, SOURCE_RMAPS_STAT);
			return;
		}
		/* What a guest of the user's did, the config does not say. */
		if (phase->state == RMAP_ALLOCATED && phase->cfg && phase_may_run_l2(phase->cfg))
			break;
		if (phase->state == RMAP_ALLOCATED) {
			check_fail(check, "phase %s: rmaps were allocated before a nested guest ran under "
				    "nested paging", phase->name);
			return;
		}
	}
	check_pass(check, "no rmaps before the first nested guest under nested paging");
}

void judge_control(const struct run *run, struct check *check)
{
	int control = run_first_l2(run, false);
	const struct phase_result *phase;
	enum rmap_state before;

	if (!run_has_l2(run, false)) {
		check_skip(check, "no phase runs L2 without nested paging");
		if (run->config->guest.payload == PAYLOAD_NESTED)
			check_remedy(check, "add a phase with do = l2, nested-paging = off");
		return;
	}
	if (run_not_created(run, check) || skip_if_eager(run, check))
		return;
	if (control < 0 || !run->phases[control].done) {
		check_skip(check, "not completed: %s", run_why_not(run));
		return;
	}
	phase = &run->phases[control];
	before = run->phases[control - 1].state;
	if (phase->state == RMAP_UNKNOWN || before == RMAP_UNKNOWN)
		check_skip_source(check, &phase->snapshot, SOURCE_RMAPS_STAT);
	else if (before == RMAP_ALLOCATED)
		check_skip(check, "phase %s ran after the transition", phase->name);
	else if (phase->state == RMAP_ALLOCATED)
		check_fail(check, "phase %s: L2 ran without nested paging, yet the rmaps were allocated",
		     phase->name);
	else
		check_pass(check, "L2 without nested paging (%" PRIu64 " entries) left the rmaps lazy",
		     phase->l2_entries);
}

/* In a phase of which the config does not say whether the guest runs a nested one. */
static bool observed_unasked(const struct run *run)
{
	const struct phase_cfg *cfg = run->transition < 0 ? NULL : run->phases[run->transition].cfg;

	return cfg && phase_may_run_l2(cfg);
}

void judge_transition(const struct run *run, struct check *check)
{
	int trigger = run_first_l2(run, true);
	const struct phase_result *phase;

	if (!run_has_l2(run, true) && !observed_unasked(run)) {
		check_skip(check, "no phase runs L2 under nested paging");
		if (run->config->guest.payload != PAYLOAD_NESTED)
			check_remedy(check, "expect = allocated in the phase whose command runs a nested guest");
		return;
	}
	if (run_not_created(run, check) || skip_if_eager(run, check))
		return;
	if (observed_unasked(run)) {
		check_pass(check, "phase %s: lazy -> allocated", run->phases[run->transition].name);
		return;
	}
	if (run->transition >= 0 && run->transition != trigger) {
		check_fail(check, "rmaps were allocated in phase %s, not in the first one with nested paging",
		     run->phases[run->transition].name);
		return;
	}
	if (trigger < 0 || !run->phases[trigger].done) {
		check_skip(check, "not completed: %s", run_why_not(run));
		return;
	}
	phase = &run->phases[trigger];
	if (run->transition == trigger)
		check_pass(check, "phase %s: lazy -> allocated", phase->name);
	else if (phase->state == RMAP_UNKNOWN)
		check_skip_source(check, &phase->snapshot, SOURCE_RMAPS_STAT);
	else if (phase->state == RMAP_ALLOCATED)
		check_skip_source(check, &phase[-1].snapshot, SOURCE_RMAPS_STAT);
	else
		check_fail(check, "phase %s: L2 ran under nested paging, yet the rmaps are lazy as before",
			   phase->name);
}

void judge_phases(const struct run *run, struct check *check)
{
	unsigned int judged = 0;
	bool left_out = false;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];
		enum rmap_state wanted;

		if (!phase->cfg || !phase->done || phase->cfg->expect == EXPECT_NOTHING)
			continue;
		wanted = phase->cfg->expect == EXPECT_LAZY ? RMAP_LAZY : RMAP_ALLOCATED;
		/* expect = lazy cannot hold on an eager host, and expect.policy allows such a host. */
		if (wanted == RMAP_LAZY && run->policy == RMAP_ALLOCATED &&
		    run->config->expect.policy != POLICY_LAZY) {
			left_out = true;
			continue;
		}
		if (phase->state == RMAP_UNKNOWN) {
			check_skip_source(check, &phase->snapshot, SOURCE_RMAPS_STAT);
			return;
		}
		if (phase->state != wanted) {
			check_fail(check, "phase %s: expect = %s, but the rmaps are %s", phase->name,
			     rmap_state_name(wanted), rmap_state_name(phase->state));
			return;
		}
		judged++;
	}
	if (judged)
		check_pass(check, "%u phase%s as expected", judged, judged > 1 ? "s" : "");
	else if (left_out)
		check_skip(check, "expect = lazy cannot hold on an eager host");
	else
		check_skip(check, "no completed phase sets `expect`");
}

/*
 * After the phase an array holds what is predicted. Else false, and the check is judged: by address
 * the figure is this VM's own, otherwise other VMs may have a part in it.
 */
static bool same_bytes(const struct run *run, struct check *check, const struct phase_result *phase,
		       enum array array, uint64_t predicted)
{
	uint64_t held = phase->held.bytes[array];

	if (held == predicted)
		return true;
	if (phase->mixed && phase->held_source != SOURCE_MEMSLOTS) {
		skip_for_other_vms(run, phase, "small arrays of this kernel lie in slab, where no address tells whose they are",
				   check);
		return false;
	}
	check_fail(check, "phase %s: %s arrays hold %" PRIu64 " bytes, predicted %" PRIu64 " (%+" PRId64 ")%s",
	     phase->name, array_name(array), held, predicted, (int64_t)(held - predicted),
	     phase->held_source == SOURCE_MEMSLOTS ?
	     ", by the addresses of this VM's own arrays" : "");
	check_remedy(check, "report kernel, config and model");
	return false;
}

/* KVM counts as many rmap heads as predicted, if its counters can be read. */
static bool same_heads(struct check *check, const struct run *run, const struct phase_result *phase)
{
	const uint64_t *heads = phase->predicted ? phase->predicted->heads : run->heads;
	const struct snapshot *snapshot = &phase->snapshot;

	if (!snapshot->status[SOURCE_RMAPS_STAT].ok || !snapshot->rmaps.allocated)
		return true;
	for (int level = 0; level < 3; level++) {
		if (snapshot->rmaps.heads[level] == heads[level])
			continue;
		check_fail(check, "phase %s: mmu_rmaps_stat counts %" PRIu64 " rmap heads at level %d, "
			    "predicted %" PRIu64, phase->name, snapshot->rmaps.heads[level],
		     level + 1, heads[level]);
		return false;
	}
	return true;
}

void judge_rmap_exact(const struct run *run, struct check *check)
{
	const struct phase_result *allocated = NULL;
	char text[UNIT_TEXT];

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];
		bool there = phase->state == RMAP_ALLOCATED;

		if (!phase->measured) {
			check_skip_source(check, &phase->snapshot, SOURCE_VMALLOCINFO);
			return;
		}
		if (!same_bytes(run, check, phase, ARRAY_RMAP, measure_expected(run, phase, ARRAY_RMAP, there)) ||
		    !same_heads(check, run, phase))
			return;
		allocated = there ? phase : allocated;
	}
	if (!allocated) {
		check_skip(check, "the rmaps were never allocated in this run");
		return;
	}
	check_pass(check, "%" PRIu64 " bytes (%s), as predicted%s", allocated->held.bytes[ARRAY_RMAP],
		   format_bytes(text, allocated->held.bytes[ARRAY_RMAP]),
		   allocated->held_source == SOURCE_MEMSLOTS ?
		   ", by the addresses of this VM's own arrays" : "");
}

/*
 * A guest of the user's ran nested ones where the rmaps' state says nothing: only the array tells
 * whether one of them was under nested paging.
 */
static bool shows_shadow_root(const struct run *run, const struct phase_result *phase)
{
	return phase->cfg && phase_may_run_l2(phase->cfg) && phase->l2_entries &&
	       phase->held.bytes[ARRAY_TRACKING] ==
	       measure_expected(run, phase, ARRAY_TRACKING, true);
}

void judge_tracking_exact(const struct run *run, struct check *check)
{
	const struct phase_result *last = NULL;
	bool shadow_root = false;
	char text[UNIT_TEXT];

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->measured) {
			check_skip_source(check, &phase->snapshot, SOURCE_VMALLOCINFO);
			return;
		}
		/* L2 under nested paging makes one with tdp_mmu off, too, although the rmaps are there already. */
		shadow_root |= (phase_is_l2(phase, true) && phase->l2_entries) ||
			       (run->policy == RMAP_LAZY && phase->state == RMAP_ALLOCATED) ||
			       (run->policy == RMAP_ALLOCATED && shows_shadow_root(run, phase));
		if (!same_bytes(run, check, phase, ARRAY_TRACKING,
				measure_expected(run, phase, ARRAY_TRACKING, shadow_root)))
			return;
		last = phase;
	}
	if (run->model.tracking_lazy && !shadow_root) {
		check_skip(check, "no shadow root, so no write tracking in this run");
		return;
	}
	check_pass(check, "%" PRIu64 " bytes (%s), as predicted, %s",
	     last ? last->held.bytes[ARRAY_TRACKING] : 0,
	     format_bytes(text, last ? last->held.bytes[ARRAY_TRACKING] : 0),
	     run->model.tracking_lazy ? "with the first shadow root" : "with the memslots");
}

/* Every kernel allocates these arrays with the memslot and keeps them as long as the memslot. */
void judge_arrays_exact(const struct run *run, struct check *check)
{
	static const enum array arrays[] = { ARRAY_LPAGE_INFO, ARRAY_DIRTY_BITMAP };
	uint64_t bytes = 0;

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->measured) {
			check_skip_source(check, &phase->snapshot, SOURCE_VMALLOCINFO);
			return;
		}
		bytes = 0;
		for (size_t j = 0; j < sizeof(arrays) / sizeof(arrays[0]); j++) {
			if (!same_bytes(run, check, phase, arrays[j],
					measure_expected(run, phase, arrays[j], false)))
				return;
			bytes += phase->held.bytes[arrays[j]];
		}
	}
	check_pass(check, "%" PRIu64 " bytes of lpage_info and dirty bitmaps, as predicted, with the "
		   "memslots", bytes);
}
