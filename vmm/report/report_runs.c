// SPDX-License-Identifier: GPL-2.0-only
#include "report/report_runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/spread.h"
#include "base/value.h"

#define ROWS_MOST 64	/* a longer array, such as that of all slots, is not followed */

/* The times that the walk through the reports has found. */
struct walk {
	const json_t *reports;
	json_t *times;
	bool lost;	/* there was no memory for one */
};

/* The worst decides. A run that could not be judged says less than one that passed. */
static int severity(const json_t *report)
{
	static const char *const order[] = { "skip", "pass", "fail", "error" };
	const char *result = value_string(report, "result");

	for (int i = 0; result && i < 4; i++)
		if (!strcmp(result, order[i]))
			return i;
	return 4;
}

static const json_t *worst(const json_t *reports)
{
	const json_t *report, *found = json_array_get(reports, 0);
	size_t i;

	json_array_foreach(reports, i, report)
		if (severity(report) > severity(found))
			found = report;
	return found;
}

static int64_t distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* The median of the distances from the median, which a few outliers do not change. */
static int64_t deviation(const int64_t *values, size_t count, int64_t median)
{
	int64_t distances[REPORT_RUNS];

	for (size_t i = 0; i < count; i++)
		distances[i] = distance(values[i], median);
	return spread_of(distances, count).median;
}

/* Takes over both. NULL: no memory. */
static json_t *append(json_t *array, json_t *value)
{
	if (!json_array_append_new(array, value))
		return array;
	json_decref(array);
	return NULL;
}

/* The numbers of the runs, from 1, whose time is further from the median than 3.5 standard deviations would be. */
static json_t *outliers(const int64_t *values, const size_t *runs, size_t count, int64_t median, int64_t spread)
{
	json_t *numbers = json_array();

	for (size_t i = 0; count >= 5 && spread && i < count; i++)
		if ((double)distance(values[i], median) > 3.5 * 1.4826 * (double)spread)
			numbers = append(numbers, json_integer((json_int_t)runs[i]));
	return numbers;
}

static json_t *time_json(const char *name, int64_t *values, const size_t *runs, size_t count)
{
	int64_t sorted[REPORT_RUNS], spread;
	struct spread of;

	memcpy(sorted, values, count * sizeof(*values));
	of = spread_of(sorted, count);
	spread = deviation(values, count, of.median);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "name", name, "n", (json_int_t)count,
			 "min_ns", (json_int_t)of.min, "median_ns", (json_int_t)of.median,
			 "max_ns", (json_int_t)of.max, "spread_ns", (json_int_t)spread,
			 "outliers", outliers(values, runs, count, of.median, spread));
}

/* The element of an array is known by its name, or by its op; else by its place. */
static const char *label_of(const json_t *element)
{
	const char *name = value_string(element, "name");

	return name ? name : value_string(element, "op");
}

/* Follows a path as walk() makes it. */
static const json_t *follow(const json_t *value, const char *path)
{
	while (value && *path) {
		size_t length = strcspn(path, "/");
		char key[128];

		snprintf(key, sizeof(key), "%.*s", (int)length, path);
		if (json_is_array(value)) {
			const json_t *element, *found = NULL;
			size_t i;

			json_array_foreach(value, i, element)
				if (!found && label_of(element) && !strcmp(label_of(element), key))
					found = element;
			value = found;
		} else {
			value = json_object_get(value, key);
		}
		path += length + (path[length] == '/');
	}
	return value;
}

static void add_time(struct walk *walk, const char *path)
{
	int64_t values[REPORT_RUNS] = { 0 };
	size_t runs[REPORT_RUNS], count = 0, i;
	const json_t *report;
	char name[256];

	json_array_foreach(walk->reports, i, report) {
		const json_t *value = follow(report, path);

		if (!json_is_integer(value) || count == REPORT_RUNS)
			continue;
		values[count] = json_integer_value(value);
		runs[count++] = i + 1;
	}
	snprintf(name, sizeof(name), "%s", path);
	for (char *slash = name; (slash = strchr(slash, '/'));)
		*slash = '.';
	if (json_array_append_new(walk->times, time_json(name, values, runs, count)))
		walk->lost = true;
}

