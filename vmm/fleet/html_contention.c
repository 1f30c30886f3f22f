// SPDX-License-Identifier: GPL-2.0-only
/* The page's table of the workers' steps: their median times before and after the transition. */
#include <stdio.h>

#include "base/value.h"
#include "fleet/html.h"

static void put_median(const json_t *step, const char *path, FILE *out)
{
	char text[AMOUNT_TEXT];

	html_cell(out, "n", amount_time(text, amount_at(step, path)));
}

static void put_ratio(const json_t *step, const char *path, FILE *out)
{
	const json_t *ratio = value_at(step, path);
	char text[32];

	snprintf(text, sizeof(text), "%.2fx", json_number_value(ratio));
	html_cell(out, "n", json_is_number(ratio) ? text : NULL);
}

void html_contention(const json_t *report, FILE *out)
{
	static const char *const heads[] = {
		"step", ">before", ">control", ">after", ">p99 after", ">beside L2",
		">control/before", ">after/before", NULL
	};
	const json_t *steps = value_at(report, "contention"), *step;
	size_t i;

	if (!json_array_size(steps))
		return;
	fputs("<h3>Contention: medians before and after the transition</h3>\n"
	      "<div class=\"scroll\">\n", out);
	html_table(out, heads);
	json_array_foreach(steps, i, step) {
		fputs("<tr>", out);
		html_cell(out, NULL, value_string(step, "op"));
		put_median(step, "before.median_ns", out);
		put_median(step, "control.median_ns", out);
		put_median(step, "after.median_ns", out);
		put_median(step, "after.p99_ns", out);
		put_median(step, "nested.median_ns", out);
		put_ratio(step, "control_ratio", out);
		put_ratio(step, "ratio", out);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}
