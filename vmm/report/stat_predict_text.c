// SPDX-License-Identifier: GPL-2.0-only
/* `minivmm stat --predict` for people, and what it adds for Prometheus. */
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "report/prom.h"
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

/* The host's own limit, and each cgroup's that several VMs share or one does not fit. */
static bool is_worth_a_line(const json_t *limit)
{
	const char *verdict = value_string(limit, "verdict");
	int64_t vms, limited;

	return value_int(limit, "vms", &vms) && vms && verdict && strcmp(verdict, "paid") &&
	       (vms > 1 || !value_int(limit, "limit_bytes", &limited) ||
		!strcmp(verdict, "would-be-killed"));
}

static void put_limit(const json_t *limit, size_t width, FILE *out)
{
	char need[AMOUNT_TEXT], room[AMOUNT_TEXT], line[1024];
	long long vms = (long long)amount_at(limit, "vms").value;

	snprintf(line, sizeof(line), "%s: %s of %s room, for %lld lazy of %lld VM%s: %s",
		 or_dash(value_string(limit, "where")),
		 amount_bytes(need, amount_at(limit, "first_l2_bytes")),
		 amount_bytes(room, amount_at(limit, "room_bytes")),
		 (long long)amount_at(limit, "lazy_vms").value, vms, vms == 1 ? "" : "s",
		 verdict_text(limit));
	fputs("  ", out);
	text_wrap(out, width, 2, 4, line);
}

/* The last lines: what all lazy VMs take together, and of which limits. */
static void put_limits(const json_t *stat, FILE *out)
{
	size_t i, width = text_columns(out);
	char need[AMOUNT_TEXT];
	const json_t *limit;

	if (width > TEXT_WIDTH)
		width = TEXT_WIDTH;
	fprintf(out, "first nested guests of all VMs: %s\n",
		amount_bytes(need, amount_at(stat, "first_l2_bytes")));
	json_array_foreach(value_at(stat, "limits"), i, limit)
		if (is_worth_a_line(limit))
			put_limit(limit, width, out);
}

/* Prints a reason once for neighbours that have the same. */
static void put_why(const json_t *stat, FILE *out)
{
	const char *last = value_string(stat, "why");
	const json_t *vm;
	size_t i;

	if (last) {
		fputs("the memslots are unavailable: ", out);
		text_wrap(out, 60, 30, 2, last);
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

static void put_samples(FILE *out, const json_t *list, const char *name, const char *help,
			const char *path, bool limits)
{
	const json_t *entry;
	size_t i;

	prom_family(out, name, "gauge", help);
	json_array_foreach(list, i, entry) {
		struct amount amount = amount_at(entry, path);
		char pid[AMOUNT_TEXT], fd[AMOUNT_TEXT];

		if (!amount.known)
			continue;
		if (limits)
			prom_integer(out, name, PROM_LABELS("limit", value_string(entry, "where")),
				     amount.value);
		else
			prom_integer(out, name, PROM_LABELS(
				"pid", amount_exact(pid, amount_at(entry, "pid")),
				"fd", amount_exact(fd, amount_at(entry, "fd")),
				"name", value_string(entry, "name")), amount.value);
	}
}

static void put_verdicts(FILE *out, const json_t *vms)
{
	static const char name[] = "minivmm_vm_verdict";
	const json_t *vm;
	size_t i;

	prom_family(out, name, "gauge", "1: what running its first nested guest means for the VM.");
	json_array_foreach(vms, i, vm) {
		char pid[AMOUNT_TEXT], fd[AMOUNT_TEXT];

		prom_integer(out, name, PROM_LABELS(
			"pid", amount_exact(pid, amount_at(vm, "pid")),
			"fd", amount_exact(fd, amount_at(vm, "fd")),
			"name", value_string(vm, "name"),
			"verdict", value_string(vm, "verdict")), 1);
	}
}

void stat_predict_prom(const json_t *stat, FILE *out)
{
	const json_t *vms = value_at(stat, "vms"), *limits = value_at(stat, "limits");
	struct amount all = amount_at(stat, "first_l2_bytes");
	struct amount available = amount_at(stat, "mem_available_bytes");

	put_samples(out, vms, "minivmm_vm_memory_bytes", "The guest's RAM.", "memory_bytes", false);
	put_samples(out, vms, "minivmm_vm_memslots", "Memslots.", "memslots", false);
	put_samples(out, vms, "minivmm_vm_first_l2_bytes",
		    "What the first nested guest will take for arrays.", "first_l2_bytes", false);
	put_samples(out, vms, "minivmm_vm_room_bytes",
		    "What the tightest limit on the VM still leaves.", "room_bytes", false);
	put_verdicts(out, vms);
	put_samples(out, limits, "minivmm_limit_room_bytes", "What a memory limit still leaves.",
		    "room_bytes", true);
	put_samples(out, limits, "minivmm_limit_first_l2_bytes",
		    "What the first nested guests of all VMs under a limit will take.",
		    "first_l2_bytes", true);
	prom_family(out, "minivmm_first_l2_bytes", "gauge",
		    "What the first nested guests of all VMs will take.");
	if (all.known)
		prom_integer(out, "minivmm_first_l2_bytes", PROM_NO_LABELS, all.value);
	prom_family(out, "minivmm_mem_available_bytes", "gauge", "MemAvailable of the host.");
	if (available.known)
		prom_integer(out, "minivmm_mem_available_bytes", PROM_NO_LABELS, available.value);
}
