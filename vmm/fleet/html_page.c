// SPDX-License-Identifier: GPL-2.0-only
/* The page around the reports: its style, and an overview if there are several. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "fleet/html.h"
#include "fleet/summary.h"

#define DETAILS_MOST 100	/* reports with details; a page of a thousand hosts stays below 5 MB */
#define OPEN_MOST 3	/* if there are more reports, all are folded */

static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c2127;--dim:#59636e;--line:#d5dae0;"
	"--soft:#f4f6f8;--pass:#0f7b3f;--fail:#c21f2f;--skip:#8a6100;"
	"--p0:#0072b2;--p1:#e08a00;--p2:#009e73;--p3:#b0588f}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e4e8ec;--dim:#9aa5b1;"
	"--line:#343c46;--soft:#1d232a;--pass:#4cc884;--fail:#ff7b82;--skip:#e5b84b;"
	"--p0:#3d9be0;--p1:#f0a83a;--p2:#2fc39a;--p3:#d587b8}}\n"
	"body{margin:0 auto;padding:1.5rem;max-width:72rem;background:var(--bg);color:var(--fg);"
	"font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.2rem;margin:0}"
	"h3{font-size:1rem;margin:1.6rem 0 .4rem}\n"
	"section{margin:2rem 0;padding-top:1rem;border-top:2px solid var(--line)}\n"
	"summary{cursor:pointer}summary h2{display:inline}\n"
	".scroll{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
	"th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;"
	"border-bottom:1px solid var(--line)}\n"
	"thead th{color:var(--dim);font-weight:600;font-size:.87em}"
	"tbody th{font-weight:600;white-space:nowrap;width:1%}\n"
	".n{text-align:right;white-space:nowrap}.w{white-space:nowrap}.mono,pre{font-family:ui-monospace,monospace}\n"
	"pre{background:var(--soft);padding:.7rem;overflow-x:auto;font-size:.87em}\n"
	".pass{color:var(--pass)}.fail,.error{color:var(--fail)}.skip{color:var(--skip)}"
	".pass,.fail,.skip,.error{font-weight:700;text-transform:uppercase}\n"
	".remedy,.dim{color:var(--dim)}a{color:var(--p0)}p{margin:.4rem 0}\n"
	"figure{margin:1.2rem 0}figcaption{font-weight:600;margin-bottom:.3rem}\n"
	"svg{width:100%;min-width:42rem;height:auto;font:13px system-ui,sans-serif}svg text{fill:var(--fg)}"
	"svg .label{text-anchor:end}svg .sum,svg .note{fill:var(--dim)}svg .note{font-size:.8em}\n"
	".p0{fill:var(--p0)}.p1{fill:var(--p1)}.p2{fill:var(--p2)}.p3{fill:var(--p3)}"
	".mark{fill:var(--fg)}.axis{stroke:var(--line)}\n"
	"@media (max-width:48rem){body{padding:.8rem;overflow-wrap:anywhere}"
	"table{display:block;overflow-x:auto}th,td{overflow-wrap:normal}}\n"
	"@media print{section{break-inside:avoid}}\n";

/* "node1, VM 64 GiB in 2 slots" */
static char *label_of(const struct summary *summary)
{
	char *label;

	return asprintf(&label, "%s, VM %s", summary->hostname, summary->facts[FACT_VM]) < 0 ? NULL : label;
}

/* "6.12.117+deb13-cloud-amd64 amd, tdp_mmu off, node1.json" */
static char *note_of(const struct summary *summary)
{
	char *note;

	return asprintf(&note, "%s %s, tdp_mmu %s, %s", summary->facts[FACT_KERNEL], summary->facts[FACT_VENDOR],
			summary->facts[FACT_TDP_MMU], summary->file) < 0 ? NULL : note;
}

static const char *exact_text(const struct summary *summary)
{
	switch (summary_exact(summary)) {
	case EXACT_YES:
		return "exact";
	case EXACT_NO:
		return "mismatch";
	case EXACT_UNKNOWN:
		break;
	}
	return "-";
}

static const char *exact_class(const struct summary *summary)
{
	return summary_exact(summary) == EXACT_NO ? "fail" : NULL;
}

/* Two texts in one cell, so that a page on a telephone shows the cells of a row beside each other. */
static void put_pair(const char *text, const char *below, FILE *out)
{
	fputs("<td class=\"w\">", out);
	html_text(out, text);
	fputs("<br/><span class=\"dim\">", out);
	html_text(out, below);
	fputs("</span></td>", out);
}

