// SPDX-License-Identifier: GPL-2.0-only
/*
 * Outliers: reports that differ from those of the same kernel, CPU, parameters and VM. Bytes are
 * exact, so that any deviation counts; times deviate a lot before they count.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/spread.h"
#include "base/value.h"
#include "fleet/merge.h"

#define PEERS_LEAST 3		/* of two that differ, either may be the outlier */
#define TIME_PEERS_LEAST 5
#define TIME_DEVIATIONS 5	/* allowed, in units of the median deviation */

static const enum fact of_peers[] = {
	FACT_KERNEL, FACT_VENDOR, FACT_CPU, FACT_TDP_MMU, FACT_TDP, FACT_NESTED, FACT_VM,
};

static int compare_peers(const struct summary *a, const struct summary *b)
{
	for (size_t i = 0; i < sizeof(of_peers) / sizeof(of_peers[0]); i++) {
		int difference = strcmp(a->facts[of_peers[i]], b->facts[of_peers[i]]);

		if (difference)
			return difference;
	}
	return 0;
}

static int compare_by_result(const void *left, const void *right)
{
	const struct summary *a = left, *b = right;
	int difference = compare_peers(a, b);

	if (!difference)
		difference = strcmp(a->facts[FACT_RESULT], b->facts[FACT_RESULT]);
	if (!difference)
		difference = strcmp(a->facts[FACT_REASON], b->facts[FACT_REASON]);
	return difference ? difference : strcmp(a->file, b->file);
}

static int append(json_t *outliers, const struct summary *one, const char *what, json_t *value,
		  json_t *usual, size_t peers)
{
	return json_array_append_new(outliers, json_pack(
		"{s:o, s:o, s:o, s:s, s:o, s:o, s:I}",
		"hostname", value_text(one->hostname), "file", value_text(one->file), "vm", summary_fact(one, FACT_VM),
		"what", what, "value", value, "usual", usual, "peers", (json_int_t)peers));
}

static json_t *verdict_json(const struct summary *one)
{
	if (!strcmp(one->facts[FACT_REASON], "-"))
		return value_text(one->facts[FACT_RESULT]);
	return json_sprintf("%s: %s", one->facts[FACT_RESULT], one->facts[FACT_REASON]);
}

static bool same_verdict(const struct summary *a, const struct summary *b)
{
	return !strcmp(a->facts[FACT_RESULT], b->facts[FACT_RESULT]) &&
	       !strcmp(a->facts[FACT_REASON], b->facts[FACT_REASON]);
}

/* Peers are sorted by verdict: if more than half agree, the middle one is one of these. */
static int find_verdicts(json_t *outliers, const struct summary *peers, size_t count)
{
	const struct summary *usual = &peers[count / 2];
	size_t agree = 0;
	int rc = 0;

	for (size_t i = 0; i < count; i++)
		agree += same_verdict(&peers[i], usual);
	if (2 * agree <= count)
		return 0;
	for (size_t i = 0; !rc && i < count; i++)
		if (!same_verdict(&peers[i], usual))
			rc = append(outliers, &peers[i], "verdict", verdict_json(&peers[i]),
				    verdict_json(usual), count);
	return rc;
}

static const struct amount *figure(const struct summary *one, size_t offset)
{
	return (const void *)((const char *)one + offset);
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* How far a time may be from the median. Overwrites values. */
static int64_t allowance(int64_t *values, size_t known, int64_t median)
{
	int64_t deviation;

	for (size_t i = 0; i < known; i++)
		values[i] = distance(values[i], median);
	deviation = spread_of(values, known).median;
	return deviation > median / 2 / TIME_DEVIATIONS ? deviation * TIME_DEVIATIONS : median / 2;
}

static int find_figures(json_t *outliers, const struct summary *peers, size_t count,
			const char *what, size_t offset, bool is_time)
{
	int64_t *values = calloc(count, sizeof(*values)), median, allowed = 0;
	size_t known = 0;
	int rc = 0;

	if (!values)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (figure(&peers[i], offset)->known)
			values[known++] = figure(&peers[i], offset)->value;
	median = spread_of(values, known).median;
	if (is_time)
		allowed = allowance(values, known, median);
	free(values);
	if (known < (is_time ? TIME_PEERS_LEAST : PEERS_LEAST))
		return 0;
	for (size_t i = 0; !rc && i < count; i++) {
		const struct amount *one = figure(&peers[i], offset);

		if (one->known && distance(one->value, median) > allowed)
			rc = append(outliers, &peers[i], what, json_integer(one->value),
				    json_integer(median), known);
	}
	return rc;
}

static int find_all(json_t *outliers, const struct summary *peers, size_t count)
{
	if (count < PEERS_LEAST)
		return 0;
	return find_verdicts(outliers, peers, count) ||
	       find_figures(outliers, peers, count, "creation_bytes",
			    offsetof(struct summary, creation), false) ||
	       find_figures(outliers, peers, count, "transition_bytes",
			    offsetof(struct summary, transition), false) ||
	       find_figures(outliers, peers, count, "duration_ns",
			    offsetof(struct summary, duration), true);
}

json_t *merge_outliers(struct summary *summaries, size_t count)
{
	json_t *outliers = json_array();
	size_t next;

	qsort(summaries, count, sizeof(*summaries), compare_by_result);
	for (size_t first = 0; outliers && first < count; first = next) {
		next = first + 1;
		while (next < count && !compare_peers(&summaries[first], &summaries[next]))
			next++;
		if (find_all(outliers, &summaries[first], next - first)) {
			json_decref(outliers);
			return NULL;
		}
	}
	return outliers;
}
