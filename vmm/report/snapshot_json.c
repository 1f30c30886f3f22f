// SPDX-License-Identifier: GPL-2.0-only
#include "report/snapshot_json.h"

#include "base/value.h"

/* Areas of one function differ in size; their sums are what can be compared. */
static int add_entry(json_t *functions, const struct tally_entry *entry)
{
	const json_t *sum = json_object_get(functions, entry->function);
	json_int_t bytes = json_integer_value(json_object_get(sum, "bytes"));
	json_int_t areas = json_integer_value(json_object_get(sum, "areas"));

	bytes += (json_int_t)entry->pages * 4096 * entry->count;
	areas += entry->count;
	return json_object_set_new(functions, entry->function,
				   json_pack("{s:I, s:I}", "bytes", bytes, "areas", areas));
}

static json_t *vmallocinfo_json(const struct tally *tally)
{
	json_t *functions = json_object();

	for (size_t i = 0; functions && i < tally->count; i++) {
		if (add_entry(functions, &tally->entries[i])) {
			json_decref(functions);
			return NULL;
		}
	}
	return functions;
}

static json_t *meminfo_json(const struct meminfo *meminfo)
{
	return json_pack("{s:o, s:o, s:o}",
			 "vmalloc_used_bytes", value_u64(meminfo->vmalloc_used),
			 "mem_available_bytes", value_u64(meminfo->mem_available),
			 "slab_bytes", value_u64(meminfo->slab));
}

static json_t *levels_json(const uint64_t levels[3])
{
	return json_pack("[o, o, o]", value_u64(levels[0]), value_u64(levels[1]),
			 value_u64(levels[2]));
}

/* The file of a lazy VM is empty: it has no figures. */
static json_t *rmaps_stat_json(const struct rmaps_stat *rmaps)
{
	if (!rmaps->allocated)
		return json_pack("{s:s, s:n, s:n}", "state", "lazy", "heads", "mapped");
	return json_pack("{s:s, s:o, s:o}", "state", "allocated",
			 "heads", levels_json(rmaps->heads), "mapped", levels_json(rmaps->mapped));
}

static int set_figure(json_t *object, const char *name, const char *unit,
		      const struct figure *figure)
{
	char key[48];

	snprintf(key, sizeof(key), "%s%s", name, unit);
	return json_object_set_new(object, key, value_known(figure->known, figure->value));
}

static json_t *cgroup_json(const struct cgroup_memory *memory)
{
	json_t *object = json_object();

	for (int i = 0; object && i < CGROUP_ITEMS; i++) {
		if (set_figure(object, cgroup_item_name((enum cgroup_item)i), "_bytes",
			       &memory->items[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *counters_json(const struct kvm_counters *kvm)
{
	json_t *object = json_object();

	for (int i = 0; object && i < COUNTERS; i++) {
		if (set_figure(object, kvm_counter_name((enum kvm_counter)i), "",
			       &kvm->counters[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *slab_json(const struct slab_figures *slab)
{
	if (!slab->known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:b}",
			 "objects", value_u64(slab->objects),
			 "bytes", value_u64(slab->objects * slab->object_size),
			 "listed_as", value_text(slab->listed_as), "merged", slab->merged);
}

static json_t *slabinfo_json(const struct slab_figures slabs[SLAB_CACHES])
{
	json_t *object = json_object();

	for (int i = 0; object && i < SLAB_CACHES; i++) {
		if (json_object_set_new(object, slab_cache_name((enum slab_cache)i),
					slab_json(&slabs[i]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *figures_json(const struct snapshot *snapshot, enum source source)
{
	if (!snapshot->status[source].ok)
		return json_null();
	switch (source) {
	case SOURCE_VMALLOCINFO:
		return vmallocinfo_json(&snapshot->vmalloc);
	case SOURCE_MEMINFO:
		return meminfo_json(&snapshot->meminfo);
	case SOURCE_RMAPS_STAT:
		return rmaps_stat_json(&snapshot->rmaps);
	case SOURCE_KLOG:
		return json_pack("{s:I, s:o}", "alarms", (json_int_t)snapshot->klog.alarms,
				 "first", value_text(snapshot->klog.first));
	case SOURCE_CGROUP:
		return cgroup_json(&snapshot->cgroup);
	case SOURCE_KVM_STATS:
		return counters_json(&snapshot->kvm_stats);
	case SOURCE_KVM_DEBUGFS:
		return counters_json(&snapshot->kvm_debugfs);
	case SOURCE_SLABINFO:
		return slabinfo_json(snapshot->slabs);
	case SOURCE_PROCESS:
		return json_pack("{s:o, s:o}",
				 "descriptors", value_u64(snapshot->process.descriptors),
				 "kvm_mappings", value_u64(snapshot->process.kvm_mappings));
	case SOURCE_COUNT:
		break;
	}
	return json_null();
}

json_t *snapshot_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int source = 0; object && source < SOURCE_COUNT; source++) {
		if (json_object_set_new(object, source_name(source),
					figures_json(snapshot, source))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *status_json(const struct source_status *status)
{
	char text[SOURCE_WHY + 16];

	if (status->ok)
		return json_string("ok");
	snprintf(text, sizeof(text), "unavailable: %s", status->why[0] ? status->why : "not read");
	return value_text(text);
}

json_t *snapshot_sources_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int source = 0; object && source < SOURCE_COUNT; source++) {
		if (json_object_set_new(object, source_name(source),
					status_json(&snapshot->status[source]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
