// SPDX-License-Identifier: GPL-2.0-only
/* Several sources of one fact: which is believed, and what is said when they contradict each other. */
#include "witness_scenes.h"

static void counters_tell(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 0);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_LAZY);
	assert_int_equal(w.phase.state_source, SOURCE_KVM_STATS);
	/* Where rmaps come with the slots, no shadow page says nothing of them. */
	w.run.model.rmap_lazy = false;
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_UNKNOWN);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 4);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state, RMAP_ALLOCATED);
	/* Memory that is seen is better than a counter. */
	set_charged(&w, 0, 168194048);
	measure_phase(&w.run, &w.phase);
	assert_int_equal(w.phase.state_source, SOURCE_CGROUP);
}

static void says(const struct world *w, enum result result, const char *words)
{
	struct check check = { 0 };

	judge_sources(&w->run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%s: %s, not \"%s\"", result_name(check.result), check.reason, words);
}

static void contradictions_name_both(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	says(&w, RESULT_SKIP, "no two sources");
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_MMU_CACHE_MISS, 4);
	says(&w, RESULT_SKIP, "only kvm_stats");
	set_charged(&w, 0, 168194048);
	says(&w, RESULT_PASS, "cgroup, kvm_stats");
	w.phase.snapshot.status[SOURCE_RMAPS_STAT].ok = true;
	says(&w, RESULT_FAIL, "by rmaps_stat the rmaps are lazy, by cgroup they are allocated");
	w.phase.snapshot.rmaps.allocated = true;
	says(&w, RESULT_PASS, "rmaps_stat, cgroup, kvm_stats");
	set_counter(&w, SOURCE_KVM_DEBUGFS, COUNTER_MMU_CACHE_MISS, 3);
	says(&w, RESULT_FAIL, "mmu_cache_miss is 4 by kvm_stats, 3 by kvm_debugfs");
	set_counter(&w, SOURCE_KVM_DEBUGFS, COUNTER_MMU_CACHE_MISS, 4);
	set_counter(&w, SOURCE_KVM_STATS, COUNTER_NESTED_RUN, 2);
	w.phase.l2_entries = 2;
	says(&w, RESULT_PASS, "kvm_debugfs");
	w.phase.l2_entries = 3;
	says(&w, RESULT_FAIL, "3 entries into L2 so far, kvm_stats's nested_run 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_tell),
		cmocka_unit_test(contradictions_name_both),
	};

	return cmocka_run_group_tests_name("sources agree", tests, NULL, NULL);
}
