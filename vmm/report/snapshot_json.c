// SPDX-License-Identifier: GPL-2.0-only
#include "report/snapshot_json.h"

#include "base/value.h"

json_t *snapshot_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int source = 0; object && source < SOURCE_COUNT; source++) {
		if (json_object_set_new(object, source_name((enum source)source),
					source_figures((enum source)source, snapshot))) {
			json_decref(object);
			return NULL;
		}
	}
	if (object && (json_object_set_new(object, "other_vms",
					   value_known(snapshot->other_vms.known,
						       snapshot->other_vms.running)) ||
		       json_object_set_new(object, "uevents",
					   value_known(snapshot->other_vms.events.known,
						       snapshot->other_vms.events.value)))) {
		json_decref(object);
		return NULL;
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
		if (json_object_set_new(object, source_name((enum source)source),
					status_json(&snapshot->status[source]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
