// SPDX-License-Identifier: GPL-2.0-only
/* Merged reports, for people and for spreadsheets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/table.h"
#include "base/text.h"
#include "base/value.h"
#include "fleet/hosts.h"
#include "fleet/merge.h"

#define HOSTS_MOST 8	/* names and ranges of a group; merge_text_all() has all hosts */

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* A run that was skipped or failed may not know a fact: this is no reason for a column. */
static bool silent(const json_t *group, enum fact fact)
{
	const char *result = value_string(group, "result");

	return !value_string(group, fact_name(fact)) && result &&
	       (!strcmp(result, "skip") || !strcmp(result, "error"));
}

/* The fact's first known value, or NULL. */
static const char *first_text(const json_t *groups, enum fact fact)
{
	const json_t *group;
	size_t i;

	json_array_foreach(groups, i, group)
		if (value_string(group, fact_name(fact)))
			return value_string(group, fact_name(fact));
	return NULL;
}

/* A fact that all groups have in common is printed once, before the table. */
static bool common(const json_t *groups, enum fact fact)
{
	const char *first = first_text(groups, fact), *text;
	const json_t *group;
	size_t i;

	json_array_foreach(groups, i, group) {
		text = value_string(group, fact_name(fact));
		if (!silent(group, fact) && strcmp(first ? first : "-", text ? text : "-"))
			return false;
	}
	return true;
}

/*
 * Facts that are shown of each group only if groups differ in them. They have a column. If the table is too wide, the
 * long ones move below it, to the group's hosts, in the order of `moves`: cut in a column, they could look alike.
 */
static const struct alike {
	enum fact fact;
	const char *head;
	unsigned int moves;	/* 0: never */
} alike[] = {
	{ FACT_CPU, "CPU", 1 }, { FACT_VENDOR, "vendor", 0 }, { FACT_KERNEL, "kernel", 3 },
	{ FACT_TDP_MMU, "tdp_mmu", 0 }, { FACT_TDP, "npt/ept", 0 }, { FACT_NESTED, "nested", 0 },
	{ FACT_POLICY, "rmaps", 0 }, { FACT_VM, "VM", 2 },
};

#define ALIKE_COUNT (sizeof(alike) / sizeof(alike[0]))
#define MOVES_MOST 3

/* Where the facts of alike[] are shown. */
struct places {
	bool common[ALIKE_COUNT];	/* once for all groups: found once, as it looks at every group */
	unsigned int moved;		/* so many have moved out of the table */
};

static struct places find_common(const json_t *groups)
{
	struct places places = { 0 };

	for (size_t i = 0; i < ALIKE_COUNT; i++)
		places.common[i] = common(groups, alike[i].fact);
	return places;
}

static bool is_moved(const struct places *places, size_t i)
{
	return alike[i].moves && alike[i].moves <= places->moved;
}

static void put_alike(const json_t *groups, const struct places *places, FILE *out)
{
	char line[1024] = "All:";
	size_t at = 4;

	for (size_t i = 0; i < ALIKE_COUNT && at < sizeof(line); i++) {
		const char *text = first_text(groups, alike[i].fact);

		if (text && places->common[i])
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s %s %s",
					       at > 4 ? "," : "", alike[i].head, text);
	}
	if (at == 4)
		return;
	fputc('\n', out);
	text_wrap(out, text_prose(out), 0, 5, line);
}

/* "128.5 MiB", or "128..140 MiB" if the reports of the group differ. */
static void put_figure(struct table *table, const json_t *group, const char *path,
		       char *(*text)(char buffer[AMOUNT_TEXT], struct amount amount), bool median)
{
	const json_t *spread = value_at(group, path);
	struct amount min = amount_at(spread, "min"), max = amount_at(spread, "max");
	char low[AMOUNT_TEXT], high[AMOUNT_TEXT], *unit, *other;

	if (median || amount_equal(min, max) || !min.known) {
		table_cell(table, "%s", text(low, amount_at(spread, "median")));
		return;
	}
	unit = strchr(text(low, min), ' ');
	other = strchr(text(high, max), ' ');
	if (unit && other && !strcmp(unit, other))
		*unit = '\0';
	table_cell(table, "%s..%s", low, high);
}

static const char *exact_word(const json_t *group)
{
	const json_t *exact = value_at(group, "exact");

	if (json_is_boolean(exact))
		return json_is_true(exact) ? "exact" : "MISMATCH";
	return "-";
}

