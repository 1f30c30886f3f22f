// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/kernels.h"

#include <string.h>

#include "base/csv.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"

/* The last phase with do = run that began: the one in which the kernel ended. */
static const json_t *last_phase(const json_t *report)
{
	const json_t *phases = value_at(report, "phases"), *phase, *found = NULL;
	size_t i;

	json_array_foreach(phases, i, phase) {
		const char *what = value_string(phase, "do");

		if (what && !strcmp(what, "run"))
			found = phase;
	}
	return found;
}

/* The kernel's file name, and its arguments. */
static json_t *name_of(const json_t *report)
{
	const char *kernel = value_string(report, "config.guest.kernel");
	const char *args = value_string(report, "config.guest.args");
	const char *slash = kernel ? strrchr(kernel, '/') : NULL;
	char name[512];

	snprintf(name, sizeof(name), "%s%s%s", slash ? slash + 1 : kernel ? kernel : "-", args ? " " : "",
		 args ? args : "");
	return value_text(name);
}

/* What the guest did says more than which checks failed of it. */
static json_t *reason_of(const json_t *report)
{
	const char *result = value_string(report, "result"), *guest = value_string(report, "guest.text");
	const char *trouble = value_string(report, "guest.trouble");
	const char *error = value_string(report, "error.text");

	if (guest && result && !strcmp(result, "fail") && strcmp(trouble ? trouble : "", "skipped"))
		return value_text(guest);
	/* It says more than that a signal ended the run. */
	return error && result && !strcmp(result, "error") ? value_text(error) : report_reason(report);
}

/* A member that the report may not have, as it is there. */
static json_t *copy_of(const json_t *object, const char *path)
{
	const json_t *value = object ? value_at(object, path) : NULL;

	return value ? json_deep_copy(value) : json_null();
}

json_t *kernels_row(const json_t *report)
{
	const json_t *phase = last_phase(report);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "name", name_of(report),
			 "kernel", copy_of(report, "config.guest.kernel"),
			 "args", copy_of(report, "config.guest.args"),
			 "result", copy_of(report, "result"),
			 "reason", reason_of(report),
			 "runs", copy_of(report, "runs.results"),
			 "ended_by", copy_of(phase, "step.ended_by"),
			 "exit_status", copy_of(phase, "step.exit_status"),
			 "duration_ns", copy_of(phase, "duration_ns"),
			 "rmap_state", copy_of(phase, "rmap_state"),
			 "rmap_bytes", copy_of(phase, "rmap_bytes"),
			 "console", copy_of(report, "guest.console"));
}

json_t *kernels_row_without(const char *kernel, const char *result, const char *reason)
{
	const char *slash = strrchr(kernel, '/');

	return json_pack("{s:o, s:o, s:n, s:s, s:o, s:n, s:n, s:n, s:n, s:n, s:n, s:n}",
			 "name", value_text(slash ? slash + 1 : kernel), "kernel", value_text(kernel), "args",
			 "result", result, "reason", value_text(reason), "runs", "ended_by", "exit_status",
			 "duration_ns", "rmap_state", "rmap_bytes", "console");
}

json_t *kernels_json(const json_t *host, json_t *rows, uint64_t seed, int exit_status)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:i}", "schema", "minivmm.kernels/1",
			 "seed", value_u64(seed), "host", host ? json_deep_copy(host) : json_null(), "kernels", rows,
			 "exit_status", exit_status);
}

static void put_reason(const json_t *row, FILE *out)
{
	const char *reason = value_string(row, "reason"), *name = value_string(row, "name");
	char line[1100];

	if (!reason)
		return;
	snprintf(line, sizeof(line), "%s: %s", name ? name : "-", reason);
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 4, line);
}

/* With --runs also how many of them passed. */
static void put_result(struct table *table, const json_t *row)
{
	const json_t *runs = value_at(row, "runs"), *one;
	const char *result = value_string(row, "result");
	size_t i, passed = 0;

	json_array_foreach(runs, i, one)
		passed += json_is_string(one) && !strcmp(json_string_value(one), "pass");
	if (json_array_size(runs))
		table_cell(table, "%s (%zu of %zu passed)", result ? result : "-", passed, json_array_size(runs));
	else
		table_cell(table, "%s", result ? result : "-");
}

int kernels_text(const json_t *kernels, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false }, { "result", false }, { "status", true }, { "time", true }, { "rmaps", false },
		{ "rmap bytes", true },
	};
	const json_t *rows = value_at(kernels, "kernels"), *row;
	const char *release = value_string(kernels, "host.kernel");
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT];
	size_t i;
	int code;

	json_array_foreach(rows, i, row) {
		const char *name = value_string(row, "name"), *state = value_string(row, "rmap_state");

		table_cell(&table, "%s", name ? name : "-");
		put_result(&table, row);
		table_cell(&table, "%s", amount_exact(text, amount_at(row, "exit_status")));
		table_cell(&table, "%s", amount_time(text, amount_at(row, "duration_ns")));
		table_cell(&table, "%s", state ? state : "-");
		table_cell(&table, "%s", amount_bytes(text, amount_at(row, "rmap_bytes")));
	}
	text_paragraph(out, 0, 2, "Kernels, each in a VM of its own; kernel %s", release ? release : "-");
	code = table_print(&table, out);
	json_array_foreach(rows, i, row)
		put_reason(row, out);
	return code;
}

int kernels_csv(const json_t *kernels, FILE *out)
{
	static const char *const columns[] = {
		"name", "kernel", "args", "result", "exit_status", "duration_ns", "rmap_state", "rmap_bytes",
	};

	csv_table(out, value_at(kernels, "kernels"), columns, sizeof(columns) / sizeof(columns[0]));
	return 0;
}

/* Each kernel is a result; before it stand its time, its rmaps and, unless it passed, what it printed last. */
int kernels_ktap(const json_t *kernels, FILE *out)
{
	const json_t *rows = value_at(kernels, "kernels"), *row;
	char text[AMOUNT_TEXT];
	size_t i;

	fprintf(out, "KTAP version 1\n1..%zu\n", json_array_size(rows));
	json_array_foreach(rows, i, row) {
		const char *state = value_string(row, "rmap_state"), *result = value_string(row, "result");

		fprintf(out, "# time %s, rmaps ", amount_time(text, amount_at(row, "duration_ns")));
		text_put(out, state ? state : "unknown");
		fputc('\n', out);
		if (result && strcmp(result, "pass"))
			report_ktap_diagnose("console: ", value_string(row, "console"), out);
		report_ktap_result(row, i + 1, out);
	}
	return 0;
}
