// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what the guest did, and of what the run left behind. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "check/check.h"
#include "model/faults.h"
#include "run/charges_left.h"
#include "run/measure.h"

/* The kernel's limit that explains a first shadow root which failed with ENOMEM. "" if none does. */
static void refusal_of(const struct run *run, char *text, size_t size)
{
	char name[CONFIG_NAME_MAX + 16], why[256];
	struct refusal refusal;

	*text = '\0';
	if (run->guest.trouble != GUEST_IOCTL || run->guest.error != ENOMEM ||
	    !faults_refused(&run->model, &run->layout, &refusal) || refusal.at_creation)
		return;
	faults_refusal_text(&refusal, why, sizeof(why));
	snprintf(text, size, "; memslot.%s: %s", slot_name(&run->layout, refusal.slot, name), why);
}

static void fail_of_guest(const struct run *run, struct check *check)
{
	char refusal[320];

	refusal_of(run, refusal, sizeof(refusal));
	check_fail(check, "%s%s", run->guest.text, refusal);
	if (*refusal)
		check_remedy(check, "%s", faults_refusal_remedy);
}

void judge_guest(const struct run *run, struct check *check)
{
	if (run_not_created(run, check))
		return;
	if (run->guest.trouble == GUEST_SKIPPED)
		check_skip(check, "%s", run->guest.text);
	else if (run->guest.trouble)
		fail_of_guest(run, check);
	else if (run->stage < STAGE_RAN)
		check_skip(check, "%s", run_why_not(run));
	else
		check_pass(check, "the payload came through every phase");
}

/* How many pages L2 writes in a phase that is not a stress phase. */
static uint64_t pages_of(const struct phase_result *phase)
{
	uint64_t pages = phase->cfg->what == DO_ALIAS_COUNTS ?
		ABI_COUNTED_PAGES * (ABI_COUNTED_PAGES + 1) / 2 : phase->cfg->touch / 4096;

	return pages * (1 + phase->repeats);
}

/* A guest of the user's counts nothing: only KVM can have counted. */
static bool skip_uncounted(const struct phase_result *phase, struct check *check)
{
	if (!phase->cfg->goes_on || measure_nested_runs(phase)->known)
		return false;
	check_skip(check, "phase %s: KVM's counter nested_run can't be read, and a guest of the user's counts nothing",
		   phase->name);
	check_remedy(check, "boot Linux 5.14 or newer, or: %s", source_remedy(SOURCE_KVM_STATS));
	return true;
}

void judge_l2(const struct run *run, struct check *check)
{
	uint64_t entries = 0, pages = 0, owed = 0;
	unsigned int phases = 0;

	if (!run_has_l2(run, true) && !run_has_l2(run, false)) {
		check_skip(check, "no phase runs L2");
		return;
	}
	if (run_not_created(run, check))
		return;
	for (size_t i = 0; i < run->phase_count; i++) {
		const struct phase_result *phase = &run->phases[i];

		if (!phase->cfg || !phase_runs_l2(phase->cfg))
			continue;
		/* What a KVM_RUN that had to fail kept L2 from, it does once it may. */
		if (phase->failed) {
			owed += pages_of(phase) - phase->l2_pages;
			continue;
		}
		/* After the first one the guest's phases may expect the rmaps that are there. */
		if (phase->cfg->goes_on && run_first_l2(run, true) != (int)i)
			continue;
		if (phase->done && skip_uncounted(phase, check))
			return;
		if (!phase->done && run->guest.trouble && run->guest.trouble != GUEST_SKIPPED) {
			check_fail(check, "%s", run->guest.text);
			return;
		}
		if (!phase->done)
			break;
		/* Under stress L2 writes its pages any number of times. */
		if (!phase->l2_entries || (phase->cfg->what != DO_STRESS &&
					   phase->l2_pages != pages_of(phase) + owed)) {
			check_fail(check, "phase %s: L2 was entered %" PRIu64 " times and wrote %" PRIu64
				    " of %" PRIu64 " pages", phase->name, phase->l2_entries,
			     phase->l2_pages, pages_of(phase) + owed);
			return;
		}
		owed = 0;
		entries += phase->l2_entries;
		pages += phase->l2_pages;
		phases++;
	}
	if (phases)
		check_pass(check, "%" PRIu64 " entries in %u phase%s, %" PRIu64 " pages written",
			   entries, phases, phases > 1 ? "s" : "", pages);
	else
		check_skip(check, "no L2 phase was reached: %s", run_why_not(run));
}

