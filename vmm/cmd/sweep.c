// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"
#include "report/report_runs.h"

#define PAGE 4096ull
#define HOLE ((uint64_t)3 << 30)
#define ABOVE ((uint64_t)4 << 30)

/*
 * The payload is loaded into the first slot. The others all have the same size, as large as
 * possible; the first slot gets the remainder.
 */
char *sweep_config(uint64_t size, uint64_t slots)
{
	uint64_t low = size / 2 < HOLE ? size / 2 : HOLE;
	uint64_t each = 0, first = size;
	char row[128] = "", *text = NULL;

	if (slots > 1) {
		each = (size - low) / (slots - 1) / PAGE * PAGE;
		first = size - each * (slots - 1);
		if (!each)
			return NULL;
		snprintf(row, sizeof(row), "[memslot.row]\nbase = %" PRIu64 "\nsize = %" PRIu64
			 "\ncount = %" PRIu64 "\n", first > HOLE ? ABOVE + first : ABOVE, each,
			 slots - 1);
	}
	if (asprintf(&text, "[memslot.first]\nbase = %" PRIu64 "\nsize = %" PRIu64 "\n%s"
		     "[phase.boot]\ndo = boot\n[phase.transition]\ndo = l2\n",
		     first > HOLE ? ABOVE : (uint64_t)0, first, row) < 0)
		return NULL;
	return text;
}

/* The median, where there are several runs. */
static struct amount time_at(const json_t *report, const char *path)
{
	const json_t *time = report_runs_time(report, path);

	return time ? amount_at(time, "median_ns") : amount_at(report, path);
}

/* How the time of the transition differs between runs. */
static json_t *runs_json(const json_t *report)
{
	const json_t *time = report_runs_time(report, "transition.duration_ns");

	return time ? json_deep_copy(time) : json_null();
}

json_t *sweep_point(uint64_t size, uint64_t slots, const json_t *report)
{
	const json_t *transition = value_at(report, "transition");
	struct amount predicted = amount_transition(transition, "predicted");
	struct amount measured = amount_transition(transition, "measured");
	struct amount time = time_at(report, "transition.duration_ns");
	struct amount load = time_at(report, "trace.kvm_mmu_load_ns");
	struct amount floor = time_at(report, "trace.memset_floor_ns");

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "size_bytes", value_u64(size), "slots", value_u64(slots),
			 "predicted_bytes", value_known(predicted.known, (uint64_t)predicted.value),
			 "measured_bytes", value_known(measured.known, (uint64_t)measured.value),
			 "transition_ns", value_known(time.known, (uint64_t)time.value),
			 "kvm_mmu_load_ns", value_known(load.known, (uint64_t)load.value),
			 "memset_floor_ns", value_known(floor.known, (uint64_t)floor.value),
			 "result", value_text(value_string(report, "result")),
			 "reason", report_reason(report),
			 "runs", runs_json(report));
}

json_t *sweep_json(const json_t *host, json_t *points)
{
	json_t *copy = host ? json_deep_copy(host) : json_null();

	return json_pack("{s:s, s:o, s:o}", "schema", "minivmm.sweep/1", "host", copy,
			 "points", points);
}

/* Below the table, once for all neighbours that have the same. */
static void put_reasons(const json_t *points, FILE *out)
{
	const json_t *point, *before = NULL;
	size_t i;

	json_array_foreach(points, i, point) {
		const char *reason = value_string(point, "reason");
		const char *last = value_string(before, "reason");
		const char *result = value_string(point, "result");
		char size[AMOUNT_TEXT], slots[AMOUNT_TEXT], line[640];

		before = point;
		if (!reason || (last && !strcmp(reason, last)))
			continue;
		snprintf(line, sizeof(line), "%s, %s slots: %s: %s",
			 amount_bytes(size, amount_at(point, "size_bytes")),
			 amount_exact(slots, amount_at(point, "slots")),
			 result ? result : "-", reason);
		fputs("  ", out);
		text_wrap(out, text_prose(out), 2, 4, line);
	}
}

int sweep_text(const json_t *sweep, FILE *out)
{
	static const struct table_column columns[] = {
		{ "VM", true }, { "slots", true }, { "predicted", true }, { "measured", true },
		{ "", false }, { "L2 entry", true }, { "spread", true }, { "kvm_mmu_load", true }, { "memset", true },
		{ "result", false },
	};
	const json_t *points = value_at(sweep, "points"), *point;
	const char *kernel = value_string(sweep, "host.kernel");
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT];
	size_t i;
	int code;

	table.keys = 2;
	json_array_foreach(points, i, point) {
		struct amount predicted = amount_at(point, "predicted_bytes");
		struct amount measured = amount_at(point, "measured_bytes");
		const char *result = value_string(point, "result");

		table_cell(&table, "%s", amount_bytes(text, amount_at(point, "size_bytes")));
		table_cell(&table, "%s", amount_exact(text, amount_at(point, "slots")));
		table_cell(&table, "%s", amount_bytes(text, predicted));
		table_cell(&table, "%s", amount_bytes(text, measured));
		table_cell(&table, "%s", amount_equal(predicted, measured) ? "exact" : "");
		table_cell(&table, "%s", amount_time(text, amount_at(point, "transition_ns")));
		table_cell(&table, "%s", value_at(point, "runs.n") ?
			   amount_time(text, amount_at(point, "runs.spread_ns")) : "");
		table_cell(&table, "%s", amount_time(text, amount_at(point, "kvm_mmu_load_ns")));
		table_cell(&table, "%s", amount_time(text, amount_at(point, "memset_floor_ns")));
		table_cell(&table, "%s", result ? result : "-");
	}
	text_paragraph(out, 0, 2, "The first L2 under nested paging, by size and slots; kernel %s",
		       kernel ? kernel : "-");
	code = table_print(&table, out);
	if (!code)
		put_reasons(points, out);
	return code;
}

int sweep_csv(const json_t *sweep, FILE *out)
{
	static const char *const columns[] = {
		"size_bytes", "slots", "predicted_bytes", "measured_bytes", "transition_ns",
		"kvm_mmu_load_ns", "memset_floor_ns", "result",
	};

	csv_table(out, value_at(sweep, "points"), columns, sizeof(columns) / sizeof(columns[0]));
	return 0;
}
