// SPDX-License-Identifier: GPL-2.0-only
#include "check/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "check/check.h"

static const struct {
	struct check_info info;
	judge *judge;
} table[] = {
	{ { "host.kvm", "/dev/kvm can be used" }, judge_kvm },
	{ { "host.nested", "KVM runs nested guests" }, judge_nested },
	{ { "host.tdp-mmu", "the TDP MMU is on, without which nothing is lazy" }, judge_tdp_mmu },
	{ { "host.policy", "rmaps are lazy or eager, as expect.policy says" }, judge_policy },
	{ { "guest.clean", "the payload ran without a fault or a hang" }, judge_guest },
	{ { "lazy.before", "no rmaps before a nested guest runs under nested paging" },
	  judge_lazy_before },
	{ { "control.no-npt", "a nested guest without NPT/EPT does not allocate them" },
	  judge_control },
	{ { "control.enable", "SVM or VMX turned on, and no more, does not either" }, judge_enable },
	{ { "control.failed-entry", "nor does a VM entry that fails" }, judge_failed_entry },
	{ { "transition.observed", "the first one with NPT/EPT does" }, judge_transition },
	{ { "phase.expect", "each phase's rmaps are as its `expect` says" }, judge_phases },
	{ { "rmap.exact", "rmap bytes are those predicted" }, judge_rmap_exact },
	{ { "tracking.exact", "write-tracking bytes are those predicted" }, judge_tracking_exact },
	{ { "arrays.exact", "lpage_info and dirty bitmap bytes are those predicted" },
	  judge_arrays_exact },
	{ { "l2.ran", "every L2 phase entered L2 and wrote all its pages" }, judge_l2 },
	{ { "sources.agree", "where several sources tell the same, they tell it alike" },
	  judge_sources },
	{ { "phase.fails", "what must fail did, and left what is predicted (runs with `fails`)" },
	  judge_fails },
	{ { "stress.clean", "no op of a worker failed or got stuck (runs with do = stress)" },
	  judge_stress },
	{ { "vms.transition", "further VMs are lazy until their first nested guest, then have the rmaps "
	    "predicted (runs with do = stress)" }, judge_vms },
	{ { "memory.intact", "what L1 and L2 wrote reads back (runs with do = stress)" },
	  judge_memory },
	{ { "teardown.clean", "kernel memory is back to where it was" }, judge_teardown },
	{ { "slab.clean", "KVM's slab objects are given back (runs with do = stress)" }, judge_slab },
	{ { "process.clean", "no descriptor and no vCPU's page of a VM is left" }, judge_process },
	{ { "klog.clean", "no BUG, WARNING, Oops in the kernel log" }, judge_klog },
};

static const struct check_info nested_off = {
	"nested.off", "smoke: a VM whose CPUID hides SVM and VMX can't turn them on",
};

/* Those that only some runs have. */
static const struct {
	judge *judge;
	bool (*applies)(const struct run *run);
} special[] = {
	{ judge_stress, has_stress },
	{ judge_vms, has_stress },
	{ judge_memory, has_stress },
	{ judge_slab, has_stress },
	{ judge_fails, has_faults },
	{ judge_enable, has_enable },
	{ judge_failed_entry, has_failed_entry },
};

#define CHECKS (sizeof(table) / sizeof(table[0]))
_Static_assert(CHECKS + 1 <= CHECK_MAX, "struct verdict has room for every check");

size_t verdict_check_count(void)
{
	return CHECKS + 1;
}

const struct check_info *verdict_check_info(size_t index)
{
	return index < CHECKS ? &table[index].info : &nested_off;
}

static bool applies(judge *check, const struct run *run)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].judge == check)
			return special[i].applies(run);
	return true;
}

static bool is_about_host(const struct check *check)
{
	return !strncmp(check->name, "host.", 5);
}

static void conclude(const struct run *run, struct verdict *verdict)
{
	bool failed = false, judged = false;

	for (size_t i = 0; i < verdict->count; i++) {
		failed |= verdict->checks[i].result == RESULT_FAIL;
		judged |= verdict->checks[i].result == RESULT_PASS &&
			  !is_about_host(&verdict->checks[i]);
	}
	if (run->signal) {
		verdict->result = failed ? RESULT_FAIL : RESULT_ERROR;
		verdict->exit_status = 128 + run->signal;
	} else if (run->guest.trouble == GUEST_ABI || (run->err.text[0] && !run->skipped)) {
		verdict->result = RESULT_ERROR;
		verdict->exit_status = 3;
	} else if (failed) {
		verdict->result = RESULT_FAIL;
		verdict->exit_status = 1;
	} else if (run->skipped || !judged) {
		verdict->result = RESULT_SKIP;
		verdict->exit_status = 4;
	} else {
		verdict->result = RESULT_PASS;
		verdict->exit_status = 0;
	}
}

void verdict_judge(const struct run *run, struct verdict *verdict)
{
	*verdict = (struct verdict){ 0 };
	for (size_t i = 0; i < CHECKS; i++) {
		struct check *check = &verdict->checks[verdict->count];

		if (!applies(table[i].judge, run))
			continue;
		check->name = table[i].info.name;
		table[i].judge(run, check);
		verdict->count++;
	}
	conclude(run, verdict);
}

void verdict_add_nested_off(const struct run *run, const struct run *hidden,
			    struct verdict *verdict)
{
	struct check *check = &verdict->checks[verdict->count++];

	check->name = nested_off.name;
	judge_nested_off(hidden, check);
	conclude(run, verdict);
}

const char *result_name(enum result result)
{
	static const char *const names[] = { "pass", "fail", "skip", "error" };

	return names[result];
}