static void put_row(const struct summary *summary, size_t id, bool detailed, FILE *out)
{
	char text[AMOUNT_TEXT], kvm[128];

	snprintf(kvm, sizeof(kvm), "%s, tdp_mmu %s, rmaps %s", summary->facts[FACT_VENDOR],
		 summary->facts[FACT_TDP_MMU], summary->facts[FACT_POLICY]);
	if (detailed)
		fprintf(out, "<tr><td><a href=\"#run%zu\">%zu</a></td>", id, id);
	else
		fprintf(out, "<tr><td>%zu</td>", id);
	html_cell(out, html_result_class(summary->facts[FACT_RESULT]),
		  summary->facts[FACT_RESULT]);
	put_pair(summary->hostname, summary->file, out);
	put_pair(summary->facts[FACT_KERNEL], kvm, out);
	html_cell(out, "w", summary->facts[FACT_VM]);
	html_cell(out, "n", amount_bytes(text, summary->creation));
	html_cell(out, "n", amount_bytes(text, summary->transition));
	html_cell(out, exact_class(summary), exact_text(summary));
	html_cell(out, "n", amount_time(text, summary->duration));
	fputs("</tr>\n", out);
}

static int put_chart(const struct summary *summaries, size_t count, FILE *out)
{
	struct chart_bar *bars = calloc(count, sizeof(*bars));
	struct chart chart = {
		.title = "Kernel memory of the VM's arrays",
		.names = { "with the slots", "at the transition" },
		.bars = bars, .count = count,
	};
	int rc = bars ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < count; i++) {
		const struct summary *one = &summaries[i];

		bars[i] = (struct chart_bar){
			.label = label_of(one), .note = note_of(one),
			.parts = { one->creation, one->transition },
			.mark = amount_add(one->creation_predicted, one->transition_predicted),
		};
		rc = bars[i].label && bars[i].note ? 0 : -ENOMEM;
	}
	if (!rc)
		html_chart(&chart, out);
	for (size_t i = 0; bars && i < count; i++) {
		free((char *)bars[i].label);
		free((char *)bars[i].note);
	}
	free(bars);
	return rc;
}

static int put_overview(const struct html_report *reports, size_t count, const bool *detailed, FILE *out)
{
	static const char *const heads[] = {
		"#", "result", "host, file", "kernel, KVM", "VM", ">creation", ">transition", "bytes", ">time",
		NULL
	};
	struct summary *summaries = calloc(count, sizeof(*summaries));
	int rc = summaries ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < count; i++)
		rc = summary_read(reports[i].report, reports[i].name, &summaries[i]);
	if (!rc) {
		fputs("<div class=\"scroll\">\n", out);
		html_table(out, heads);
		for (size_t i = 0; i < count; i++)
			put_row(&summaries[i], i + 1, detailed[i], out);
		fputs("</tbody></table></div>\n", out);
		rc = put_chart(summaries, count, out);
	}
	for (size_t i = 0; summaries && i < count; i++)
		summary_free(&summaries[i]);
	free(summaries);
	return rc;
}

static bool passed(const json_t *report)
{
	const char *result = value_string(report, "result");

	return result && !strcmp(result, "pass");
}

/* A page about many hosts has details of some: first of those that did not pass. */
static void choose_detailed(const struct html_report *reports, size_t count, bool *detailed)
{
	size_t room = DETAILS_MOST;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < count && room; i++)
			if (passed(reports[i].report) == (round == 1)) {
				detailed[i] = true;
				room--;
			}
}

static void put_details(const struct html_report *reports, size_t count, const bool *detailed, FILE *out)
{
	if (count > DETAILS_MOST)
		fprintf(out, "<p class=\"dim\">Details of %d reports, first of those that did not pass.</p>\n", DETAILS_MOST);
	for (size_t i = 0; i < count; i++) {
		if (!detailed[i])
			continue;
		fprintf(out, "<section id=\"run%zu\">\n<details%s>\n", i + 1,
			count <= OPEN_MOST ? " open=\"\"" : "");
		html_run(&reports[i], i + 1, out);
		fputs("</details>\n</section>\n", out);
	}
}

/* It is well-formed XML as well, so that tests can check it. */
int html_page(const struct html_report *reports, size_t count, FILE *out)
{
	bool *detailed = calloc(count, sizeof(*detailed));
	int rc = 0;

	if (!detailed)
		return -ENOMEM;
	choose_detailed(reports, count, detailed);
	fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		"<meta name=\"color-scheme\" content=\"light dark\"/>\n"
		"<title>minivmm: %zu report%s</title>\n<style>\n%s</style>\n</head>\n<body>\n"
		"<h1>KVM's rmaps: %zu report%s</h1>\n", count, count == 1 ? "" : "s", style, count,
		count == 1 ? "" : "s");
	if (count > 1)
		rc = put_overview(reports, count, detailed, out);
	if (!rc)
		put_details(reports, count, detailed, out);
	fputs("</body>\n</html>\n", out);
	free(detailed);
	return rc;
}
