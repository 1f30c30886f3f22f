// SPDX-License-Identifier: GPL-2.0-only
/* Do the sources contradict each other? Then at least one figure of the report is wrong. */
#include <inttypes.h>
#include <string.h>

#include "check/check.h"
#include "run/measure.h"

static const enum source tellers[] = {
	SOURCE_RMAPS_STAT, SOURCE_VMALLOCINFO, SOURCE_CGROUP, SOURCE_KVM_STATS, SOURCE_KVM_DEBUGFS,
	SOURCE_MEMINFO,
};
#define TELLERS (sizeof(tellers) / sizeof(tellers[0]))

/*
 * KVM's counters can prove that rmaps exist. They cannot disprove rmaps that another source sees. What
 * the whole host has in use (VmallocUsed) supports the others, and disproves none of them.
 */
static bool is_proof(enum source source, enum rmap_state state)
{
	bool counters = source == SOURCE_KVM_STATS || source == SOURCE_KVM_DEBUGFS;

	if (source == SOURCE_MEMINFO)
		return false;
	return state != RMAP_UNKNOWN && (!counters || state == RMAP_ALLOCATED);
}

static bool states_agree(const struct run *run, const struct phase_result *phase,
			 struct check *check)
{
	enum rmap_state first = RMAP_UNKNOWN;
	enum source who = SOURCE_COUNT;

	/* A first shadow root that failed has left arrays behind, and yet KVM counts the VM as lazy. */
	if (phase->predicted && footprint_total(&phase->predicted->kept))
		return true;
	for (size_t i = 0; i < TELLERS; i++) {
		enum rmap_state state = measure_state_by(run, phase, tellers[i]);

		if (!is_proof(tellers[i], state))
			continue;
		if (first == RMAP_UNKNOWN) {
			first = state;
			who = tellers[i];
		} else if (state != first) {
			check_fail(check, "phase %s: by %s the rmaps are %s, by %s they are %s",
				   phase->name, source_name(who), rmap_state_name(first),
				   source_name(tellers[i]), rmap_state_name(state));
			return false;
		}
	}
	return true;
}

/* kvm_stats and kvm_debugfs show the same counters, and no vCPU ran while they were read. */
static bool counters_agree(const struct phase_result *phase, struct check *check)
{
	static const enum kvm_counter still[] = { COUNTER_NESTED_RUN, COUNTER_MMU_CACHE_MISS };
	const struct snapshot *snapshot = &phase->snapshot;

	if (!snapshot->status[SOURCE_KVM_STATS].ok || !snapshot->status[SOURCE_KVM_DEBUGFS].ok)
		return true;
	for (size_t i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		const struct figure *a = &snapshot->kvm_stats.counters[still[i]];
		const struct figure *b = &snapshot->kvm_debugfs.counters[still[i]];

		if (!a->known || !b->known || a->value == b->value)
			continue;
		check_fail(check, "phase %s: %s is %" PRIu64 " by kvm_stats, %" PRIu64
			   " by kvm_debugfs", phase->name, kvm_counter_name(still[i]), a->value,
			   b->value);
		return false;
	}
	return true;
}

/* KVM counts at least the L2 entries that the payload counts: these passed the consistency checks. */
static bool entries_agree(const struct phase_result *phase, uint64_t entries, struct check *check)
{
	bool stats = phase->snapshot.status[SOURCE_KVM_STATS].ok;
	const struct figure *runs = measure_nested_runs(phase);

	if (!runs->known || runs->value >= entries)
		return true;
	check_fail(check, "phase %s: the payload counts %" PRIu64 " entries into L2 so far, %s's "
		   "nested_run %" PRIu64, phase->name, entries,
		   source_name(stats ? SOURCE_KVM_STATS : SOURCE_KVM_DEBUGFS), runs->value);
	return false;
}

/* Did the source show the state of the rmaps in a phase, and the one that counts? */
static bool has_told(const struct run *run, enum source source)
{
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		enum rmap_state state = measure_state_by(run, &run->phases[i], source);

		if (state != RMAP_UNKNOWN &&
		    (source != SOURCE_MEMINFO || state == run->phases[i].state))
			return true;
	}
	return false;
}

/* "rmaps_stat, vmallocinfo, kvm_stats": the sources that showed the state of the rmaps. How many. */
static unsigned int list_tellers(const struct run *run, char *text, size_t size)
{
	unsigned int count = 0;
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < TELLERS; i++) {
		if (!has_told(run, tellers[i]) || length >= size)
			continue;
		length += (size_t)snprintf(text + length, size - length, "%s%s",
					   count++ ? ", " : "", source_name(tellers[i]));
	}
	return count;
}

void judge_sources(const struct run *run, struct check *check)
{
	uint64_t entries = 0;
	char who[160];

	if (run_not_created(run, check))
		return;
	for (size_t i = 0; run_vm_lived(run, i); i++) {
		const struct phase_result *phase = &run->phases[i];

		entries += phase->l2_entries;
		if (!states_agree(run, phase, check) || !counters_agree(phase, check) ||
		    !entries_agree(phase, entries, check))
			return;
	}
	if (list_tellers(run, who, sizeof(who)) > 1) {
		check_pass(check, "%s", who);
		return;
	}
	check_skip(check, "no two sources showed the state of the rmaps%s%s", who[0] ? ", only " : "", who);
	check_remedy(check, "%s", source_remedy(SOURCE_RMAPS_STAT));
}
