// SPDX-License-Identifier: GPL-2.0-only
#include "measure.h"

static bool vmalloc_known(const struct snapshot *snapshot)
{
	return snapshot->status[SOURCE_VMALLOCINFO].ok;
}

static void measure_arrays(const struct run *run, struct phase_result *phase)
{
	struct tally delta = { 0 };

	if (!vmalloc_known(&run->before) || !vmalloc_known(&phase->snapshot))
		return;
	if (tally_diff(&phase->snapshot.vmalloc, &run->before.vmalloc, &delta))
		return;
	phase->measured = !model_measure(&run->model, &run->layout, &delta, &phase->held);
	tally_free(&delta);
}

/*
 * KVM's own word for this VM first. Without it the host's vmalloc areas tell, where a
 * layout is large enough that its rmaps would show there at all.
 */
static void measure_state(const struct run *run, struct phase_result *phase)
{
	const struct snapshot *snapshot = &phase->snapshot;
	uint64_t rmap = run->at_creation.bytes[ARRAY_RMAP] + run->at_transition.bytes[ARRAY_RMAP];

	phase->state = RMAP_UNKNOWN;
	if (snapshot->status[SOURCE_RMAPS_STAT].ok) {
		phase->state = snapshot->rmaps.allocated ? RMAP_ALLOCATED : RMAP_LAZY;
		phase->state_source = SOURCE_RMAPS_STAT;
	} else if (phase->measured && rmap) {
		phase->state = phase->held.bytes[ARRAY_RMAP] ? RMAP_ALLOCATED : RMAP_LAZY;
		phase->state_source = SOURCE_VMALLOCINFO;
	}
}

void measure_phase(const struct run *run, struct phase_result *phase)
{
	measure_arrays(run, phase);
	measure_state(run, phase);
}

void measure_transition(struct run *run)
{
	run->transition = -1;
	run->policy = run->phase_count ? run->phases[0].state : RMAP_UNKNOWN;
	for (size_t i = 1; i < run->phase_count; i++) {
		if (run->phases[i].state != RMAP_ALLOCATED || run->phases[i - 1].state != RMAP_LAZY)
			continue;
		run->transition = (int)i;
		return;
	}
}

const char *rmap_state_name(enum rmap_state state)
{
	static const char *const names[] = { "unknown", "lazy", "allocated" };

	return names[state];
}