static bool is_time(const char *key)
{
	size_t length = strlen(key);

	return length > 3 && !strcmp(key + length - 3, "_ns");
}

/* Adds every time below value, which is at path in the worst report. */
static void walk(struct walk *to, const json_t *value, const char *path)
{
	const char *key;
	json_t *member;
	char below[256];
	size_t i;

	json_object_foreach((json_t *)value, key, member) {
		snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "", key);
		if (json_is_integer(member) && is_time(key))
			add_time(to, below);
		else if (strcmp(below, "config"))
			walk(to, member, below);
	}
	if (json_array_size(value) > ROWS_MOST)
		return;
	json_array_foreach(value, i, member) {
		if (!label_of(member))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, label_of(member));
		walk(to, member, below);
	}
}

static json_t *results_json(const json_t *reports)
{
	json_t *results = json_array();
	const json_t *report;
	size_t i;

	json_array_foreach(reports, i, report)
		results = append(results, value_text(value_string(report, "result")));
	return results;
}

static const json_t *find_check(const json_t *report, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach(value_at(report, "checks"), i, check) {
		const char *other = value_string(check, "name");

		if (other && name && !strcmp(other, name))
			return check;
	}
	return NULL;
}

static bool has_failed(const json_t *check)
{
	const char *result = value_string(check, "result");

	return result && !strcmp(result, "fail");
}

/* A check that failed in any run has failed. 0, or -1: no memory. */
static int add_failures(json_t *worst, const json_t *reports)
{
	json_t *checks = json_object_get(worst, "checks"), *check;
	const json_t *report;
	size_t i, k;

	json_array_foreach(reports, k, report) {
		json_array_foreach(checks, i, check) {
			const json_t *other = find_check(report, value_string(check, "name"));

			if (!has_failed(check) && has_failed(other) &&
			    json_array_set_new(checks, i, json_deep_copy(other)))
				return -1;
		}
	}
	return 0;
}

json_t *report_of_runs(const json_t *reports)
{
	struct walk all = { .reports = reports };
	json_t *report, *runs;

	if (json_array_size(reports) < 2)
		return json_incref(json_array_get(reports, 0));
	all.times = json_array();
	walk(&all, worst(reports), "");
	runs = json_pack("{s:I, s:o, s:o}", "count", (json_int_t)json_array_size(reports),
			 "results", results_json(reports), "times", all.times);
	report = json_deep_copy(worst(reports));
	if (!json_object_set_new(report, "runs", runs) && !all.lost && !add_failures(report, reports))
		return report;
	json_decref(report);
	return NULL;
}

json_t *report_of_runs_and(const json_t *reports, json_t *last)
{
	json_t *all = json_copy((json_t *)reports), *report = NULL;

	if (!json_array_append_new(all, last))
		report = report_of_runs(all);
	json_decref(all);
	return report;
}

const json_t *report_runs_time(const json_t *report, const char *name)
{
	const json_t *time;
	size_t i;

	json_array_foreach(value_at(report, "runs.times"), i, time) {
		const char *other = value_string(time, "name");

		if (other && !strcmp(other, name))
			return time;
	}
	return NULL;
}

bool report_runs_apart(const json_t *a, const json_t *b)
{
	int64_t a_n, b_n, a_min, a_max, b_min, b_max;

	return value_int(a, "n", &a_n) && value_int(b, "n", &b_n) && a_n >= 3 && b_n >= 3 &&
	       value_int(a, "min_ns", &a_min) && value_int(a, "max_ns", &a_max) &&
	       value_int(b, "min_ns", &b_min) && value_int(b, "max_ns", &b_max) &&
	       (b_min > a_max || b_max < a_min);
}
