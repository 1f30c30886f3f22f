// SPDX-License-Identifier: GPL-2.0-only
/* What the transition spent its time on. */
#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/report_render.h"

#define SLOTS_SHOWN 8

static void put_calls(struct table *table, const char *name, const json_t *calls)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", name);
	table_cell(table, "%s", amount_exact(text, amount_at(calls, "calls")));
	table_cell(table, "%s", amount_time(text, amount_at(calls, "total_ns")));
	table_cell(table, "%s", amount_time(text, amount_at(calls, "max_ns")));
}

static void put_whole(struct table *table, const char *name, struct amount time)
{
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", name);
	table_cell(table, "%s", "");
	table_cell(table, "%s", amount_time(text, time));
	table_cell(table, "%s", "");
}

static void put_slots(const json_t *slots, FILE *out)
{
	size_t count = json_array_size(slots);
	char bytes[AMOUNT_TEXT], time[AMOUNT_TEXT];

	for (size_t i = 0; i < count && i < SLOTS_SHOWN; i++) {
		const json_t *slot = json_array_get(slots, i);
		struct amount size = amount_at(slot, "pages");

		size.value *= 4096;
		fprintf(out, "  rmaps of a slot of %s: %s\n", amount_bytes(bytes, size),
			amount_time(time, amount_at(slot, "rmap_ns")));
	}
	if (count > SLOTS_SHOWN)
		fputs("  and more slots\n", out);
}

int report_text_trace(const json_t *report, FILE *out)
{
	static const struct table_column columns[] = {
		{ "", false }, { "calls", true }, { "total", true }, { "longest", true },
	};
	const json_t *trace = value_at(report, "trace");
	const char *why = value_string(trace, "unavailable");
	struct table table = TABLE(columns);
	int rc;

	if (!trace || json_is_null(trace))
		return 0;
	fputs("\nThe transition, measured with kprobes\n", out);
	if (why) {
		fputs("  unavailable: ", out);
		text_wrap(out, text_prose(out), 15, 2, why);
		return 0;
	}
	put_whole(&table, "kvm_mmu_load that allocated rmaps", amount_at(trace, "kvm_mmu_load_ns"));
	put_calls(&table, "memslot_rmap_alloc", value_at(trace, "memslot_rmap_alloc"));
	put_calls(&table, "kvm_page_track_write_tracking_alloc",
		  value_at(trace, "write_tracking_alloc"));
	put_whole(&table, "memset of as many bytes", amount_at(trace, "memset_floor_ns"));
	rc = table_print(&table, out);
	put_slots(value_at(trace, "slots"), out);
	return rc;
}
