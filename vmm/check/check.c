// SPDX-License-Identifier: GPL-2.0-only
/* How a check states its result, and the questions about a run that more than one check asks. */
#include "check/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/measure.h"

void check_say(struct check *check, enum result result, const char *format, ...)
{
	va_list args;

	check->result = result;
	va_start(args, format);
	vsnprintf(check->reason, sizeof(check->reason), format, args);
	va_end(args);
}

void check_remedy(struct check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(check->remedy, sizeof(check->remedy), format, args);
	va_end(args);
}

void check_skip_source(struct check *check, const struct snapshot *snapshot, enum source source)
{
	check_skip(check, "%s unavailable: %s", source_name(source), snapshot->status[source].why);
	check_remedy(check, "%s", snapshot_remedy(snapshot, source));
}

bool phase_is_l2(const struct phase_result *phase, bool nested_paging)
{
	/* Where KVM could not allocate the rmaps, L2 was not entered. */
	return phase->cfg && phase->failed != ENOMEM && phase_runs_l2(phase->cfg) &&
	       phase->cfg->nested_paging == nested_paging;
}

int run_first_of(const struct run *run, enum phase_do what)
{
	for (size_t i = 0; i < run->config->phase_count; i++)
		if (run->config->phases[i].what == (int)what)
			return (int)i + 1;	/* after the phase "create" */
	return -1;
}

int run_first_l2(const struct run *run, bool nested_paging)
{
	for (size_t i = 0; i < run->phase_count; i++)
		if (phase_is_l2(&run->phases[i], nested_paging))
			return (int)i;
	return -1;
}

bool run_has_l2(const struct run *run, bool nested_paging)
{
	for (size_t i = 0; i < run->config->phase_count; i++) {
		const struct phase_cfg *cfg = &run->config->phases[i];

		if (phase_runs_l2(cfg) && cfg->nested_paging == nested_paging)
			return true;
	}
	return false;
}

bool run_vm_lived(const struct run *run, size_t index)
{
	const struct phase_result *phase = &run->phases[index];

	return index < run->phase_count && strcmp(phase->what, "teardown") && !phase->unseen;
}

const struct worker_result *run_next_worker(const struct run *run, struct worker_place *at)
{
	for (; at->phase < run->phase_count; at->phase++, at->next = 0) {
		const struct stress_result *stress = run->phases[at->phase].stress;

		if (stress && at->next < stress->count)
			return &stress->workers[at->next++];
	}
	return NULL;
}

const struct phase_result *run_teardown(const struct run *run)
{
	const struct phase_result *last;

	if (!run->phase_count)
		return NULL;
	last = &run->phases[run->phase_count - 1];
	return strcmp(last->what, "teardown") ? NULL : last;
}

const char *run_why_not(const struct run *run)
{
	if (run->guest.trouble)
		return run->guest.text;
	if (run->err.text[0])
		return run->err.text;
	return run->signal ? "the run was interrupted" : "the run did not come that far";
}

bool run_not_created(const struct run *run, struct check *check)
{
	if (run->stage >= STAGE_CREATED)
		return false;
	check_skip(check, "no VM was made");
	return true;
}

void run_eager_reason(const struct run *run, char *text, size_t size)
{
	struct kernel_facts facts;

	kernel_of_host(&run->host, &facts);
	switch (kernel_eager_cause(&facts)) {
	case EAGER_BY_VERSION:
		snprintf(text, size, "kernel %u.%u allocates rmaps with each memslot; lazy since 5.14",
			 facts.major, facts.minor);
		break;
	case EAGER_WITHOUT_TDP:
		snprintf(text, size, "two-dimensional paging is off in %s, so KVM shadows every guest "
				     "and allocates rmaps with each memslot", run->host.module);
		break;
	case EAGER_WITHOUT_TDP_MMU:
		snprintf(text, size, "kvm.tdp_mmu is off, so KVM allocates rmaps with each memslot");
		break;
	case NOT_EAGER:
		snprintf(text, size, "rmaps are there right after the memslots were made, although "
				     "this kernel should be lazy (%s)", run->model.name);
	}
}

void check_lazy_remedy(const struct run *run, struct check *check)
{
	const char *else_say = run->config->expect.policy == POLICY_LAZY ?
		", or say expect.policy=any if eager is fine" : "";
	struct kernel_facts facts;

	kernel_of_host(&run->host, &facts);
	switch (kernel_eager_cause(&facts)) {
	case EAGER_BY_VERSION:
		check_remedy(check, "boot Linux 5.14 or newer%s", else_say);
		break;
	case EAGER_WITHOUT_TDP:
	case EAGER_WITHOUT_TDP_MMU:
		check_remedy(check, "with no VM running reload kvm and %s with tdp_mmu=1 and npt/ept on%s",
			     run->host.module[0] ? run->host.module : "the vendor module", else_say);
		break;
	case NOT_EAGER:
		check_remedy(check, "boot a kernel whose KVM allocates rmaps lazily%s", else_say);
	}
}

bool skip_if_eager(const struct run *run, struct check *check)
{
	char why[256];

	if (run->policy != RMAP_ALLOCATED)
		return false;
	run_eager_reason(run, why, sizeof(why));
	check_skip(check, "eager host: %s", why);
	check_lazy_remedy(run, check);
	return true;
}

static void say_other_vms(const struct run *run, char *text, size_t size)
{
	uint64_t most = measure_most_other_vms(run);

	if (most)
		snprintf(text, size, "%" PRIu64 " other VM%s on this host", most,
			 most > 1 ? "s are" : " is");
	else if (run->before.other_vms.known && !run->before.other_vms.set && measure_arrays_before(run))
		snprintf(text, size, "arrays that no VM has were there before");
	else if (run->before.other_vms.known)
		snprintf(text, size, "other VMs came or went meanwhile");
	else
		snprintf(text, size, "whether other VMs are on this host is unknown");
}

/* Why the addresses of this VM's arrays do not say which arrays are its. */
static const char *why_not_by_address(const struct snapshot *snapshot, const char *otherwise)
{
	const struct source_status *status = &snapshot->status[SOURCE_MEMSLOTS];

	if (*status->why)
		return status->why;
	if (!status->ok)
		return "their addresses were not asked for";
	if (!snapshot->memslots.others_known)
		return "another VM kept changing while its memslots were read";
	return otherwise;
}

void skip_for_other_vms(const struct run *run, const struct phase_result *phase, const char *otherwise,
			struct check *check)
{
	char others[64];

	say_other_vms(run, others, sizeof(others));
	check_skip(check, "%s, and whose the arrays are can't be told: %s", others,
		   why_not_by_address(&phase->snapshot, otherwise));
	check_remedy(check, "%s, or run it while no other VM runs", source_remedy(SOURCE_MEMSLOTS));
}

bool skip_if_charged_to_others(const struct snapshot *was, const struct snapshot *is, struct check *check)
{
	if (was->cgroup.alone && is->cgroup.alone)
		return false;
	check_skip(check, "this process's cgroup is charged more than before, but other processes are in it");
	check_remedy(check, "run alone in a cgroup: systemd-run --scope");
	return true;
}

bool skip_slab_for_other_vms(const struct run *run, struct check *check)
{
	char others[64];

	if (!measure_other_vms(run))
		return false;
	say_other_vms(run, others, sizeof(others));
	check_skip(check, "%s, and KVM's slab caches are those of all VMs", others);
	check_remedy(check, "run it while no other VM runs");
	return true;
}
