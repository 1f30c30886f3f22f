// SPDX-License-Identifier: GPL-2.0-only
/* The report as JUnit's XML, as CI systems read it: a test case for each check. */
#include <string.h>

#include "base/amount.h"
#include "base/value.h"
#include "base/xml.h"
#include "report/report_render.h"

static void put_attribute(FILE *out, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(out, " %s=\"", name);
	xml_put(out, text);
	fputc('"', out);
}

/* "tests", "time"... of a suite, which is the only one. */
static void put_sums(const json_t *report, FILE *out)
{
	struct amount ns = amount_at(report, "duration_ns");
	struct report_counts counts;
	bool broke = report_broke(report);

	report_count(report, &counts);
	fprintf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\"", counts.checks + broke,
		counts.fail, broke, counts.skip);
	if (ns.known && ns.value >= 0)
		fprintf(out, " time=\"%lld.%09lld\"", (long long)(ns.value / 1000000000),
			(long long)(ns.value % 1000000000));
}

static void put_property(const json_t *report, const char *name, const char *path, FILE *out)
{
	const char *text = value_string(report, path);

	if (!text)
		return;
	fprintf(out, "      <property name=\"%s\"", name);
	put_attribute(out, "value", text);
	fputs("/>\n", out);
}

static void put_properties(const json_t *report, FILE *out)
{
	fputs("    <properties>\n", out);
	put_property(report, "minivmm", "tool.version", out);
	put_property(report, "kernel", "host.kernel", out);
	put_property(report, "cpu_vendor", "host.cpu_vendor", out);
	put_property(report, "cpu_model", "host.cpu_model", out);
	put_property(report, "rmap_policy", "host.rmap_policy", out);
	put_property(report, "model", "model.name", out);
	fputs("    </properties>\n", out);
}

static void open_case(const char *name, FILE *out)
{
	fputs("    <testcase classname=\"minivmm\"", out);
	put_attribute(out, "name", name ? name : "unnamed");
}

/* "failure", "skipped" or "error", with its reason; the remedy is its text. */
static void close_case(const char *what, const char *reason, const char *remedy, FILE *out)
{
	fprintf(out, ">\n      <%s", what);
	put_attribute(out, "message", reason ? reason : "no reason given");
	fputc('>', out);
	if (remedy) {
		fputs("remedy: ", out);
		xml_put(out, remedy);
	}
	fprintf(out, "</%s>\n    </testcase>\n", what);
}

static void put_check(const json_t *check, FILE *out)
{
	const char *result = value_string(check, "result");
	const char *reason = value_string(check, "reason"), *remedy = value_string(check, "remedy");

	open_case(value_string(check, "name"), out);
	if (result && !strcmp(result, "pass"))
		fputs("/>\n", out);
	else
		close_case(result && !strcmp(result, "skip") ? "skipped" : "failure", reason, remedy, out);
}

static void put_broken(const json_t *report, FILE *out)
{
	char headline[1024];

	report_headline(report, headline, sizeof(headline));
	open_case("run", out);
	close_case("error", headline, report_remedy(report), out);
}

static void open_suite(const json_t *report, FILE *out)
{
	const char *config = value_string(report, "config_name"), *started = value_string(report, "started");
	char second[20] = "";

	/* JUnit's times have no zone. */
	if (started)
		snprintf(second, sizeof(second), "%s", started);
	fputs("  <testsuite", out);
	put_attribute(out, "name", config ? config : "minivmm");
	put_attribute(out, "hostname", value_string(report, "host.hostname"));
	put_attribute(out, "timestamp", started ? second : NULL);
	put_sums(report, out);
	fputs(">\n", out);
}

int report_junit(const json_t *report, FILE *out)
{
	const json_t *check;
	size_t i;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"minivmm\"", out);
	put_sums(report, out);
	fputs(">\n", out);
	open_suite(report, out);
	put_properties(report, out);
	json_array_foreach(value_at(report, "checks"), i, check)
		put_check(check, out);
	if (report_broke(report))
		put_broken(report, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return 0;
}
