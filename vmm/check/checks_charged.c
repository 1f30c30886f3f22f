// SPDX-License-Identifier: GPL-2.0-only
/* Is the cgroup that a VM lives in charged for what KVM allocates for it? Else no limit holds a guest. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/units.h"
#include "check/check.h"
#include "model/model.h"

/* Skips the check and returns true, if nothing can be told from these two. */
static bool is_blind(const struct snapshot *was, const struct snapshot *is, struct check *check)
{
	const struct snapshot *blind = was->status[SOURCE_CGROUP].ok ? is : was;

	if (!blind->status[SOURCE_CGROUP].ok) {
		check_skip_source(check, blind, SOURCE_CGROUP);
		return true;
	}
	if (!cgroup_charges_nothing(&is->cgroup))
		return false;
	check_skip(check, "no memory of the kernel's is charged to this cgroup, as with cgroup.memory=nokmem");
	check_remedy(check, "boot without cgroup.memory=nokmem");
	return true;
}

/*
 * What the kernel may not have added up: nothing, where readings of both say so. Who reads the memslots in the kernel's memory
 * may have a BPF map for that, which is charged as well: struct kernel_probe.
 */
static int64_t slack(const struct snapshot *was, const struct snapshot *is)
{
	bool probed = was->status[SOURCE_MEMSLOTS].ok || is->status[SOURCE_MEMSLOTS].ok;

	if (was->cgroup.settled && is->cgroup.settled && !probed)
		return 0;
	return (int64_t)(was->cgroup.lag > is->cgroup.lag ? was->cgroup.lag : is->cgroup.lag);
}

static void judge_step(const struct run *run, const struct phase_result *phase, const struct snapshot *was,
		       struct check *check)
{
	const struct cgroup_memory *before = &was->cgroup, *now = &phase->snapshot.cgroup;
	int64_t lag = slack(was, &phase->snapshot), charged, expected;
	const struct footprint *transition = &run->charged_at_transition;
	char text[UNIT_TEXT];

	expected = (int64_t)footprint_total(transition);
	charged = (int64_t)(now->items[CGROUP_VMALLOC].value - before->items[CGROUP_VMALLOC].value);
	format_bytes(text, (uint64_t)lag);
	if (expected <= lag) {
		check_skip(check, "the transition of so small a VM allocates %" PRId64 " bytes, and the kernel may not have added "
			   "up %s", expected, text);
		check_remedy(check, "run alone in a cgroup (systemd-run --scope), or a larger VM");
	} else if (llabs(charged - expected) <= lag) {
		check_pass(check, "phase %s: %" PRId64 " bytes of vmalloc, as predicted%s%s", phase->name, charged,
			   lag ? ", to within what the kernel may not have added up: " : "", lag ? text : "");
	} else if (!before->alone || !now->alone) {
		check_skip(check, "phase %s: %+" PRId64 " bytes of vmalloc, %" PRId64 " are predicted, but other processes are in "
			   "this cgroup", phase->name, charged, expected);
		check_remedy(check, "run alone in a cgroup: systemd-run --scope");
	} else {
		check_fail(check, "phase %s: the own cgroup was charged %+" PRId64 " bytes of vmalloc, and %" PRId64 " are predicted: "
			   "%" PRIu64 " for rmaps, %" PRIu64 " for write tracking", phase->name, charged, expected,
			   transition->bytes[ARRAY_RMAP], transition->bytes[ARRAY_TRACKING]);
	}
}

void judge_charged(const struct run *run, struct check *check)
{
	const struct phase_result *phase;
	const struct snapshot *was;

	if (run_not_created(run, check) || skip_if_eager(run, check))
		return;
	if (run->transition < 0) {
		check_skip(check, "no transition was observed");
		return;
	}
	phase = &run->phases[run->transition];
	was = run->transition ? &run->phases[run->transition - 1].snapshot : &run->before;
	if (phase->stress || phase->predicted)
		check_skip(check, "phase %s: more than the transition happened there", phase->name);
	else if (!is_blind(was, &phase->snapshot, check))
		judge_step(run, phase, was, check);
}
