// SPDX-License-Identifier: GPL-2.0-only
/* What the first nested guest of each VM will take, as JSON. An unknown figure is null, never 0. */
#include <linux/kvm.h>

#include "base/value.h"
#include "report/stat.h"

#define PAGE 4096ull

static json_t *or_null(bool known, json_t *(*make)(const void *), const void *data)
{
	return known ? make(data) : json_null();
}

static json_t *missing_json(const void *data)
{
	const struct footprint *missing = data;

	return json_pack("{s:o, s:o}",
			 array_bytes_key(ARRAY_RMAP), value_u64(missing->bytes[ARRAY_RMAP]),
			 array_bytes_key(ARRAY_TRACKING), value_u64(missing->bytes[ARRAY_TRACKING]));
}

static json_t *flags_json(const struct kernel_memslot *slot)
{
	json_t *flags = json_array();

	if (slot->flags & KVM_MEM_READONLY)
		json_array_append_new(flags, json_string("readonly"));
	if (slot->flags & KVM_MEM_LOG_DIRTY_PAGES)
		json_array_append_new(flags, json_string("dirty-log"));
	return flags;
}

static json_t *kind_json(const struct mapping *mapping)
{
	return mapping ? json_string(mapping_is_device(mapping) ? "device" : "ram") : json_null();
}

static json_t *slot_json(const struct kernel_memslot *slot, const struct mappings *mappings)
{
	const struct mapping *mapping = mapping_at(mappings, slot->hva);
	const struct memslot_arrays *arrays = &slot->arrays;
	const char *backing = mapping && *mapping->name ? mapping->name : "anonymous";

	return json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b}",
			 "space", slot->as_id ? "smm" : "normal",
			 "id", (int)slot->id,
			 "base", value_u64(slot->base_gfn * PAGE),
			 "size", value_u64(slot->npages * PAGE),
			 "address", value_hex(slot->hva),
			 "flags", flags_json(slot),
			 "backing", mapping ? value_text(backing) : json_null(),
			 "kind", kind_json(mapping),
			 "rmap", arrays->rmap[0] != 0,
			 "tracking", arrays->tracking != 0,
			 "lpage_info", arrays->lpage_info[0] != 0,
			 "dirty_bitmap", arrays->dirty_bitmap != 0);
}

static json_t *slots_json(const void *data)
{
	const struct host_vm *vm = data;
	json_t *list = json_array();

	for (size_t i = 0; list && i < vm->kernel->count; i++) {
		if (json_array_append_new(list, slot_json(&vm->kernel->slots[i],
							  &vm->memory.mappings))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static const struct vm_prediction nothing;

json_t *stat_predict_json(const struct stat_view *view, size_t i)
{
	const struct host_vm *vm = &view->vms->list[i];
	bool asked = view->prediction, settled = asked && vm->kernel && vm->kernel->settled;
	const struct vm_prediction *is = asked ? &view->prediction->vms[i] : &nothing;
	const struct vm_need *need = &is->need;
	bool limited = is->limit, known = is->known;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "state", vm->state == RMAP_UNKNOWN ? json_null() :
							      value_text(rmap_state_name(vm->state)),
			 "process", value_known(asked && host_vm_process(vm) > 0,
						(uint64_t)host_vm_process(vm)),
			 "name", value_text(vm->name.text),
			 "name_source", value_text(vm_namer_name(vm->name.namer)),
			 "memslots", value_known(settled, settled ? vm->kernel->count : 0),
			 "memory_bytes", value_known(vm->memory.ram.known, vm->memory.ram.value),
			 "resident_bytes", value_known(vm->memory.resident.known,
						       vm->memory.resident.value),
			 "first_l2_bytes", value_known(known, need->array_bytes),
			 "missing", or_null(known, missing_json, &need->missing),
			 "first_entry_bytes", value_known(known, need->first_entry_bytes),
			 "shadow_bytes", value_known(settled, need->shadow_bytes),
			 "cgroup", value_text(vm->limits.cgroup),
			 "limited_by", value_text(limited ? is->limit->where : NULL),
			 "room_bytes", value_known(limited, limited ? is->limit->room : 0),
			 "verdict", value_text(asked ? room_verdict_name(is->verdict) : NULL),
			 "verdict_why", value_text(is->why),
			 "slots", or_null(settled && view->slots, slots_json, vm));
}

static json_t *limit_json(const struct memory_limit *limit, const struct limit_prediction *is)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}",
			 "where", value_text(limit->where),
			 "limit_bytes", value_known(limit->limit.known, limit->limit.value),
			 "room_bytes", value_u64(limit->room),
			 "swap_bytes", value_u64(limit->swap),
			 "vms", value_u64(is->vms),
			 "lazy_vms", value_u64(is->lazy),
			 "unknown_vms", value_u64(is->unknown),
			 "known_first_l2_bytes", value_u64(is->array_bytes),
			 "first_l2_bytes", value_known(is->needs_known, is->array_bytes),
			 "full_bytes", value_known(is->needs_known, is->full_bytes),
			 "absent_bytes", value_known(is->known, is->absent_bytes),
			 "verdict", room_verdict_name(is->verdict));
}

static json_t *list_limits(const struct stat_view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < view->limits->count; i++) {
		if (json_array_append_new(list, limit_json(&view->limits->list[i],
							   &view->prediction->limits[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static const char *source_of(const struct kernel_vms *kernel)
{
	if (!kernel)
		return NULL;
	return kernel->by_bpf ? "bpf" : "kcore";
}

json_t *stat_limits_json(const struct stat_view *view)
{
	const struct memory_limits *limits = view->limits;
	bool asked = view->prediction;
	size_t unknown = asked ? view->prediction->unknown : 0;
	uint64_t bytes = asked ? view->prediction->array_bytes : 0;
	bool all = asked && !unknown && view->prediction->complete;

	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "predicted", asked,
			 "why", value_text(asked ? view->why : NULL),
			 "incomplete_why", value_text(view->vms->incomplete_why),
			 "memslots_source", value_text(source_of(view->kernel)),
			 "unknown_vms", value_known(asked, unknown),
			 "known_first_l2_bytes", value_known(asked, bytes),
			 "first_l2_bytes", value_known(all, bytes),
			 "mem_available_bytes", value_known(asked && limits->available.known,
							    asked ? limits->available.value : 0),
			 "limits", asked ? list_limits(view) : json_null());
}
