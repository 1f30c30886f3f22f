// SPDX-License-Identifier: GPL-2.0-only
#include "base/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TABLE_INDENT 2
#define TABLE_GAP 2
#define COLUMN_LEAST 10	/* no column is made narrower than that, */
#define FIGURE_LEAST 20	/* and none that is aligned to the right than that */

void table_cell(struct table *table, const char *format, ...)
{
	va_list args;

	if (table->error)
		return;
	if (table->count == table->room) {
		size_t room = table->room ? 2 * table->room : 64;
		char **cells = reallocarray(table->cells, room, sizeof(*cells));

		if (!cells) {
			table->error = -ENOMEM;
			return;
		}
		table->cells = cells;
		table->room = room;
	}
	va_start(args, format);
	if (vasprintf(&table->cells[table->count], format, args) < 0)
		table->error = -ENOMEM;
	else
		table->count++;
	va_end(args);
}

/* 0 if the column is empty. */
static size_t column_width(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->count; i += table->column_count) {
		size_t cell = text_width(table->cells[i]);

		if (cell > width)
			width = cell;
	}
	if (width && text_width(table->columns[column].head) > width)
		width = text_width(table->columns[column].head);
	return width;
}

static size_t table_width(const struct table *table, const size_t *widths)
{
	size_t total = TABLE_INDENT - TABLE_GAP;

	for (size_t i = 0; i < table->column_count; i++)
		total += widths[i] ? widths[i] + TABLE_GAP : 0;
	return total;
}

/* How narrow the column may become. On the right are figures, which are never cut; text there may be longer. */
static size_t least_width(const struct table *table, size_t column, size_t width)
{
	size_t least = table->columns[column].right ? FIGURE_LEAST : COLUMN_LEAST;

	if (table->whole & 1u << column || width <= least)
		return width;
	return width / 2 > least ? width / 2 : least;
}

/* In parts, there is room for all text that is not longer than half a line. */
static void widths_of_parts(const struct table *table, size_t most, size_t *widths)
{
	for (size_t i = 0; i < table->column_count; i++) {
		widths[i] = column_width(table, i);
		if (widths[i] > most / 2 && !table->columns[i].right)
			widths[i] = most / 2;
	}
}

/* A table that is too wide gets narrower in its widest columns, or is printed in parts. */
static void column_widths(const struct table *table, size_t most, size_t *widths)
{
	size_t total;

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = column_width(table, i);
	while ((total = table_width(table, widths)) > most) {
		size_t excess = total - most, widest = table->column_count, least;

		for (size_t i = 0; i < table->column_count; i++)
			if (least_width(table, i, widths[i]) < widths[i] &&
			    (widest == table->column_count || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->column_count) {
			widths_of_parts(table, most, widths);
			return;
		}
		least = least_width(table, widest, widths[widest]);
		widths[widest] = widths[widest] > excess + least ? widths[widest] - excess : least;
	}
}

/* Columns that a part of the table has: its keys, and those from `from` to before `to`. */
struct part {
	size_t from, to;
};

static size_t keys_of(const struct table *table)
{
	return table->keys ? table->keys : 1;
}

static bool has_column(const struct table *table, const struct part *part, size_t column)
{
	return column < keys_of(table) || (column >= part->from && column < part->to);
}

/* The next part: as many columns as there is room for, and one at least. */
static void next_part(const struct table *table, const size_t *widths, size_t most, struct part *part)
{
	size_t total = TABLE_INDENT - TABLE_GAP;
	bool any = false;

	for (size_t i = 0; i < keys_of(table); i++)
		total += widths[i] ? widths[i] + TABLE_GAP : 0;
	part->from = part->to ? part->to : keys_of(table);
	for (part->to = part->from; part->to < table->column_count; part->to++) {
		size_t width = widths[part->to] ? widths[part->to] + TABLE_GAP : 0;

		if (any && total + width > most)
			break;
		total += width;
		any = any || width;
	}
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	return row ? table->cells[(row - 1) * table->column_count + column] : table->columns[column].head;
}

/*
 * Blanks are put only before text, so that no line ends in blanks. Text in the last column is a sentence: it goes on in
 * further lines, where others lose their middle.
 */
static void put_row(const struct table *table, const size_t *widths, size_t row, const struct part *part, FILE *out)
{
	size_t blanks = TABLE_INDENT, at = TABLE_INDENT;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];
		const char *text = cell(table, row, i);
		size_t have = text_width(text), slack;

		if (!widths[i] || !has_column(table, part, i))
			continue;
		slack = have < widths[i] ? widths[i] - have : 0;
		if (have > widths[i] && i + 1 == table->column_count && !column->right) {
			fprintf(out, "%*s", (int)blanks, "");
			text_wrap(out, at + widths[i], at, at, text);
			return;
		}
		if (have) {
			fprintf(out, "%*s", (int)(blanks + (column->right ? slack : 0)), "");
			text_fit(out, text, widths[i]);
			blanks = column->right ? 0 : slack;
		} else {
			blanks += slack;
		}
		blanks += TABLE_GAP;
		at += widths[i] + TABLE_GAP;
	}
	fputc('\n', out);
}

bool table_fits(const struct table *table, FILE *out)
{
	size_t total = TABLE_INDENT - TABLE_GAP;

	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = column_width(table, i);

		total += width ? width + TABLE_GAP : 0;
	}
	return total <= (table->width ? table->width : text_columns(out));
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	table->cells = NULL;
	table->count = table->room = 0;
	table->error = 0;
}

static void put_parts(const struct table *table, const size_t *widths, size_t most, FILE *out)
{
	struct part part = { 0 };

	do {
		if (part.to)
			fputc('\n', out);
		next_part(table, widths, most, &part);
		for (size_t row = 0; row <= table->count / table->column_count; row++)
			put_row(table, widths, row, &part, out);
	} while (part.to < table->column_count);
}

int table_print(struct table *table, FILE *out)
{
	size_t *widths = calloc(table->column_count, sizeof(*widths));
	size_t most = table->width ? table->width : text_columns(out);
	int error;

	if (!widths)
		table->error = -ENOMEM;
	if (!table->error) {
		column_widths(table, most, widths);
		put_parts(table, widths, most, out);
	}
	free(widths);
	error = table->error;
	table_free(table);
	return error;
}
