// SPDX-License-Identifier: GPL-2.0-only
/* What comes close to a nested guest's first shadow root, but must not make one. */
#include <inttypes.h>

#include "check/check.h"

/* The first phase of this kind, if rmaps are lazy before and after it. Else NULL, and judged. */
static const struct phase_result *stays_lazy(const struct run *run, struct check *check,
					     enum phase_do what, const char *deed)
{
	int index = run_first_of(run, what);
	const struct phase_result *phase;
	enum rmap_state before;

	if (run_not_created(run, check) || skip_if_eager(run, check))
		return NULL;
	if ((size_t)index >= run->phase_count || !run->phases[index].done) {
		check_skip(check, "not completed: %s", run_why_not(run));
		return NULL;
	}
	phase = &run->phases[index];
	before = run->phases[index - 1].state;
	if (phase->state == RMAP_UNKNOWN || before == RMAP_UNKNOWN)
		check_skip_source(check, &phase->snapshot, SOURCE_RMAPS_STAT);
	else if (before == RMAP_ALLOCATED)
		check_skip(check, "phase %s ran after the transition", phase->name);
	else if (phase->state == RMAP_ALLOCATED)
		check_fail(check, "phase %s: %s, and the rmaps were allocated", phase->name, deed);
	else
		return phase;
	return NULL;
}

void judge_enable(const struct run *run, struct check *check)
{
	const struct phase_result *phase =
		stays_lazy(run, check, DO_ENABLE, "L1 was to turn SVM or VMX on, no more");

	if (phase && phase->l2_entries)
		check_fail(check, "phase %s: L2 was entered", phase->name);
	else if (phase)
		check_pass(check, "SVM or VMX turned on, the rmaps stayed lazy");
}

void judge_failed_entry(const struct run *run, struct check *check)
{
	const struct phase_result *phase =
		stays_lazy(run, check, DO_FAILED_ENTRY, "the VM entry was to fail");

	if (!phase)
		return;
	if (phase->l2_entries || !phase->failed_entries)
		check_fail(check, "phase %s: the VM entry was to fail, but %s", phase->name,
			   phase->l2_entries ? "L2 ran" : "was not tried");
	else
		check_pass(check, "%" PRIu64 " failed VM entr%s left the rmaps lazy",
			   phase->failed_entries, phase->failed_entries > 1 ? "ies" : "y");
}
