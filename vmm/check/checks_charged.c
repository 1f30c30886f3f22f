// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the cgroup that a VM lives in charged for what KVM allocates for it? Else no limit holds a guest. And is it charged no more
 * once the VM is gone? What leaks there is seen whatever else happens on the host.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/units.h"
#include "check/check.h"
#include "model/model.h"
#include "run/charges_left.h"

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

	return probed ? charges_lag(&was->cgroup, &is->cgroup) : charges_late(&was->cgroup, &is->cgroup);
}

/* Where the host has no 32 KiB in a row, kvcalloc() takes the page hash from vmalloc: kvm_mmu_alloc_page_hash(), 6.17. */
static bool is_as_predicted(const struct run *run, int64_t charged, int64_t expected, int64_t lag)
{
	return llabs(charged - expected) <= lag || llabs(charged - expected - (int64_t)run->model.transition_slab) <= lag;
}

static void judge_step(const struct run *run, const struct phase_result *phase, const struct snapshot *was,
		       struct check *check)
{
	const struct cgroup_memory *before = &was->cgroup, *now = &phase->snapshot.cgroup;
	int64_t lag = slack(was, &phase->snapshot), charged, expected;
	const struct footprint *transition = &run->charged_at_transition;
	char text[UNIT_TEXT];

	const char *hash;

	expected = (int64_t)footprint_total(transition);
	charged = (int64_t)(now->items[CGROUP_VMALLOC].value - before->items[CGROUP_VMALLOC].value);
	hash = charged > expected + lag ? ", and the page hash, which is slab where there is room" : "";
	format_bytes(text, (uint64_t)lag);
	if (expected <= lag) {
		check_skip(check, "the transition of so small a VM allocates %" PRId64 " bytes, and the kernel may not have added "
			   "up %s", expected, text);
		check_remedy(check, "run alone in a cgroup (systemd-run --scope), or a larger VM");
	} else if (is_as_predicted(run, charged, expected, lag)) {
		check_pass(check, "phase %s: %" PRId64 " bytes of vmalloc, as predicted%s%s%s", phase->name, charged, hash,
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

static void fail_of_tables(const struct charges_left *left, struct check *check)
{
	check_fail(check, "%" PRId64 " bytes more of KVM's page tables are charged to the own cgroup than before the VM was made",
		   left->tables);
	check_remedy(check, "report kernel, config and model");
}

/* Slab objects have names; pages have none. */
static void fail_of_rest(const struct charges_left *left, struct check *check)
{
	bool of_slab = left->slab > left->rest / 2;
	char most[UNIT_TEXT];

	format_bytes(most, (uint64_t)left->most);
	check_fail(check, "%" PRId64 " bytes more of the kernel's memory, most of them %s, are charged to the own cgroup than before "
		   "the VM was made; only %s need not be a leak of KVM's", left->rest, of_slab ? "slab objects" : "whole pages",
		   most);
	if (of_slab)
		check_remedy(check, "boot with slab_nomerge, and see what grows in /proc/slabinfo from run to run: pte_list_desc are "
			     "the mappings of pages that have several, kvm_mmu_page_header the shadow pages");
	else
		check_remedy(check, "report kernel, config and model: what KVM has by pages are page tables, and what it keeps of L1's");
}

static void judge_left(const struct charges_left *left, struct check *check)
{
	char most[UNIT_TEXT];

	format_bytes(most, (uint64_t)left->most);
	if (left->tables > left->late)
		fail_of_tables(left, check);
	else if (!charges_given_back(left))
		fail_of_rest(left, check);
	else
		check_pass(check, "the own cgroup is charged no more of KVM's page tables than before, and of the kernel's memory no "
			   "more than the %s that need not be a leak of KVM's", most);
}

void judge_given_back(const struct run *run, struct check *check)
{
	const struct phase_result *teardown = run_teardown(run);
	const struct snapshot *after = teardown ? &teardown->snapshot : NULL;
	struct charges_left left;

	/* A VM whose creation failed half-way must be gone as well. */
	if (!after && run_not_created(run, check))
		return;
	if (!after || run->stuck) {
		check_skip(check, "the VM's end was not seen: %s", run_why_not(run));
		return;
	}
	if (is_blind(&run->before, after, check))
		return;
	if (!after->cgroup.items[CGROUP_KERNEL].known) {
		check_skip(check, "this kernel's memory.stat has no line `kernel`");
		check_remedy(check, "boot Linux 5.18 or newer");
		return;
	}
	left = charges_left(run, after);
	if (charges_given_back(&left) || !skip_if_charged_to_others(&run->before, after, check))
		judge_left(&left, check);
}
