// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "fleet/summary.h"
#include "report/array_amount.h"
#include "report/report_runs.h"

const char *const diff_kinds[] = { "verdict", "bytes", "phase", "host", "config", "time", NULL };

struct diff {
	const json_t *a, *b;
	json_t *changes;
	bool verdict_changed, more_bytes;
	int error;
};

static json_t *copy_or_null(const json_t *value)
{
	return value ? json_deep_copy(value) : json_null();
}

static bool same(const json_t *a, const json_t *b)
{
	if (!a || json_is_null(a))
		return !b || json_is_null(b);
	return b && json_equal(a, b);
}

static void add(struct diff *diff, const char *kind, json_t *name, const json_t *a, const json_t *b)
{
	if (json_array_append_new(diff->changes, json_pack("{s:s, s:o, s:o, s:o}", "kind", kind,
							   "name", name, "a", copy_or_null(a),
							   "b", copy_or_null(b))))
		diff->error = -ENOMEM;
}

static void compare_value(struct diff *diff, const char *kind, json_t *name, const json_t *a,
			  const json_t *b)
{
	if (same(a, b))
		json_decref(name);
	else
		add(diff, kind, name, a, b);
}

static void compare_at(struct diff *diff, const char *kind, const char *path)
{
	compare_value(diff, kind, json_string(path), value_at(diff->a, path),
		      value_at(diff->b, path));
}

/* The element of that name, at the same index if several have it; or NULL. */
static const json_t *named(const json_t *array, const json_t *name, size_t index)
{
	const json_t *element = json_array_get(array, index);
	size_t i;

	if (element && same(value_at(element, "name"), name))
		return element;
	json_array_foreach(array, i, element)
		if (same(value_at(element, "name"), name))
			return element;
	return NULL;
}

/* A new check is a changed verdict only if it fails: there is no older result of it. */
static void compare_checks(struct diff *diff)
{
	const json_t *before = value_at(diff->a, "checks"), *after = value_at(diff->b, "checks");
	const json_t *check;
	size_t i;

	json_array_foreach(before, i, check) {
		const json_t *name = value_at(check, "name");
		const json_t *a = value_at(check, "result");
		const json_t *b = value_at(named(after, name, i), "result");

		diff->verdict_changed |= !same(a, b);
		compare_value(diff, "verdict", copy_or_null(name), a, b);
	}
	json_array_foreach(after, i, check) {
		const json_t *name = value_at(check, "name");
		const char *result = value_string(check, "result");

		if (named(before, name, i))
			continue;
		diff->verdict_changed |= result && !strcmp(result, "fail");
		add(diff, "verdict", copy_or_null(name), NULL, value_at(check, "result"));
	}
}

static void compare_verdicts(struct diff *diff)
{
	static const char *const paths[] = {
		"result", "transition.observed", "transition.trigger",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		diff->verdict_changed |= !same(value_at(diff->a, paths[i]),
					       value_at(diff->b, paths[i]));
		compare_at(diff, "verdict", paths[i]);
	}
	compare_checks(diff);
}

/* Compares each array of two footprints; prefix names them. */
static void compare_bytes(struct diff *diff, const char *prefix, const json_t *a, const json_t *b)
{
	for (int array = 0; array < ARRAY_COUNT; array++) {
		const char *member = array_bytes_key((enum array)array);
		struct amount more = amount_subtract(amount_at(b, member), amount_at(a, member));

		diff->more_bytes |= more.known && more.value > 0;
		compare_value(diff, "bytes", json_sprintf("%s.%s", prefix, member),
			      value_at(a, member), value_at(b, member));
	}
}

static void compare_member(struct diff *diff, const char *kind, const char *prefix,
			   const char *member, const json_t *a, const json_t *b)
{
	compare_value(diff, kind, json_sprintf("%s.%s", prefix, member), value_at(a, member),
		      value_at(b, member));
}

/* A phase that only one report has is one change: its figures are not compared. */
static void compare_phase(struct diff *diff, const json_t *name, const json_t *a, const json_t *b)
{
	const char *text = json_string_value(name);
	char prefix[128];

	snprintf(prefix, sizeof(prefix), "phase.%.100s", text ? text : "-");
	if (!a || !b) {
		add(diff, "phase", json_string(prefix), value_at(a, "do"), value_at(b, "do"));
		return;
	}
	compare_member(diff, "phase", prefix, "do", a, b);
	compare_member(diff, "phase", prefix, "done", a, b);
	diff->verdict_changed |= !same(value_at(a, "rmap_state"), value_at(b, "rmap_state"));
	compare_member(diff, "verdict", prefix, "rmap_state", a, b);
	compare_bytes(diff, prefix, a, b);
}

