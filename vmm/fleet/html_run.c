// SPDX-License-Identifier: GPL-2.0-only
/* One report on the page: the verdict first, then its evidence. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "fleet/html.h"
#include "fleet/summary.h"
#include "report/array_amount.h"
#include "report/report_render.h"

#define SLOTS_MOST 64	/* rows of slots; there may be 32764 */

static void put_title(const struct html_report *run, size_t id, FILE *out)
{
	const char *result = value_string(run->report, "result");
	const char *kernel = value_string(run->report, "host.kernel");
	const char *hostname = value_string(run->report, "host.hostname");
	const char *class = html_result_class(result);
	char headline[1024], *vm = summary_vm(run->report);

	report_headline(run->report, headline, sizeof(headline));
	fprintf(out, "<summary><h2><span class=\"%s\">", class ? class : "dim");
	html_text(out, result ? result : "?");
	fprintf(out, "</span> %zu: ", id);
	html_text(out, hostname ? hostname : "unknown host");
	fputs(", VM ", out);
	html_text(out, vm ? vm : "-");
	fputs("</h2> <span class=\"dim\">", out);
	html_text(out, kernel ? kernel : "unknown kernel");
	fputs(", ", out);
	html_text(out, run->name);
	fputs("</span><p>", out);
	html_text(out, headline);
	fputs("</p></summary>\n", out);
	free(vm);
}

static const char *on_off(const json_t *report, const char *path)
{
	const json_t *value = value_at(report, path);

	if (!json_is_boolean(value))
		return NULL;
	return json_is_true(value) ? "on" : "off";
}

static void put_facts(const struct html_report *run, FILE *out)
{
	const json_t *report = run->report;
	char seed[AMOUNT_TEXT], time[AMOUNT_TEXT];
	const char *seed_text = value_string(report, "seed");

	fputs("<h3>Host</h3>\n<table><tbody>\n", out);
	html_fact(out, "file", run->name);
	html_fact(out, "hostname", value_string(report, "host.hostname"));
	html_fact(out, "kernel", value_string(report, "host.kernel"));
	html_fact(out, "CPU", value_string(report, "host.cpu_model"));
	html_fact(out, "vendor", value_string(report, "host.cpu_vendor"));
	html_fact(out, "kvm.tdp_mmu", on_off(report, "host.kvm.tdp_mmu"));
	html_fact(out, "NPT or EPT", on_off(report, "host.kvm.tdp"));
	html_fact(out, "nested", on_off(report, "host.kvm.nested"));
	html_fact(out, "rmaps", value_string(report, "host.rmap_policy"));
	html_fact(out, "model", value_string(report, "model.name"));
	html_fact(out, "started", value_string(report, "started"));
	html_fact(out, "took", amount_time(time, amount_at(report, "duration_ns")));
	html_fact(out, "seed", seed_text ? seed_text : amount_exact(seed, amount_at(report, "seed")));
	html_fact(out, "minivmm", value_string(report, "tool.version"));
	fputs("</tbody></table>\n", out);
}

/* The bytes predicted after the slots are created, and after rmaps are allocated. */
static struct amount predicted_after(const json_t *report, const json_t *phase)
{
	struct amount creation = amount_arrays(value_at(report, "predicted.creation"));
	struct amount transition = amount_arrays(value_at(report, "predicted.transition"));
	const char *policy = value_string(report, "host.rmap_policy");
	const char *state = value_string(phase, "rmap_state");

	if (!policy || !state)
		return (struct amount){ 0 };
	return !strcmp(state, "allocated") ? amount_add(creation, transition) : creation;
}

_Static_assert(ARRAY_COUNT <= CHART_PARTS, "a bar has room for every array");

