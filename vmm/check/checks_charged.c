// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the cgroup that a VM lives in charged for what KVM allocates for it? Else no limit holds a guest. And is it charged no more
 * once the VM is gone? What leaks there is seen whatever else happens on the host.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"
#include "check/check.h"
#include "model/kernel.h"
#include "model/model.h"

/*
 * What this process may itself take of the kernel's memory from one snapshot to the other, for its files, mappings and threads.
 * All shipped configs took 27 KiB at most, in the lab with 2 CPUs on 6.1, 6.12 and 7.3.
 */
#define OWN_MEMORY (128ll << 10)

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

/* What the kernel may not have added up: nothing, where readings of both say so. */
static int64_t late(const struct snapshot *was, const struct snapshot *is)
{
	if (was->cgroup.settled && is->cgroup.settled)
		return 0;
	return (int64_t)(was->cgroup.lag > is->cgroup.lag ? was->cgroup.lag : is->cgroup.lag);
}

/*
 * By how much vmalloc's may be off. Who reads the memslots in the kernel's memory may have a BPF map for that, which is charged as
 * well: struct kernel_probe.
 */
static int64_t slack(const struct snapshot *was, const struct snapshot *is)
{
	bool probed = was->status[SOURCE_MEMSLOTS].ok || is->status[SOURCE_MEMSLOTS].ok;
	uint64_t lag = was->cgroup.lag > is->cgroup.lag ? was->cgroup.lag : is->cgroup.lag;

	return probed ? (int64_t)lag : late(was, is);
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

/* By how much the cgroup is charged more for this item; 0 where the kernel does not have it. */
static int64_t grown(const struct run *run, const struct snapshot *after, enum cgroup_item item)
{
	const struct figure *was = &run->before.cgroup.items[item], *is = &after->cgroup.items[item];

	return was->known && is->known ? (int64_t)(is->value - was->value) : 0;
}

/* Of `kernel`, what comes and goes with threads, files that were looked at and swapping; vmalloc is teardown.clean's. */
static const enum cgroup_item others[] = {
	CGROUP_VMALLOC, CGROUP_SLAB_RECLAIMABLE, CGROUP_PAGETABLES, CGROUP_KERNEL_STACK, CGROUP_ZSWAP,
};

/* Bytes that are charged once the VM is gone, and were not before. */
struct left {
	int64_t tables;		/* counted as KVM's page tables */
	int64_t slab;		/* objects, but those of files */
	int64_t all;		/* of the kernel's memory, without the others above */
	int64_t late, own;	/* how much need not be a leak: not added up yet; this process's own */
};

static struct left find_left(const struct run *run, const struct snapshot *after)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct left left = {
		.tables = grown(run, after, CGROUP_SEC_PAGETABLES),
		.slab = grown(run, after, CGROUP_SLAB) - grown(run, after, CGROUP_SLAB_RECLAIMABLE),
		.all = grown(run, after, CGROUP_KERNEL),
		.late = late(&run->before, after),
		.own = OWN_MEMORY + (int64_t)kernel_charges_kept(cpus > 0 ? (unsigned int)cpus : 1),
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		left.all -= grown(run, after, others[i]);
	return left;
}

static void judge_left(const struct left *left, struct check *check)
{
	char late_text[UNIT_TEXT], own[UNIT_TEXT];

	format_bytes(late_text, (uint64_t)left->late);
	format_bytes(own, (uint64_t)left->own);
	if (left->tables > left->late) {
		check_fail(check, "%" PRId64 " bytes of KVM's page tables are charged to the own cgroup after the VM was destroyed",
			   left->tables);
	} else if (left->all > left->late + left->own) {
		check_fail(check, "%" PRId64 " bytes of the kernel's memory are charged to the own cgroup after the VM was destroyed, "
			   "%" PRId64 " of them for slab objects; this process itself takes no more than %s", left->all,
			   left->slab, own);
		check_remedy(check, "boot with slab_nomerge, and see what grows in /proc/slabinfo from run to run: pte_list_desc are "
			     "the mappings of pages that have several, kvm_mmu_page_header the shadow pages");
	} else {
		check_pass(check, "the own cgroup is charged no more of KVM's page tables, and of the kernel's memory no more than "
			   "the %s that this process itself may take%s%s", own, left->late ? ", to within what the kernel may "
			   "not have added up: " : "", left->late ? late_text : "");
	}
}

void judge_given_back(const struct run *run, struct check *check)
{
	const struct phase_result *teardown = run_teardown(run);
	const struct snapshot *after = teardown ? &teardown->snapshot : NULL;
	struct left left;

	if (run_not_created(run, check))
		return;
	if (!after) {
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
	left = find_left(run, after);
	if ((left.tables > left.late || left.all > left.late + left.own) &&
	    skip_if_charged_to_others(&run->before, after, check))
		return;
	judge_left(&left, check);
}
