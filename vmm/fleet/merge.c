// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/merge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/spread.h"
#include "base/value.h"

/* strverscmp() sorts 6.12 after 6.9. */
static int compare_facts(const struct summary *a, const struct summary *b)
{
	static const enum fact order[FACT_COUNT] = {
		FACT_VENDOR, FACT_KERNEL, FACT_CPU, FACT_TDP, FACT_TDP_MMU, FACT_NESTED, FACT_VM,
		FACT_POLICY, FACT_RESULT, FACT_REASON,
	};

	for (size_t i = 0; i < FACT_COUNT; i++) {
		int difference = strverscmp(a->facts[order[i]], b->facts[order[i]]);

		/* "on" before "off" */
		if (difference)
			return order[i] == FACT_TDP_MMU || order[i] == FACT_TDP ? -difference :
			       difference;
	}
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct summary *a = left, *b = right;
	int difference = compare_facts(a, b);

	if (!difference)
		difference = strverscmp(a->hostname, b->hostname);
	return difference ? difference : strverscmp(a->file, b->file);
}

static json_t *spread_json(int64_t *values, size_t count)
{
	struct spread spread = spread_of(values, count);

	if (!count)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "min", (json_int_t)spread.min,
			 "median", (json_int_t)spread.median, "max", (json_int_t)spread.max);
}

/* The spread of one figure of a group's members; offset is its place in struct summary. */
static json_t *figure_json(const struct summary *members, size_t count, size_t offset)
{
	int64_t *values = calloc(count, sizeof(*values));
	size_t known = 0;
	json_t *json;

	if (!values)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct amount *amount = (const void *)((const char *)&members[i] + offset);

		if (amount->known)
			values[known++] = amount->value;
	}
	json = spread_json(values, known);
	free(values);
	return json;
}

#define FIGURE(name) figure_json(members, count, offsetof(struct summary, name))

static json_t *exact_json(const struct summary *members, size_t count)
{
	bool all = true;

	for (size_t i = 0; i < count; i++) {
		enum exactness exact = summary_exact(&members[i]);

		if (exact == EXACT_NO)
			return json_false();
		all = all && exact == EXACT_YES;
	}
	return all ? json_true() : json_null();
}

static json_t *members_json(const struct summary *members, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++) {
		json_t *member = json_pack("{s:o, s:o}", "hostname",
					   value_text(members[i].hostname),
					   "file", value_text(members[i].file));

		if (json_array_append_new(array, member)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *group_json(const struct summary *members, size_t count)
{
	json_t *group = json_pack("{s:I}", "reports", (json_int_t)count);

	for (int fact = 0; group && fact < FACT_COUNT; fact++) {
		if (json_object_set_new(group, fact_name(fact), summary_fact(members, fact)))
			goto fail;
	}
	if (!group || json_object_update_new(group, json_pack(
		"{s:{s:o, s:o}, s:{s:o, s:o}, s:o, s:o, s:o}",
		"creation_bytes", "predicted", FIGURE(creation_predicted),
				  "measured", FIGURE(creation),
		"transition_bytes", "predicted", FIGURE(transition_predicted),
				    "measured", FIGURE(transition),
		"exact", exact_json(members, count),
		"duration_ns", FIGURE(duration),
		"members", members_json(members, count))))
		goto fail;
	return group;
fail:
	json_decref(group);
	return NULL;
}

/* Summaries are sorted, so that the members of a group follow each other. */
static json_t *groups_json(const struct summary *summaries, size_t count)
{
	json_t *groups = json_array();
	size_t next;

	for (size_t first = 0; groups && first < count; first = next) {
		next = first + 1;
		while (next < count && !compare_facts(&summaries[first], &summaries[next]))
			next++;
		if (json_array_append_new(groups, group_json(&summaries[first], next - first))) {
			json_decref(groups);
			return NULL;
		}
	}
	return groups;
}

json_t *merge_build(struct summary *summaries, size_t count)
{
	json_t *outliers = merge_outliers(summaries, count);

	qsort(summaries, count, sizeof(*summaries), compare);
	return json_pack("{s:s, s:I, s:o, s:o, s:[]}",
			 "schema", MERGE_SCHEMA,
			 "reports", (json_int_t)count,
			 "groups", groups_json(summaries, count),
			 "outliers", outliers,
			 "unreadable");
}