/*
 * Without vmallocinfo, the memory that our cgroup is charged with still shows a leak. False: this
 * does not apply here, nothing was judged.
 */
static bool by_own_cgroup(const struct run *run, const struct snapshot *after,
			  struct check *check)
{
	const struct figure *was = &run->before.cgroup.items[CGROUP_VMALLOC];
	const struct figure *is = &after->cgroup.items[CGROUP_VMALLOC];
	struct charges_left left;
	char most[UNIT_TEXT];

	if (after->status[SOURCE_VMALLOCINFO].ok || !run->before.status[SOURCE_CGROUP].ok ||
	    !after->status[SOURCE_CGROUP].ok || !was->known || !is->known)
		return false;
	left = charges_left(run, after);
	format_bytes(most, (uint64_t)left.most);
	if (left.vmalloc <= left.most)
		check_pass(check, "the own cgroup is charged no more vmalloc than before, apart from the %s that need not be a "
			   "leak of KVM's", most);
	else if (!skip_if_charged_to_others(&run->before, after, check))
		check_fail(check, "%+" PRId64 " bytes of vmalloc charged to the own cgroup after the VM was destroyed; only %s need "
			   "not be a leak of KVM's", left.vmalloc, most);
	return true;
}

/* The addresses of the VM's own arrays were known. */
static void by_address(const struct snapshot *after, struct check *check)
{
	if (after->memslots.left)
		check_fail(check, "%" PRIu64 " bytes of this VM's arrays are still there after it was "
			   "destroyed, at the addresses that they had", after->memslots.left);
	else
		check_pass(check, "none of the arrays that this VM had at its end is left, by their "
			   "addresses; those of other VMs changed");
}

/* Then arrays may be left that none of the slots at the end had. */
static bool changes_slots(const struct run *run)
{
	for (size_t i = 0; i < run->config->phase_count; i++)
		if (run->config->phases[i].what == DO_STRESS || !phase_runs_guest(&run->config->phases[i]))
			return true;
	return false;
}

static void left_behind(const struct tally *left, struct check *check)
{
	check_fail(check, "%+" PRId64 " bytes of KVM's arrays after the VM was destroyed, first: %s, "
		   "%+" PRId64 " areas of %" PRIu64 " pages", tally_bytes(left, NULL),
		   left->entries[0].function, left->entries[0].count, left->entries[0].pages);
	check_remedy(check, "report kernel, config and model");
}

void judge_teardown(const struct run *run, struct check *check)
{
	const struct phase_result *teardown = run_teardown(run);
	struct tally left = { 0 };

	/* A VM whose creation failed half-way must be gone as well. */
	if (!teardown && run_not_created(run, check))
		return;
	if (teardown && by_own_cgroup(run, &teardown->snapshot, check))
		return;
	if (!teardown || !teardown->snapshot.status[SOURCE_VMALLOCINFO].ok ||
	    !run->before.status[SOURCE_VMALLOCINFO].ok) {
		check_skip_source(check, teardown ? &teardown->snapshot : &run->before,
			    SOURCE_VMALLOCINFO);
		return;
	}
	if (tally_diff(&teardown->snapshot.vmalloc, &run->before.vmalloc, &left)) {
		check_skip(check, "no memory to compare");
		return;
	}
	if (!left.count)
		check_pass(check, "KVM's arrays are back to where they were");
	else if (!teardown->mixed)
		left_behind(&left, check);
	else if (teardown->snapshot.memslots.left_known &&
		 (teardown->snapshot.memslots.left || !changes_slots(run)))
		by_address(&teardown->snapshot, check);
	else if (teardown->snapshot.memslots.left_known)
		check_skip(check, "other VMs changed the host's arrays, and of slots that came and went "
			   "in this run the addresses are not known");
	else
		skip_for_other_vms(run, teardown, "the addresses of this VM's arrays were not noted before it ended", check);
	tally_free(&left);
}

