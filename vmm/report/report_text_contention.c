// SPDX-License-Identifier: GPL-2.0-only
/* How long each step of the workers took before the transition, in the control, after it, and then beside L2. */
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/report_render.h"

static void put_ratio(struct table *table, const json_t *step, const char *path)
{
	const json_t *ratio = value_at(step, path);

	if (json_is_number(ratio))
		table_cell(table, "%.*fx", json_number_value(ratio) < 10 ? 2 : 1,
			   json_number_value(ratio));
	else
		table_cell(table, "%s", "");
}

static void put_role(struct table *table, const json_t *step, const char *role, const char *figure)
{
	char path[48], text[AMOUNT_TEXT];

	snprintf(path, sizeof(path), "%s.%s", role, figure);
	table_cell(table, "%s", value_at(step, role) ?
		   amount_time(text, amount_at(step, path)) : "");
}

static void put_step(struct table *table, const json_t *step)
{
	static const char *const roles[] = { "before", "control", "after", "nested" };
	const char *op = value_string(step, "op");

	table_cell(table, "%s", op ? op : "-");
	for (int i = 0; i < 4; i++) {
		put_role(table, step, roles[i], "median_ns");
		put_role(table, step, roles[i], "p99_ns");
	}
	put_ratio(table, step, "control_ratio");
	put_ratio(table, step, "ratio");
}

int report_text_contention(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "step", false }, { "before", true }, { "p99", true }, { "control", true },
		{ "p99", true }, { "after", true }, { "p99", true }, { "beside L2", true },
		{ "p99", true }, { "control/before", true }, { "after/before", true },
	};
	const json_t *steps = value_at(report, "contention"), *step;
	struct table table = TABLE(columns);
	size_t i;

	if (!json_array_size(steps))
		return 0;
	json_array_foreach(steps, i, step)
		put_step(&table, step);
	fputc('\n', out);
	text_paragraph(out, 0, 2, "Contention: medians beside the vCPUs' writes, before and after the transition");
	return table_print(&table, out);
}
