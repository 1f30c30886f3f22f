// SPDX-License-Identifier: GPL-2.0-only
/* `minivmm stat --predict` for people. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/stat.h"

/* From these widths on there is room for more than what decides. */
#define WIDTH_MEMORY 84
#define WIDTH_LIMIT 110
#define WIDTH_SLOT 100

#define COLUMN_VERDICT 8	/* of stat_predict_text() */

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

/* The interface's words have dashes. */
static const char *verdict_text(const json_t *of)
{
	const char *verdict = value_string(of, "verdict");

	if (verdict && !strcmp(verdict, "would-be-killed"))
		return "would be killed";
	return verdict && !strcmp(verdict, "has-room") ? "has room" : or_dash(verdict);
}

static void put_vm(struct table *table, const json_t *vm)
{
	bool memory = table->width >= WIDTH_MEMORY, limit = table->width >= WIDTH_LIMIT;
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", amount_exact(text, amount_at(vm, "pid")));
	table_cell(table, "%s", limit ? amount_exact(text, amount_at(vm, "fd")) : "");
	table_cell(table, "%s", or_dash(value_string(vm, "name")));
	table_cell(table, "%s", memory ? amount_bytes(text, amount_at(vm, "memory_bytes")) : "");
	table_cell(table, "%s", limit ? amount_exact(text, amount_at(vm, "memslots")) : "");
	table_cell(table, "%s", memory ? or_dash(value_string(vm, "state")) : "");
	table_cell(table, "%s", amount_bytes(text, amount_at(vm, "first_l2_bytes")));
	table_cell(table, "%s", amount_bytes(text, amount_at(vm, "room_bytes")));
	table_cell(table, "%s", verdict_text(vm));
	table_cell(table, "%s", limit ? or_dash(value_string(vm, "limited_by")) : "");
}

static void put_flags(struct table *table, const json_t *flags)
{
	const char *first = json_string_value(json_array_get(flags, 0));
	const char *second = json_string_value(json_array_get(flags, 1));

	table_cell(table, "%s%s%s", first ? first : "", second ? "," : "", second ? second : "");
}

static void put_slot(struct table *table, const json_t *slot)
{
	bool all = table->width >= WIDTH_SLOT;
	char text[AMOUNT_TEXT];

	table_cell(table, "%s", or_dash(value_string(slot, "space")));
	table_cell(table, "%s", amount_exact(text, amount_at(slot, "id")));
	table_cell(table, "%#llx", (long long)amount_at(slot, "base").value);
	table_cell(table, "%s", amount_bytes(text, amount_at(slot, "size")));
	put_flags(table, all ? value_at(slot, "flags") : NULL);
	table_cell(table, "%s", all ? or_dash(value_string(slot, "kind")) : "");
	table_cell(table, "%s", value_is_true(slot, "rmap") ? "there" : "missing");
	table_cell(table, "%s", value_is_true(slot, "tracking") ? "there" : "missing");
	table_cell(table, "%s", all ? or_dash(value_string(slot, "backing")) : "");
}

static int put_slots(const json_t *vm, FILE *out)
{
	static const struct table_column columns[] = {
		{ "space", false }, { "id", true }, { "base", true }, { "size", true },
		{ "flags", false }, { "kind", false }, { "rmaps", false }, { "tracking", false },
		{ "backing", false },
	};
	const json_t *slots = value_at(vm, "slots"), *slot;
	struct table table = TABLE(columns);
	char rmap[AMOUNT_TEXT], tracking[AMOUNT_TEXT], resident[AMOUNT_TEXT], line[512];
	size_t i;

	if (!json_is_array(slots))
		return 0;
	table.width = text_columns(out);
	snprintf(line, sizeof(line), "VM %lld, %s: missing are %s of rmaps and %s of tracking; %s of "
		 "its memory are there", (long long)amount_at(vm, "pid").value,
		 or_dash(value_string(vm, "name")),
		 amount_bytes(rmap, amount_at(vm, "missing.rmap_bytes")),
		 amount_bytes(tracking, amount_at(vm, "missing.tracking_bytes")),
		 amount_bytes(resident, amount_at(vm, "resident_bytes")));
	fputc('\n', out);
	text_wrap(out, table.width, 0, 2, line);
	json_array_foreach(slots, i, slot)
		put_slot(&table, slot);
	return json_array_size(slots) ? table_print(&table, out) : 0;
}

#define NEED_TEXT (AMOUNT_TEXT + 16)

