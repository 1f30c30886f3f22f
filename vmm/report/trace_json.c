// SPDX-License-Identifier: GPL-2.0-only
#include "report/trace_json.h"

#include "base/value.h"

static json_t *calls_json(const struct trace_calls *calls)
{
	return json_pack("{s:o, s:o, s:o}",
			 "calls", value_u64(calls->count),
			 "total_ns", value_known(calls->count != 0, calls->total_ns),
			 "max_ns", value_known(calls->count != 0, calls->max_ns));
}

/* A row of equal slots would be thousands of lines: the first ones are shown. */
#define SLOTS_SHOWN 64

static json_t *slots_json(const struct trace *trace)
{
	json_t *slots = json_array();

	for (size_t i = 0; slots && i < trace->slot_count && i < SLOTS_SHOWN; i++) {
		const struct trace_slot *slot = &trace->slots[i];

		if (json_array_append_new(slots, json_pack("{s:o, s:o}", "pages",
							   value_u64(slot->pages), "rmap_ns",
							   value_u64(slot->rmap_ns)))) {
			json_decref(slots);
			return NULL;
		}
	}
	return slots;
}

json_t *trace_json(const struct trace *trace)
{
	if (!trace->asked)
		return json_null();
	if (!trace->ok)
		return json_pack("{s:o}", "unavailable", value_text(trace->why));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}",
			 "kvm_mmu_load_ns", value_known(trace->load_ns != 0, trace->load_ns),
			 "memslot_rmap_alloc", calls_json(&trace->rmap),
			 "write_tracking_alloc", calls_json(&trace->tracking),
			 "memset_floor_ns", value_known(trace->floor_ns != 0, trace->floor_ns),
			 "slots", slots_json(trace));
}
