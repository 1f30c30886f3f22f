// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as KTAP version 1. Diagnostics stand before the result that they explain. Each line is
 * flushed, so that a crash of the host does not lose the lines before it.
 */
#include <string.h>

#include "base/text.h"
#include "base/value.h"
#include "report/report_render.h"

/* In a result line a '#' would begin a directive. */
static void put_name(FILE *out, const char *name)
{
	size_t length;
	bool acts;

	for (; *name; name += length) {
		length = text_character(name, &acts);
		if (acts || *name == '#')
			fputc('_', out);
		else
			fwrite(name, 1, length, out);
	}
}

/* A diagnostic line for each line of text; the first begins with label. */
void report_ktap_diagnose(const char *label, const char *text, FILE *out)
{
	while (text && *(text += strspn(text, "\n"))) {
		size_t length = strcspn(text, "\n");
		char line[4096];

		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		fprintf(out, "# %s", label);
		text_put(out, line);
		fputc('\n', out);
		text += length;
		label = "  ";
	}
	fflush(out);
}

static void put_result(FILE *out, bool ok, size_t number, const char *name)
{
	fprintf(out, "%sok %zu ", ok ? "" : "not ", number);
	put_name(out, name);
}

void report_ktap_result(const json_t *check, size_t number, FILE *out)
{
	const char *name = value_string(check, "name");
	const char *result = value_string(check, "result");
	const char *reason = value_string(check, "reason");
	bool pass = result && !strcmp(result, "pass");
	bool skip = result && !strcmp(result, "skip");

	if (!pass && !skip)
		report_ktap_diagnose("", reason ? reason : "no reason given", out);
	if (!pass)
		report_ktap_diagnose("remedy: ", value_string(check, "remedy"), out);
	put_result(out, pass || skip, number, name ? name : "unnamed");
	if (skip) {
		fputs(" # SKIP ", out);
		text_put(out, reason ? reason : "");
	}
	fputc('\n', out);
	fflush(out);
}

static void put_broken(FILE *out, const json_t *report, size_t number)
{
	char headline[1024];

	report_headline(report, headline, sizeof(headline));
	report_ktap_diagnose("remedy: ", report_remedy(report), out);
	put_result(out, false, number, "run");
	fputs(" # ERROR ", out);
	text_put(out, headline);
	fputc('\n', out);
}

static void put_host(FILE *out, const json_t *report)
{
	report_ktap_diagnose("minivmm ", value_string(report, "tool.version"), out);
	report_ktap_diagnose("kernel: ", value_string(report, "host.kernel"), out);
	report_ktap_diagnose("cpu: ", value_string(report, "host.cpu_model"), out);
	report_ktap_diagnose("model: ", value_string(report, "model.name"), out);
}

/* The verdict is for people: where all was skipped, each line begins with "ok". The sums are as in kselftest.h. */
static void put_verdict(FILE *out, const json_t *report)
{
	static const char *const results[][2] = {
		{ "pass", "PASS: " }, { "fail", "FAIL: " }, { "skip", "SKIP: " },
	};
	const char *result = value_string(report, "result"), *label = "ERROR: ";
	struct report_counts counts;
	char headline[1024];

	for (size_t i = 0; result && i < sizeof(results) / sizeof(results[0]); i++)
		if (!strcmp(result, results[i][0]))
			label = results[i][1];
	report_headline(report, headline, sizeof(headline));
	report_ktap_diagnose(label, headline, out);
	report_count(report, &counts);
	fprintf(out, "# Totals: pass:%zu fail:%zu xfail:0 xpass:0 skip:%zu error:%d\n", counts.pass, counts.fail,
		counts.skip, report_broke(report));
}

int report_ktap(const json_t *report, FILE *out)
{
	const json_t *checks = value_at(report, "checks"), *check;
	size_t count = json_array_size(checks), i;

	fprintf(out, "KTAP version 1\n1..%zu\n", count + report_broke(report));
	put_host(out, report);
	json_array_foreach(checks, i, check)
		report_ktap_result(check, i + 1, out);
	report_ktap_diagnose("guest: ", value_string(report, "guest.text"), out);
	report_ktap_diagnose("registers: ", value_string(report, "guest.registers"), out);
	if (report_broke(report))
		put_broken(out, report, count + 1);
	put_verdict(out, report);
	fflush(out);
	return 0;
}
