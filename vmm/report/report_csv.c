// SPDX-License-Identifier: GPL-2.0-only
/* The report as comma-separated values, so that the records of many hosts can be concatenated. */
#include "base/csv.h"
#include "base/value.h"
#include "model/arrays.h"
#include "report/report_render.h"

struct column {
	const char *head, *path;
};

static const struct column of_report[] = {
	{ "hostname", "host.hostname" }, { "started", "started" }, { "kernel", "host.kernel" },
	{ "cpu_vendor", "host.cpu_vendor" }, { "cpu_model", "host.cpu_model" },
	{ "tdp_mmu", "host.kvm.tdp_mmu" }, { "tdp", "host.kvm.tdp" },
	{ "rmap_policy", "host.rmap_policy" }, { "result", "result" },
};

#define HELD(id, name, label) { name "_bytes", name "_bytes" },
static const struct column of_phase[] = {
	{ "phase", "name" }, { "do", "do" }, { "done", "done" }, { "expect", "expect" },
	{ "rmap_state", "rmap_state" }, { "state_source", "state_source" },
	{ "duration_ns", "duration_ns" }, { "l2_entry_ns", "l2_entry_ns" },
	{ "l1_pages", "l1_pages" }, { "l2_pages", "l2_pages" }, { "l2_entries", "l2_entries" },
	ARRAYS(HELD)
	{ "vmalloc_used_bytes", "snapshot.meminfo.vmalloc_used_bytes" },
};

#define MADE(id, name, label)                                                                      \
	{ "transition_" name "_bytes_predicted", name "_bytes.predicted" },                        \
	{ "transition_" name "_bytes_measured", name "_bytes.measured" },
/* Only the record of the phase that allocated the rmaps has these. */
static const struct column of_transition[] = {
	{ "transition_trigger", "trigger" },
	SHADOW_ROOT_ARRAYS(MADE)
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void put_heads(FILE *out, const struct column *columns, size_t count, const char *before)
{
	for (size_t i = 0; i < count; i++) {
		fputs(i ? "," : before, out);
		csv_text(out, columns[i].head);
	}
}

static void put_fields(FILE *out, const json_t *value, const struct column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			csv_next(out);
		csv_member(out, value, columns[i].path);
	}
}

static void put_record(FILE *out, const json_t *report, const json_t *phase)
{
	const json_t *name = value_at(phase, "name");
	const json_t *at = value_at(report, "transition.phase");
	bool here = value_is_true(report, "transition.observed") && name && json_equal(name, at);

	put_fields(out, report, of_report, LENGTH(of_report));
	csv_next(out);
	put_fields(out, phase, of_phase, LENGTH(of_phase));
	csv_next(out);
	put_fields(out, here ? value_at(report, "transition") : NULL, of_transition,
		   LENGTH(of_transition));
	csv_end(out);
}

int report_csv(const json_t *report, FILE *out)
{
	const json_t *phases = value_at(report, "phases"), *phase;
	size_t i;

	put_heads(out, of_report, LENGTH(of_report), "");
	put_heads(out, of_phase, LENGTH(of_phase), ",");
	put_heads(out, of_transition, LENGTH(of_transition), ",");
	csv_end(out);
	json_array_foreach(phases, i, phase)
		put_record(out, report, phase);
	/* A run without any phase still gets a record, for its result. */
	if (!json_array_size(phases))
		put_record(out, report, NULL);
	return 0;
}
