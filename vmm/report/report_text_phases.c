// SPDX-License-Identifier: GPL-2.0-only
/* What happened in each phase, and the kernel memory after it. */
#include <string.h>

#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/array_amount.h"
#include "report/report_render.h"

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

/* Columns are left out if all phases have the same value in them, or none. */
struct phase_facts {
	const char *source;	/* of an rmap_state; NULL: there is none */
	bool several_sources, l1_pages;
};

static void read_facts(const json_t *phases, struct phase_facts *facts)
{
	const json_t *phase;
	size_t i;

	*facts = (struct phase_facts){ 0 };
	json_array_foreach(phases, i, phase) {
		const char *source = value_string(phase, "state_source");

		if (source && facts->source && strcmp(source, facts->source))
			facts->several_sources = true;
		if (source)
			facts->source = source;
		if (amount_at(phase, "l1_pages").value)
			facts->l1_pages = true;
	}
}

static void put_phase(struct table *table, const json_t *phase, const struct phase_facts *facts)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", or_dash(value_string(phase, "name")));
	table_cell(table, "%s", or_dash(value_string(phase, "do")));
	table_cell(table, "%s", or_dash(value_string(phase, "expect")));
	table_cell(table, "%s", or_dash(value_string(phase, "rmap_state")));
	table_cell(table, "%s", facts->several_sources ?
		   or_dash(value_string(phase, "state_source")) : "");
	table_cell(table, "%s", amount_time(text, amount_at(phase, "duration_ns")));
	table_cell(table, "%s", amount_exact(text, amount_at(phase, "l2_entries")));
	table_cell(table, "%s", amount_exact(text, amount_at(phase, "l2_pages")));
	table_cell(table, "%s", facts->l1_pages ?
		   amount_exact(text, amount_at(phase, "l1_pages")) : "");
	table_cell(table, "%s", json_is_false(value_at(phase, "done")) ? "not done" : "");
}

int report_text_phases(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "phase", false }, { "do", false }, { "expect", false }, { "rmaps", false },
		{ "source", false }, { "time", true }, { "L2 entries", true },
		{ "L2 pages", true }, { "L1 pages", true }, { "", false },
	};
	const json_t *phases = value_at(report, "phases"), *phase;
	struct table table = TABLE(columns);
	struct phase_facts facts;
	size_t i;

	if (!json_array_size(phases))
		return 0;
	read_facts(phases, &facts);
	json_array_foreach(phases, i, phase)
		put_phase(&table, phase, &facts);
	fputs("\nPhases", out);
	if (facts.source && !facts.several_sources) {
		fputs("; source of the rmap states: ", out);
		text_put(out, facts.source);
	}
	fputc('\n', out);
	return table_print(&table, out);
}

/* The VM's arrays, or the host's vmalloc if no source shows the arrays. */
static void put_memory(struct table *table, const json_t *phase, bool arrays,
		       struct amount *before)
{
	struct amount vmalloc = amount_at(phase, "snapshot.meminfo.vmalloc_used_bytes");
	struct amount now = arrays ? amount_arrays(phase) : vmalloc;
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", or_dash(value_string(phase, "name")));
	table_cell(table, "%s", !arrays ? "" :
		   amount_bytes(text, amount_array(phase, ARRAY_RMAP)));
	table_cell(table, "%s", !arrays ? "" :
		   amount_bytes(text, amount_array(phase, ARRAY_TRACKING)));
	table_cell(table, "%s", !arrays ? "" : amount_bytes(text, amount_other_arrays(phase)));
	table_cell(table, "%s", !arrays ? "" : amount_bytes(text, now));
	table_cell(table, "%s", arrays ? amount_change(text, amount_subtract(now, *before)) : "");
	table_cell(table, "%s", amount_bytes(text, vmalloc));
	table_cell(table, "%s", arrays ? "" : amount_change(text, amount_subtract(now, *before)));
	*before = now;
}

static bool any_phase_has(const json_t *phases, const char *path)
{
	const json_t *phase;
	size_t i;

	json_array_foreach(phases, i, phase)
		if (amount_at(phase, path).known)
			return true;
	return false;
}

int report_text_memory(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "after", false }, { "rmap", true }, { "tracking", true }, { "other", true },
		{ "all", true }, { "change", true }, { "VmallocUsed", true }, { "change", true },
	};
	const json_t *phases = value_at(report, "phases"), *phase;
	bool arrays = any_phase_has(phases, array_bytes_key(ARRAY_RMAP));
	struct table table = TABLE(columns);
	struct amount before = arrays ? AMOUNT_ZERO :
			       amount_at(report, "baseline.meminfo.vmalloc_used_bytes");
	size_t i;

	if (!arrays && !any_phase_has(phases, "snapshot.meminfo.vmalloc_used_bytes"))
		return 0;
	json_array_foreach(phases, i, phase)
		put_memory(&table, phase, arrays, &before);
	fputc('\n', out);
	text_wrap(out, text_columns(out), 0, 0,
		  arrays ? "Kernel memory of the VM's arrays; VmallocUsed is the whole host's" :
			   "Kernel memory of the whole host: no source shows the VM's arrays");
	return table_print(&table, out);
}