static void put_chart(const json_t *report, FILE *out)
{
	const json_t *phases = value_at(report, "phases"), *phase;
	struct chart_bar *bars = calloc(json_array_size(phases) + 1, sizeof(*bars));
	struct chart chart = {
		.title = "Kernel memory of the VM's arrays after each phase",
		.bars = bars,
	};
	bool any = false;
	size_t i;

	if (!bars)
		return;
	json_array_foreach(phases, i, phase) {
		bars[i] = (struct chart_bar){
			.label = value_string(phase, "name"), .mark = predicted_after(report, phase),
		};
		for (int array = 0; array < ARRAY_COUNT; array++)
			bars[i].parts[array] = amount_array(phase, (enum array)array);
		any = any || amount_array(phase, ARRAY_RMAP).known;
	}
	for (int array = 0; array < ARRAY_COUNT; array++)
		chart.names[array] = array_label((enum array)array);
	chart.count = json_array_size(phases);
	if (any)
		html_chart(&chart, out);
	free(bars);
}

static void put_phases(const json_t *report, FILE *out)
{
	static const char *const heads[] = {
		"phase", "do", "expect", "rmaps", "source", ">time", ">L2 entries", ">L2 pages",
		">rmap", ">tracking", ">other", NULL
	};
	const json_t *phases = value_at(report, "phases"), *phase;
	char text[AMOUNT_TEXT];
	size_t i;

	if (!json_array_size(phases))
		return;
	fputs("<h3>Phases</h3>\n<div class=\"scroll\">\n", out);
	html_table(out, heads);
	json_array_foreach(phases, i, phase) {
		fputs("<tr>", out);
		html_cell(out, NULL, value_string(phase, "name"));
		html_cell(out, NULL, value_string(phase, "do"));
		html_cell(out, NULL, value_string(phase, "expect"));
		html_cell(out, NULL, value_string(phase, "rmap_state"));
		html_cell(out, NULL, value_string(phase, "state_source"));
		html_cell(out, "n", amount_time(text, amount_at(phase, "duration_ns")));
		html_cell(out, "n", amount_exact(text, amount_at(phase, "l2_entries")));
		html_cell(out, "n", amount_exact(text, amount_at(phase, "l2_pages")));
		html_cell(out, "n", amount_bytes(text, amount_array(phase, ARRAY_RMAP)));
		html_cell(out, "n", amount_bytes(text, amount_array(phase, ARRAY_TRACKING)));
		html_cell(out, "n", amount_bytes(text, amount_other_arrays(phase)));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void put_array(const char *name, struct amount predicted, struct amount measured, FILE *out)
{
	struct amount off = amount_subtract(measured, predicted);
	char text[AMOUNT_TEXT];

	fputs("<tr>", out);
	html_cell(out, NULL, name);
	html_cell(out, "n", amount_exact(text, predicted));
	html_cell(out, "n", amount_exact(text, measured));
	html_cell(out, off.value ? "n fail" : "n", !off.known ? NULL : !off.value ? "exact" :
		  amount_change(text, off));
	html_cell(out, "n", amount_bytes(text, measured.known ? measured : predicted));
	fputs("</tr>\n", out);
}

static void put_arrays(const json_t *transition, FILE *out)
{
	static const char *const heads[] = {
		"bytes of", ">predicted", ">measured", ">difference", "", NULL
	};
	static const enum array arrays[] = { ARRAY_RMAP, ARRAY_TRACKING };

	html_table(out, heads);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		put_array(array_name(arrays[i]),
			  amount_transition_array(transition, arrays[i], "predicted"),
			  amount_transition_array(transition, arrays[i], "measured"), out);
	put_array("total", amount_transition(transition, "predicted"),
		  amount_transition(transition, "measured"), out);
	fputs("</tbody></table>\n", out);
}

static void put_transition(const json_t *report, FILE *out)
{
	const json_t *transition = value_at(report, "transition");
	bool observed = value_is_true(transition, "observed");
	char advice[REPORT_ADVICE];

	report_advice(report, advice);
	if (!observed && !advice[0])
		return;
	fputs("<h3>Transition</h3>\n", out);
	if (observed)
		put_arrays(transition, out);
	fputs("<p>", out);
	html_text(out, advice);
	fputs("</p>\n", out);
}

static void put_checks(const json_t *report, FILE *out)
{
	static const char *const heads[] = { "result", "check", "reason", NULL };
	const json_t *checks = value_at(report, "checks"), *check;
	size_t i;

	if (!json_array_size(checks))
		return;
	fputs("<h3>Checks</h3>\n", out);
	html_table(out, heads);
	json_array_foreach(checks, i, check) {
		const char *result = value_string(check, "result");
		const char *reason = value_string(check, "reason");
		const char *remedy = value_string(check, "remedy");

		fputs("<tr>", out);
		html_cell(out, html_result_class(result), result);
		html_cell(out, "mono", value_string(check, "name"));
		fputs("<td>", out);
		html_text(out, reason ? reason : "-");
		if (remedy && result && strcmp(result, "pass")) {
			fputs("<br/><span class=\"remedy\">&#8594; ", out);
			html_text(out, remedy);
			fputs("</span>", out);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

static void put_slots(const json_t *report, FILE *out)
{
	static const char *const heads[] = {
		"slot", "space", ">base", ">size", ">rmap", ">tracking", ">other", NULL
	};
	const json_t *slots = value_at(report, "slots"), *slot;
	char text[AMOUNT_TEXT];
	size_t i;

	if (!json_array_size(slots))
		return;
	fputs("<h3>Slots, and the kernel memory predicted for them</h3>\n<div class=\"scroll\">\n",
	      out);
	html_table(out, heads);
	json_array_foreach(slots, i, slot) {
		const json_t *predicted = value_at(slot, "predicted");
		struct amount base = amount_at(slot, "base");

		if (i == SLOTS_MOST)
			break;
		fputs("<tr>", out);
		html_cell(out, NULL, value_string(slot, "name"));
		html_cell(out, NULL, value_string(slot, "space"));
		snprintf(text, sizeof(text), "0x%llx", (unsigned long long)base.value);
		html_cell(out, "n mono", base.known ? text : NULL);
		html_cell(out, "n", amount_bytes(text, amount_at(slot, "size")));
		html_cell(out, "n", amount_bytes(text, amount_array(predicted, ARRAY_RMAP)));
		html_cell(out, "n", amount_bytes(text, amount_array(predicted, ARRAY_TRACKING)));
		html_cell(out, "n", amount_bytes(text, amount_other_arrays(predicted)));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
	if (json_array_size(slots) > SLOTS_MOST)
		fprintf(out, "<p class=\"dim\">and %zu more</p>\n",
			json_array_size(slots) - SLOTS_MOST);
}

static void put_trouble(const json_t *report, FILE *out)
{
	static const char *const texts[] = { "guest.text", "guest.registers", "guest.console" };

	if (!value_string(report, "guest.trouble"))
		return;
	fputs("<h3>Guest, which failed</h3>\n", out);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = value_string(report, texts[i]);

		if (!text)
			continue;
		fputs("<pre>", out);
		html_text(out, text);
		fputs("</pre>\n", out);
	}
}

static void put_sources(const json_t *report, FILE *out)
{
	const json_t *sources = value_at(report, "host.sources"), *status;
	const char *name;

	if (!json_object_size(sources))
		return;
	fputs("<h3>Sources</h3>\n<table><tbody>\n", out);
	json_object_foreach((json_t *)sources, name, status) {
		fputs("<tr><th scope=\"row\">", out);
		html_text(out, name);
		fputs("</th>", out);
		html_cell(out, NULL, json_string_value(status));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

void html_run(const struct html_report *run, size_t id, FILE *out)
{
	put_title(run, id, out);
	put_chart(run->report, out);
	put_transition(run->report, out);
	html_contention(run->report, out);
	put_phases(run->report, out);
	put_trouble(run->report, out);
	put_checks(run->report, out);
	put_slots(run->report, out);
	put_facts(run, out);
	put_sources(run->report, out);
}
