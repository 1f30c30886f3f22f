// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/formats.h"

#include <stdio.h>
#include <string.h>

#include "cmd/headroom.h"
#include "cmd/kernels.h"
#include "cmd/sweep.h"
#include "fleet/diff.h"
#include "fleet/merge.h"
#include "report/crash_report.h"
#include "report/report_render.h"
#include "report/stat.h"

/*
 * A new format is a row here, its renderer in a file of its own, and that function's prototype.
 * The options' help and their errors come from this table.
 */
static const struct format table[] = {
	{ "text", "for people", false, {
		[DOCUMENT_RUN] = report_text, [DOCUMENT_PLAN] = report_text_plan,
		[DOCUMENT_SWEEP] = sweep_text, [DOCUMENT_STAT] = stat_text,
		[DOCUMENT_MERGE] = merge_text, [DOCUMENT_DIFF] = diff_text,
		[DOCUMENT_HEADROOM] = headroom_text, [DOCUMENT_KERNELS] = kernels_text,
		[DOCUMENT_CRASH] = crash_text } },
	{ "json", "for programs", false, {
		[DOCUMENT_RUN] = report_json, [DOCUMENT_PLAN] = report_json,
		[DOCUMENT_SWEEP] = report_json, [DOCUMENT_STAT] = report_json,
		[DOCUMENT_MERGE] = report_json, [DOCUMENT_DIFF] = report_json,
		[DOCUMENT_HEADROOM] = report_json, [DOCUMENT_KERNELS] = report_json,
		[DOCUMENT_CRASH] = report_json } },
	{ "ktap", "for test harnesses", false, {
		[DOCUMENT_RUN] = report_ktap, [DOCUMENT_KERNELS] = kernels_ktap } },
	{ "csv", "for spreadsheets", false, {
		[DOCUMENT_RUN] = report_csv, [DOCUMENT_SWEEP] = sweep_csv,
		[DOCUMENT_MERGE] = merge_csv, [DOCUMENT_HEADROOM] = headroom_csv,
		[DOCUMENT_KERNELS] = kernels_csv } },
	{ "prom", "for Prometheus", true, {
		[DOCUMENT_RUN] = report_prom, [DOCUMENT_STAT] = stat_prom } },
	{ "junit", "for CI", true, { [DOCUMENT_RUN] = report_junit } },
};

#define COUNT (sizeof(table) / sizeof(table[0]))

static bool renders(const struct format *format, unsigned int documents)
{
	for (int kind = 0; kind < DOCUMENT_COUNT; kind++)
		if ((documents & (1u << kind)) && format->render[kind])
			return true;
	return false;
}

const struct format *format_find(const char *name, unsigned int documents)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(name, table[i].name) && renders(&table[i], documents))
			return &table[i];
	return NULL;
}

const struct format *format_of(report_renderer *render)
{
	for (size_t i = 0; render && i < COUNT; i++)
		for (int kind = 0; kind < DOCUMENT_COUNT; kind++)
			if (table[i].render[kind] == render)
				return &table[i];
	return &table[0];
}

char *format_names(char text[FORMATS_TEXT], unsigned int documents)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < COUNT && at < FORMATS_TEXT; i++)
		if (renders(&table[i], documents))
			at += (size_t)snprintf(text + at, FORMATS_TEXT - at, "%s%s",
					       at ? ", " : "", table[i].name);
	return text;
}

char *format_help(char text[FORMATS_TEXT], unsigned int documents, const struct format *standard)
{
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < COUNT && at < FORMATS_TEXT; i++)
		if (renders(&table[i], documents))
			at += (size_t)snprintf(text + at, FORMATS_TEXT - at, "%s%s (%s%s)",
					       at ? ", " : "", table[i].name,
					       &table[i] == standard ? "default, " : "",
					       table[i].help);
	return text;
}