/* The host's own limit, and each cgroup's that several VMs share or one does not fit. */
static bool is_worth_a_line(const json_t *limit)
{
	const char *verdict = value_string(limit, "verdict");
	int64_t vms, limited;

	return value_int(limit, "vms", &vms) && vms && verdict && strcmp(verdict, "paid") &&
	       (vms > 1 || !value_int(limit, "limit_bytes", &limited) ||
		!strcmp(verdict, "would-be-killed"));
}

/* "at least 12 MiB", where some VM's need is not known. */
static void write_need(char text[NEED_TEXT], const json_t *of)
{
	struct amount all = amount_at(of, "first_l2_bytes");
	struct amount known = amount_at(of, "known_first_l2_bytes");
	char bytes[AMOUNT_TEXT];

	if (all.known || !known.value)
		snprintf(text, NEED_TEXT, "%s", amount_bytes(bytes, all));
	else
		snprintf(text, NEED_TEXT, "at least %s", amount_bytes(bytes, known));
}

/* ", 2 unknown" */
static void write_unknown(char text[NEED_TEXT], const json_t *of)
{
	long long unknown = (long long)amount_at(of, "unknown_vms").value;

	*text = '\0';
	if (unknown)
		snprintf(text, NEED_TEXT, ", %lld unknown", unknown);
}

static void put_limit(const json_t *limit, size_t width, FILE *out)
{
	char need[NEED_TEXT], unknown[NEED_TEXT], room[AMOUNT_TEXT], line[1024];
	long long vms = (long long)amount_at(limit, "vms").value;

	write_need(need, limit);
	write_unknown(unknown, limit);
	snprintf(line, sizeof(line), "%s: %s of %s room, for %lld lazy of %lld VM%s%s: %s",
		 or_dash(value_string(limit, "where")), need,
		 amount_bytes(room, amount_at(limit, "room_bytes")),
		 (long long)amount_at(limit, "lazy_vms").value, vms, vms == 1 ? "" : "s", unknown,
		 verdict_text(limit));
	fputs("  ", out);
	text_wrap(out, width, 2, 4, line);
}

/* The last lines: what all lazy VMs take together, and of which limits. */
static void put_limits(const json_t *stat, FILE *out)
{
	size_t i, width = text_columns(out);
	char need[NEED_TEXT], unknown[NEED_TEXT], line[192];
	const json_t *limit;

	if (width > TEXT_WIDTH)
		width = TEXT_WIDTH;
	write_need(need, stat);
	write_unknown(unknown, stat);
	snprintf(line, sizeof(line), "first nested guests of all VMs: %s%s", need, unknown);
	text_wrap(out, width, 0, 2, line);
	json_array_foreach(value_at(stat, "limits"), i, limit)
		if (is_worth_a_line(limit))
			put_limit(limit, width, out);
}

/* Prints a reason once for neighbours that have the same. */
static void put_why(const json_t *stat, FILE *out)
{
	const char *last = value_string(stat, "why");
	const char *incomplete = value_string(stat, "incomplete_why");
	const json_t *vm;
	size_t i;

	if (last) {
		fputs("the memslots are unavailable: ", out);
		text_wrap(out, 60, 30, 2, last);
	}
	if (incomplete) {
		fputs("other VMs may exist: ", out);
		text_wrap(out, 60, 21, 2, incomplete);
	}
	json_array_foreach(value_at(stat, "vms"), i, vm) {
		const char *why = value_string(vm, "verdict_why");

		if (!why || (last && !strcmp(why, last)))
			continue;
		fprintf(out, "VM %lld is unknown: ", (long long)amount_at(vm, "pid").value);
		text_wrap(out, 60, 28, 2, why);
		last = why;
	}
}

int stat_predict_text(const json_t *stat, FILE *out)
{
	static const struct table_column columns[] = {
		{ "pid", true }, { "fd", true }, { "name", false }, { "memory", true },
		{ "slots", true }, { "rmaps", false }, { "first L2", true }, { "room", true },
		{ "verdict", false }, { "limited by", false },
	};
	const json_t *vms = value_at(stat, "vms"), *vm;
	struct table table = TABLE(columns);
	int rc = 0;
	size_t i;

	table.width = text_columns(out);
	table.whole = 1u << COLUMN_VERDICT;
	json_array_foreach(vms, i, vm)
		put_vm(&table, vm);
	if (json_array_size(vms))
		rc = table_print(&table, out);
	json_array_foreach(vms, i, vm)
		rc = rc ? rc : put_slots(vm, out);
	return rc;
}

void stat_predict_sum(const json_t *stat, FILE *out)
{
	put_why(stat, out);
	put_limits(stat, out);
}