static void put_group(struct table *table, const json_t *groups, size_t i, bool several, const struct places *places)
{
	const json_t *group = json_array_get(groups, i);
	char text[AMOUNT_TEXT];

	table_cell(table, "%zu", i + 1);
	table_cell(table, "%s", several ? amount_exact(text, amount_at(group, "reports")) : "");
	table_cell(table, "%s", or_dash(value_string(group, "result")));
	for (size_t k = 0; k < ALIKE_COUNT; k++)
		table_cell(table, "%s", places->common[k] || is_moved(places, k) ? "" :
			   or_dash(value_string(group, fact_name(alike[k].fact))));
	put_figure(table, group, "creation_bytes.measured", amount_bytes, false);
	put_figure(table, group, "transition_bytes.measured", amount_bytes, false);
	table_cell(table, "%s", exact_word(group));
	put_figure(table, group, "duration_ns", amount_time, true);
}

/* Moves facts out of the table until it fits. 0 or -ENOMEM. */
static int put_groups(const json_t *groups, bool several, struct places *places, FILE *out)
{
	static const struct table_column columns[] = {
		{ "#", true }, { "reports", true }, { "result", false }, { "CPU", false },
		{ "vendor", false }, { "kernel", false }, { "tdp_mmu", false },
		{ "npt/ept", false }, { "nested", false }, { "rmaps", false }, { "VM", false },
		{ "creation", true }, { "transition", true }, { "bytes", false }, { "time", true },
	};
	struct table table = TABLE(columns);

	fputc('\n', out);
	for (;;) {
		for (size_t i = 0; i < json_array_size(groups); i++)
			put_group(&table, groups, i, several, places);
		if (table.error || places->moved == MOVES_MOST || table_fits(&table, out))
			return table_print(&table, out);
		table_free(&table);
		places->moved++;
	}
}

/* "kernel 6.12.118; fail: rmap.exact; " */
static void put_facts(const json_t *group, const struct places *places, FILE *line)
{
	const char *reason = value_string(group, "reason");

	for (size_t i = 0; i < ALIKE_COUNT; i++) {
		const char *text = value_string(group, fact_name(alike[i].fact));

		if (text && is_moved(places, i) && !places->common[i])
			fprintf(line, "%s %s; ", alike[i].head, text);
	}
	if (reason)
		fprintf(line, "%s: %s; ", or_dash(value_string(group, "result")), reason);
}

/* "on node[1-40]"; one alone has its file, too. */
static void put_hosts(const json_t *members, FILE *line)
{
	const json_t *first = json_array_get(members, 0);
	size_t left;

	fputs("on ", line);
	left = hosts_put(line, members, HOSTS_MOST);
	if (left)
		fprintf(line, " and %zu more (-v has all)", left);
	else if (json_array_size(members) == 1)
		fprintf(line, " (%s)", or_dash(value_string(first, "file")));
}

/* A line for each host. */
static void put_all_hosts(const json_t *members, FILE *out)
{
	const json_t *member;
	size_t i;

	json_array_foreach(members, i, member) {
		fputs("       ", out);
		text_put(out, hosts_name(member));
		fputs("  ", out);
		text_put(out, or_dash(value_string(member, "file")));
		fputc('\n', out);
	}
}

/* What separates the groups and has no column, then the hosts. */
static int put_members(const json_t *group, size_t number, const struct places *places, bool all, FILE *out)
{
	const json_t *members = value_at(group, "members");
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	int rc;

	if (!line)
		return -ENOMEM;
	put_facts(group, places, line);
	if (all)
		fprintf(line, "%zu report%s:", json_array_size(members), plural(json_array_size(members)));
	else
		put_hosts(members, line);
	rc = ferror(line) ? -ENOMEM : 0;
	if (fclose(line) && !rc)
		rc = -errno;
	if (!rc) {
		fprintf(out, "  %3zu  ", number);
		text_wrap(out, text_prose(out), 7, 7, text);
	}
	free(text);
	if (all)
		put_all_hosts(members, out);
	return rc;
}

static void put_value(const json_t *outlier, const char *path, char *text, size_t size)
{
	const char *what = or_dash(value_string(outlier, "what"));
	const char *string = value_string(outlier, path);
	struct amount amount = amount_at(outlier, path);
	char buffer[AMOUNT_TEXT];

	if (string)
		snprintf(text, size, "%s", string);
	else if (!strcmp(what, "duration_ns"))
		snprintf(text, size, "%s", amount_time(buffer, amount));
	else
		snprintf(text, size, "%s bytes", amount_exact(buffer, amount));
}

