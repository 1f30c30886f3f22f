// SPDX-License-Identifier: GPL-2.0-only
/*
 * A saved report, "main", and another to compare it with, "other": any JSON. Nothing of it may
 * crash a rendering, act on a terminal, or break out of the format that it is rendered in.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/value.h"
#include "cmd/headroom.h"
#include "cmd/kernels.h"
#include "cmd/sweep.h"
#include "fleet/diff.h"
#include "fleet/html.h"
#include "fleet/merge.h"
#include "fleet/plot.h"
#include "fuzz.h"
#include "report/report.h"
#include "report/report_render.h"
#include "report/stat.h"

static json_t *load(const char *name)
{
	struct err err = { .text = "" };
	json_t *report;
	int rc = report_load_or(PLOT_SWEEP_SCHEMA, name, &report, &err);

	MUST(!rc == !!report);
	MUST(!rc || err.text[0]);
	return report;
}

static char *rendered(const json_t *report, report_renderer *renderer)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	MUST(out);
	MUST(!report_render(report, renderer, out));
	MUST(!fclose(out));
	MUST(strlen(text) == size);
	return text;
}

/* What is shown as JSON reads as the same report again. */
static void check_json(const json_t *report)
{
	char *text = rendered(report, report_json);
	json_t *again = json_loads(text, 0, NULL);

	MUST(again && json_equal(again, report));
	json_decref(again);
	free(text);
}

/* As many results as there are checks, and one more for a run that broke. */
static void check_ktap(const json_t *report)
{
	char *text = rendered(report, report_ktap), *line = text;
	size_t checks = json_array_size(value_at(report, "checks")), results = 0, plan = 0;

	MUST(sscanf(text, "KTAP version 1\n1..%zu\n", &plan) == 1);
	for (; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		results += !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7);
	MUST(results == plan && (plan == checks || plan == checks + 1));
	free(text);
}

static void show(const json_t *report)
{
	FILE *out = fuzz_terminal();

	MUST(!report_render(report, report_text, out));
	MUST(!report_render(report, report_ktap, out));
	MUST(!report_render(report, report_prom, out));
	MUST(!report_render(report, report_json, out));
	MUST(!report_render(report, report_junit, out));
	report_brief(report, out);
	fclose(out);
	out = fuzz_sink();
	MUST(!report_render(report, report_csv, out)); /* carriage returns end its lines */
	fclose(out);
	check_json(report);
	check_ktap(report);
}

/* What `report show` renders of other commands' files: each reads any JSON, as each may have members that it does not know. */
static void show_others(const json_t *report)
{
	report_renderer *const safe[] = {
		kernels_text, kernels_ktap, sweep_text, headroom_text, stat_text, stat_predict_text, stat_prom, merge_text,
		diff_text, report_text_plan,
	}, *const csv[] = { kernels_csv, sweep_csv, headroom_csv, merge_csv };
	FILE *out = fuzz_terminal();

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		MUST(!report_render(report, safe[i], out));
	fclose(out);
	out = fuzz_sink();
	for (size_t i = 0; i < sizeof(csv) / sizeof(csv[0]); i++)
		MUST(!report_render(report, csv[i], out));
	fclose(out);
}

static void compare(const json_t *report, const json_t *other)
{
	json_t *diff = diff_build(report, "a", other, "b"), *same = diff_build(report, "a", report, "a");
	FILE *out = fuzz_terminal();

	MUST(diff && same);
	MUST(!diff_is_regression(same));
	diff_is_regression(diff);
	MUST(!diff_text(diff, out));
	fclose(out);
	json_decref(diff);
	json_decref(same);
}

static void merge(const json_t *report, const json_t *other)
{
	struct summary summaries[2];
	FILE *out = fuzz_terminal();
	json_t *merged;

	MUST(!summary_read(report, "a", &summaries[0]));
	MUST(!summary_read(other, "b", &summaries[1]));
	merged = merge_build(summaries, 2);
	MUST(merged);
	MUST(!merge_text(merged, out));
	fclose(out);
	out = fuzz_sink();
	merge_csv(merged, out);
	fclose(out);
	json_decref(merged);
	for (int i = 0; i < 2; i++)
		summary_free(&summaries[i]);
}

/* No tag but the page's own. */
static void draw(const json_t *report, const json_t *other)
{
	const struct html_report reports[2] = { { report, "a" }, { other, "<b>&\"'\1" } };
	char *page = NULL;
	size_t size;
	FILE *out = open_memstream(&page, &size);

	MUST(out);
	MUST(!html_page(reports, 2, out));
	MUST(!fclose(out));
	MUST(!strstr(page, "<fuzz") && !strstr(page, "<b>") && !strchr(page, '\1'));
	free(page);
	out = fuzz_sink();
	plot_sweep(report, out);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *report, *other;

	files_set(data, size);
	report = load("main");
	other = report ? load("other") : NULL;
	if (report) {
		show(report);
		show_others(report);
		compare(report, other ? other : report);
		merge(report, other ? other : report);
		draw(report, other ? other : report);
	}
	json_decref(report);
	json_decref(other);
	files_clear();
	return 0;
}
