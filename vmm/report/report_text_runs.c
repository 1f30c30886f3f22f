// SPDX-License-Identifier: GPL-2.0-only
/* The times of several runs, for people. */
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/report_render.h"

/* "5 pass" or "4 pass, 1 fail" */
static void put_results(const json_t *results, FILE *out)
{
	static const char *const names[] = { "pass", "fail", "skip", "error" };
	const char *before = "";

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		size_t count = 0, i;
		const json_t *result;

		json_array_foreach(results, i, result)
			count += json_is_string(result) && !strcmp(json_string_value(result), names[k]);
		if (count)
			fprintf(out, "%s%zu %s", before, count, names[k]);
		if (count)
			before = ", ";
	}
}

static void put_outliers(struct table *table, const json_t *outliers)
{
	char text[128] = "";
	const json_t *number;
	size_t i, at = 0;

	json_array_foreach(outliers, i, number)
		if (at + 8 < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%lld", at ? ", " : "run ",
					       (long long)json_integer_value(number));
	table_cell(table, "%s", text);
}

int report_text_runs(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "time", false }, { "median", true }, { "least", true }, { "most", true }, { "spread", true },
		{ "outliers", false },
	};
	static const char *const paths[] = { "median_ns", "min_ns", "max_ns", "spread_ns" };
	const json_t *runs = value_at(report, "runs"), *time;
	struct table table = TABLE(columns);
	char text[AMOUNT_TEXT];
	size_t i;

	if (!json_array_size(value_at(runs, "times")))
		return 0;
	json_array_foreach(value_at(runs, "times"), i, time) {
		const char *name = value_string(time, "name");

		table_cell(&table, "%s", name ? name : "?");
		for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++)
			table_cell(&table, "%s", amount_time(text, amount_at(time, paths[k])));
		put_outliers(&table, value_at(time, "outliers"));
	}
	fprintf(out, "\nRuns: %s, each with a VM of its own: ", amount_exact(text, amount_at(runs, "count")));
	put_results(value_at(runs, "results"), out);
	fputs("\n", out);
	return table_print(&table, out);
}