void judge_process(const struct run *run, struct check *check)
{
	const struct phase_result *teardown = run_teardown(run);
	const struct snapshot *before = &run->before;
	const struct snapshot *after = teardown ? &teardown->snapshot : before;

	if (run_not_created(run, check))
		return;
	if (!before->status[SOURCE_PROCESS].ok || !after->status[SOURCE_PROCESS].ok)
		check_skip_source(check, before->status[SOURCE_PROCESS].ok ? after : before,
				  SOURCE_PROCESS);
	else if (after->process.descriptors != before->process.descriptors ||
		 after->process.kvm_mappings != before->process.kvm_mappings)
		check_fail(check, "%+" PRId64 " open descriptors, %+" PRId64 " mappings of vCPUs",
			   (int64_t)(after->process.descriptors - before->process.descriptors),
			   (int64_t)(after->process.kvm_mappings - before->process.kvm_mappings));
	else
		check_pass(check, "as many open descriptors (%" PRIu64 ") and mappings of vCPUs (%"
			   PRIu64 ") as before", after->process.descriptors,
			   after->process.kvm_mappings);
}

static const struct snapshot *last_snapshot(const struct run *run)
{
	const struct phase_result *teardown = run_teardown(run);

	return teardown ? &teardown->snapshot : &run->before;
}

void judge_klog(const struct run *run, struct check *check)
{
	const struct snapshot *last = last_snapshot(run);

	if (run_not_created(run, check))
		return;
	if (!last->status[SOURCE_KLOG].ok) {
		check_skip_source(check, last, SOURCE_KLOG);
	} else if (last->klog.concerning) {
		check_fail(check, "%u alarms in the kernel log since the start that concern KVM or this "
			   "run, the first: %s", last->klog.concerning, last->klog.first_concerning);
		check_remedy(check, "read dmesg: the kernel complained while this VM ran");
	} else if (last->klog.alarms) {
		check_pass(check, "no BUG, WARNING or Oops that concerns KVM or this run; note: %u other "
			   "alarms since the start, the first: %s", last->klog.alarms,
			   last->klog.first);
	} else {
		check_pass(check, "no BUG, WARNING or Oops since the start");
	}
}

#define VECTOR_GP 13

/* Also where not all could be watched: then with what is missing, and why. */
static void pass_nested_off(const struct guest_outcome *guest, const struct snapshot *last,
			    struct check *check)
{
	const struct source_status *klog = &last->status[SOURCE_KLOG];

	check_pass(check, "CPUID hides it, and turning it on takes #GP%s%s%s%s",
		   klog->ok ? "" : "; what the kernel logged meanwhile is not known: ",
		   klog->ok ? "" : klog->why,
		   guest->unfiltered ? "; its vCPU had no seccomp filter: " : "",
		   guest->unfiltered ? strerror(guest->unfiltered) : "");
}

void judge_nested_off(const struct run *run, struct check *check)
{
	const struct guest_outcome *guest;
	const struct snapshot *last;

	if (!run) {
		check_skip(check, "this host's VMs can't be nested anyhow");
		return;
	}
	guest = &run->guest;
	last = last_snapshot(run);
	if (run_not_created(run, check))
		return;
	if (guest->report.l2_entries || run->stage == STAGE_RAN)
		check_fail(check, "CPUID hides SVM and VMX, yet the guest entered L2");
	else if (guest->report.status == ABI_UNSUPPORTED)
		check_fail(check, "%s", guest->text);
	else if (last->status[SOURCE_KLOG].ok && last->klog.concerning)
		check_fail(check, "%u alarms in the kernel log while the guest tried, the first: %s",
			   last->klog.concerning, last->klog.first_concerning);
	else if (guest->report.status == ABI_EXCEPTION && guest->report.vector == VECTOR_GP)
		pass_nested_off(guest, last, check);
	else
		check_skip(check, "it could not be tried: %s", run_why_not(run));
}