/* What stands out, without the unit, which its value has. */
static const char *what_text(const json_t *outlier)
{
	static const char *const texts[][2] = {
		{ "creation_bytes", "creation" }, { "transition_bytes", "transition" }, { "duration_ns", "time" },
	};
	const char *what = or_dash(value_string(outlier, "what"));

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(what, texts[i][0]))
			return texts[i][1];
	return what;
}

static void put_outliers(const json_t *outliers, FILE *out)
{
	const json_t *outlier;
	size_t i;

	if (json_array_size(outliers)) {
		fputc('\n', out);
		text_paragraph(out, 0, 2, "Outliers, compared with the same kernel, CPU, parameters and VM");
	}
	json_array_foreach(outliers, i, outlier) {
		char value[256], usual[256], line[1024];

		put_value(outlier, "value", value, sizeof(value));
		put_value(outlier, "usual", usual, sizeof(usual));
		snprintf(line, sizeof(line), "%s (%s), VM %s: %s %s, usual %s",
			 or_dash(value_string(outlier, "hostname")),
			 or_dash(value_string(outlier, "file")), or_dash(value_string(outlier, "vm")),
			 what_text(outlier), value, usual);
		fputs("  ", out);
		text_wrap(out, text_prose(out), 2, 4, line);
	}
}

static void put_unreadable(const json_t *unreadable, FILE *out)
{
	const json_t *one;
	size_t i;

	if (json_array_size(unreadable))
		fputs("\nUnreadable\n", out);
	json_array_foreach(unreadable, i, one) {
		fputs("  ", out);
		text_wrap(out, text_prose(out), 2, 4, or_dash(value_string(one, "error")));
	}
}

static int put_merge(const json_t *merge, bool all, FILE *out)
{
	const json_t *groups = value_at(merge, "groups"), *outliers = value_at(merge, "outliers");
	const json_t *unreadable = value_at(merge, "unreadable");
	size_t count = json_array_size(groups), odd = json_array_size(outliers), i;
	struct amount reports = amount_at(merge, "reports");
	struct places places = { 0 };
	const json_t *group;
	int rc = 0;

	fprintf(out, "%zu report%s, %zu group%s, %zu outlier%s", (size_t)reports.value,
		plural((size_t)reports.value), count, plural(count), odd, plural(odd));
	if (json_array_size(unreadable))
		fprintf(out, ", %zu unreadable", json_array_size(unreadable));
	fputc('\n', out);
	if (count) {
		places = find_common(groups);
		put_alike(groups, &places, out);
		rc = put_groups(groups, (size_t)reports.value > count, &places, out);
		fputc('\n', out);
	}
	json_array_foreach(groups, i, group)
		if (!rc)
			rc = put_members(group, i + 1, &places, all, out);
	put_outliers(outliers, out);
	put_unreadable(unreadable, out);
	return rc;
}

int merge_text(const json_t *merge, FILE *out)
{
	return put_merge(merge, false, out);
}

int merge_text_all(const json_t *merge, FILE *out)
{
	return put_merge(merge, true, out);
}

int merge_csv(const json_t *merge, FILE *out)
{
	static const char *const figures[] = {
		"creation_bytes.predicted.median", "creation_bytes.measured.min",
		"creation_bytes.measured.median", "creation_bytes.measured.max",
		"transition_bytes.predicted.median", "transition_bytes.measured.min",
		"transition_bytes.measured.median", "transition_bytes.measured.max",
		"exact", "duration_ns.min", "duration_ns.median", "duration_ns.max",
	};
	const json_t *groups = value_at(merge, "groups"), *group;
	size_t i;

	csv_text(out, "reports");
	for (int fact = 0; fact < FACT_COUNT; fact++)
		fprintf(out, ",%s", fact_name(fact));
	for (size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++)
		fprintf(out, ",%s", figures[k]);
	csv_end(out);
	json_array_foreach(groups, i, group) {
		csv_member(out, group, "reports");
		for (int fact = 0; fact < FACT_COUNT; fact++) {
			csv_next(out);
			csv_member(out, group, fact_name(fact));
		}
		for (size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++) {
			csv_next(out);
			csv_member(out, group, figures[k]);
		}
		csv_end(out);
	}
	return 0;
}
