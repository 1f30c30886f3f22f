// SPDX-License-Identifier: GPL-2.0-only
/* A comparison for people: first the changes that make the exit status 1. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "fleet/diff.h"

#define NAMES_MOST 6	/* of config keys, in the headline */

/* "a: before.json: lab, VM 64 GiB in 2 slots, kernel 6.12.118, 2026-11-26T00:45:00Z, pass" */
static void put_side(const json_t *diff, const char *side, FILE *out)
{
	static const char *const members[][2] = {
		{ "hostname", "" }, { "vm", "VM " }, { "kernel", "kernel " }, { "started", "" }, { "result", "" },
	};
	const json_t *value = value_at(diff, side);
	const char *file = value_string(value, "file"), *before = ": ";
	char line[1024];
	size_t at = (size_t)snprintf(line, sizeof(line), "%s: %s", side, file ? file : "?");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && at < sizeof(line); i++) {
		const char *text = value_string(value, members[i][0]);

		if (!text)
			continue;
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s%s", before, members[i][1], text);
		before = ", ";
	}
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 5, line);
}

static bool has_change(const json_t *diff, const char *kind)
{
	const json_t *change;
	size_t i;

	json_array_foreach(value_at(diff, "changes"), i, change) {
		const char *of = value_string(change, "kind");

		if (of && !strcmp(of, kind))
			return true;
	}
	return false;
}

/* What differs, by its first names: a change need not come from the host. */
static void put_configs(const json_t *diff, FILE *out)
{
	char line[512] = "The configs differ, so a change need not come from the host:";
	size_t at = strlen(line), count = 0, i;
	const json_t *change;

	json_array_foreach(value_at(diff, "changes"), i, change) {
		const char *of = value_string(change, "kind"), *name = value_string(change, "name");

		if (!of || strcmp(of, "config"))
			continue;
		if (count++ < NAMES_MOST && at < sizeof(line))
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s %.60s", count > 1 ? "," : "",
					       name ? name : "-");
	}
	if (count > NAMES_MOST && at < sizeof(line))
		snprintf(line + at, sizeof(line) - at, " and %zu more", count - NAMES_MOST);
	fputs("  ", out);
	text_wrap(out, text_prose(out), 2, 4, line);
}

/* Times of several runs that are longer than those before by more than their noise. */
static void put_slower(const json_t *diff, FILE *out)
{
	const json_t *change;
	size_t i;

	json_array_foreach(value_at(diff, "changes"), i, change) {
		const char *name = value_string(change, "name");
		struct amount a = amount_at(change, "a"), b = amount_at(change, "b");
		char line[256];

		if (!value_is_true(change, "beyond_noise") || !a.known || !b.known || b.value <= a.value)
			continue;
		snprintf(line, sizeof(line), "slower, beyond noise: %.120s", name ? name : "-");
		fputs("  ", out);
		text_wrap(out, text_prose(out), 2, 4, line);
	}
}

static void put_verdict(const char *verdict, const char *why, FILE *out)
{
	text_verdict(out, verdict);
	fprintf(out, ": %s\n", why);
}

static void put_headline(const json_t *diff, FILE *out)
{
	bool configs = has_change(diff, "config");
	bool verdict = value_is_true(diff, "verdict_changed");
	bool bytes = value_is_true(diff, "more_bytes");

	if (verdict && bytes)
		put_verdict("WORSE OR DIFFERENT", "a verdict changed, b takes more bytes", out);
	else if (verdict)
		put_verdict("DIFFERENT", "a verdict changed", out);
	else if (bytes)
		put_verdict("WORSE", "b takes more bytes", out);
	else if (configs)
		put_verdict("DIFFERENT CONFIGS", "no verdict changed, and b takes no more bytes", out);
	else
		put_verdict("SAME", "every verdict, and no more bytes", out);
	put_side(diff, "a", out);
	put_side(diff, "b", out);
	if (configs)
		put_configs(diff, out);
	put_slower(diff, out);
}

/* The value as the report has it; "-" if it is unknown. */
static void put_value(struct table *table, const json_t *change, const char *side,
		      const char *kind)
{
	const json_t *value = value_at(change, side);
	char text[AMOUNT_TEXT], *dump;

	if (!value || json_is_null(value)) {
		table_cell(table, "-");
	} else if (json_is_string(value)) {
		table_cell(table, "%s", json_string_value(value));
	} else if (!strcmp(kind, "time")) {
		table_cell(table, "%s", amount_time(text, amount_at(change, side)));
	} else {
		dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		table_cell(table, "%s", dump ? dump : "?");
		free(dump);
	}
}

/* Several runs show how much they differ among themselves. */
static const char *noise_text(const json_t *change, struct amount a, struct amount b)
{
	const json_t *beyond = value_at(change, "beyond_noise");

	if (!json_is_boolean(beyond))
		return "";
	if (!json_is_true(beyond))
		return ", within noise";
	return b.value > a.value ? ", slower, beyond noise" : ", faster, beyond noise";
}

/* By how much it changed, if it is a figure. */
static void put_change(struct table *table, const json_t *change, const char *kind)
{
	struct amount a = amount_at(change, "a"), b = amount_at(change, "b");
	char text[AMOUNT_TEXT];

	if (!strcmp(kind, "bytes"))
		table_cell(table, "%s", amount_change(text, amount_subtract(b, a)));
	else if (!strcmp(kind, "time") && a.known && b.known && a.value > 0)
		table_cell(table, "x%.2f%s", (double)b.value / (double)a.value, noise_text(change, a, b));
	else
		table_cell(table, "%s", "");
}

static int put_kind(const json_t *changes, const char *kind, FILE *out)
{
	static const struct table_column columns[] = {
		{ "", false }, { "a", true }, { "b", true }, { "change", true },
	};
	struct table table = TABLE(columns);
	const json_t *change;
	size_t count = 0, i;

	json_array_foreach(changes, i, change) {
		const char *of = value_string(change, "kind"), *name = value_string(change, "name");

		if (!of || strcmp(of, kind))
			continue;
		table_cell(&table, "%s", name ? name : "-");
		put_value(&table, change, "a", kind);
		put_value(&table, change, "b", kind);
		put_change(&table, change, kind);
		count++;
	}
	if (count)
		fprintf(out, "\n%c%s\n", kind[0] - 'a' + 'A', kind + 1);
	return count ? table_print(&table, out) : 0;
}

int diff_text(const json_t *diff, FILE *out)
{
	int rc = 0;

	put_headline(diff, out);
	for (size_t i = 0; !rc && diff_kinds[i]; i++)
		rc = put_kind(value_at(diff, "changes"), diff_kinds[i], out);
	return rc;
}