static void compare_phases(struct diff *diff)
{
	const json_t *before = value_at(diff->a, "phases"), *after = value_at(diff->b, "phases");
	const json_t *phase, *name;
	size_t i;

	json_array_foreach(before, i, phase) {
		name = value_at(phase, "name");
		compare_phase(diff, name, phase, named(after, name, i));
	}
	json_array_foreach(after, i, phase) {
		name = value_at(phase, "name");
		if (!named(before, name, i))
			compare_phase(diff, name, NULL, phase);
	}
}

/* Compares the members of two objects, and of the objects in them; names are paths. */
static void compare_objects(struct diff *diff, const char *kind, const char *prefix,
			    const json_t *a, const json_t *b)
{
	const json_t *both[] = { a, b }, *value;
	const char *key;

	for (int i = 0; i < 2; i++) {
		json_object_foreach((json_t *)both[i], key, value) {
			const json_t *other = json_object_get(both[!i], key);
			char path[256];

			if (i && other)
				continue;	/* was compared already, as a's member */
			snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "", key);
			if (json_is_object(value) && (!other || json_is_object(other)))
				compare_objects(diff, kind, path, i ? other : value,
						i ? value : other);
			else
				compare_value(diff, kind, json_string(path), i ? other : value,
					      i ? value : other);
		}
	}
}

static void compare_hosts(struct diff *diff)
{
	static const char *const paths[] = {
		"host.kernel", "host.hostname", "host.cpu_vendor", "host.cpu_model",
		"host.phys_bits", "host.page_size", "host.rmap_policy", "tool.version",
		"model.name",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		compare_at(diff, "host", paths[i]);
	compare_objects(diff, "host", "host.kvm", value_at(diff->a, "host.kvm"),
			value_at(diff->b, "host.kvm"));
	compare_objects(diff, "host", "host.sources", value_at(diff->a, "host.sources"),
			value_at(diff->b, "host.sources"));
}

static json_t *vm_json(const json_t *report)
{
	char *text = summary_vm(report);
	json_t *json = !text ? NULL : strcmp(text, "-") ? value_text(text) : json_null();

	free(text);
	return json;
}

static json_t *side_json(const json_t *report, const char *name)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "file", value_text(name),
			 "vm", vm_json(report),
			 "result", copy_or_null(value_at(report, "result")),
			 "kernel", copy_or_null(value_at(report, "host.kernel")),
			 "hostname", copy_or_null(value_at(report, "host.hostname")),
			 "started", copy_or_null(value_at(report, "started")));
}

/*
 * A time of several runs is their median, and it is told whether the difference is beyond the noise: whether the
 * ranges do not overlap.
 */
static void compare_time(struct diff *diff, const char *name)
{
	const json_t *a = report_runs_time(diff->a, name), *b = report_runs_time(diff->b, name);
	size_t before = json_array_size(diff->changes);

	if (!a || !b) {
		compare_at(diff, "time", name);
		return;
	}
	compare_value(diff, "time", json_string(name), value_at(a, "median_ns"), value_at(b, "median_ns"));
	if (json_array_size(diff->changes) > before &&
	    json_object_set_new(json_array_get(diff->changes, before), "beyond_noise",
				json_boolean(report_runs_apart(a, b))))
		diff->error = -ENOMEM;
}

static void compare_times(struct diff *diff)
{
	static const char *const first[] = { "transition.duration_ns", "duration_ns" };
	const json_t *time;
	size_t i;

	for (i = 0; i < 2; i++)
		compare_time(diff, first[i]);
	json_array_foreach(value_at(diff->a, "runs.times"), i, time) {
		const char *name = value_string(time, "name");

		if (name && strcmp(name, first[0]) && strcmp(name, first[1]) && report_runs_time(diff->b, name))
			compare_time(diff, name);
	}
}

json_t *diff_build(const json_t *a, const char *name_a, const json_t *b, const char *name_b)
{
	struct diff diff = { .a = a, .b = b, .changes = json_array() };

	if (!diff.changes)
		return NULL;
	compare_verdicts(&diff);
	compare_bytes(&diff, "predicted.creation", value_at(a, "predicted.creation"),
		      value_at(b, "predicted.creation"));
	compare_bytes(&diff, "predicted.transition", value_at(a, "predicted.transition"),
		      value_at(b, "predicted.transition"));
	compare_phases(&diff);
	compare_hosts(&diff);
	compare_objects(&diff, "config", "", value_at(a, "config"), value_at(b, "config"));
	compare_times(&diff);
	if (diff.error) {
		json_decref(diff.changes);
		return NULL;
	}
	return json_pack("{s:s, s:o, s:o, s:b, s:b, s:o}",
			 "schema", DIFF_SCHEMA, "a", side_json(a, name_a), "b", side_json(b, name_b),
			 "verdict_changed", diff.verdict_changed, "more_bytes", diff.more_bytes,
			 "changes", diff.changes);
}

bool diff_is_regression(const json_t *diff)
{
	return value_is_true(diff, "verdict_changed") || value_is_true(diff, "more_bytes");
}
