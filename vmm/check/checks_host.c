// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the host. */
#include "check/check.h"

void judge_kvm(const struct run *run, struct check *check)
{
	if (run->stage >= STAGE_KVM) {
		check_pass(check, "/dev/kvm opens, API and capabilities fit");
		return;
	}
	check_skip(check, "%s", run->err.text);
	check_remedy(check, "%s", run->err.remedy);
}

void judge_nested(const struct run *run, struct check *check)
{
	if (run->stage >= STAGE_NESTED && run->nesting) {
		check_pass(check, "KVM runs nested guests");
	} else if (run->stage < STAGE_KVM) {
		check_skip(check, "no KVM to ask");
	} else {
		check_skip(check, "%s", run->no_nesting.text);
		check_remedy(check, "%s", run->no_nesting.remedy);
	}
}

void judge_tdp_mmu(const struct run *run, struct check *check)
{
	char why[256];

	/* Without a VM no nested guest runs, and laziness does not matter. */
	if (run_not_created(run, check))
		return;
	if (run->host.tdp_mmu == ANSWER_UNKNOWN) {
		check_skip(check, "/sys/module/kvm/parameters/tdp_mmu can't be read");
	} else if (run->host.tdp_mmu == ANSWER_YES && run->host.tdp != ANSWER_NO) {
		check_pass(check, "kvm.tdp_mmu is on");
	} else if (run->config->expect.policy == POLICY_LAZY) {
		run_eager_reason(run, why, sizeof(why));
		check_fail(check, "the TDP MMU is off: %s", why);
		check_lazy_remedy(run, check);
	} else {
		check_skip(check, "the TDP MMU is off; expect.policy = %s",
		     rmap_policy_name(run->config->expect.policy));
		check_lazy_remedy(run, check);
	}
}

void judge_policy(const struct run *run, struct check *check)
{
	int wanted = run->config->expect.policy;
	char why[256];

	if (run_not_created(run, check))
		return;
	if (run->policy == RMAP_UNKNOWN) {
		check_skip_source(check, &run->phases[0].snapshot, SOURCE_RMAPS_STAT);
	} else if (wanted == POLICY_LAZY && run->policy == RMAP_ALLOCATED) {
		run_eager_reason(run, why, sizeof(why));
		check_fail(check, "expected a lazy host; it is eager: %s", why);
		check_lazy_remedy(run, check);
	} else if (wanted == POLICY_EAGER && run->policy == RMAP_LAZY) {
		check_fail(check, "expected an eager host; rmaps are lazy here (%s)", run->model.name);
	} else {
		check_pass(check, "%s", run->policy == RMAP_LAZY ? "lazy" : "eager");
	}
}

