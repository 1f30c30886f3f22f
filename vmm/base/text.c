// SPDX-License-Identifier: GPL-2.0-only
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/units.h"

#define TABLE_INDENT 2
#define TABLE_GAP 2
#define COLUMN_LEAST 8	/* no column is made narrower than that */

#define COLUMNS_LEAST 60
#define COLUMNS_MOST 200

size_t text_columns(FILE *out)
{
	const char *said = getenv("COLUMNS");
	uint64_t columns = TEXT_WIDTH;
	struct winsize size;

	if (!ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	else if (!said || !parse_u64(said, &columns))
		columns = TEXT_WIDTH;
	return columns < COLUMNS_LEAST ? COLUMNS_LEAST :
	       columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_continuation((unsigned char)*text);
	return width;
}

/* Length of the character at text, which is a UTF-8 sequence that may be cut off. */
static size_t character(const char *text)
{
	size_t length = 1;

	while (is_continuation((unsigned char)text[length]))
		length++;
	return length;
}

/* C0, DEL and C1: a terminal would act on them. */
static bool is_control(const char *text)
{
	unsigned char c = (unsigned char)text[0], next = c ? (unsigned char)text[1] : 0;

	return c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0);
}

/* Puts that many characters of text. Returns the rest of it. */
static const char *put_some(FILE *out, const char *text, size_t characters)
{
	while (*text && characters) {
		const char *plain = text;

		for (; *text && characters && !is_control(text); characters--)
			text += character(text);
		fwrite(plain, 1, (size_t)(text - plain), out);
		if (*text && characters) {
			fputc('?', out);
			text += character(text);
			characters--;
		}
	}
	return text;
}

void text_put(FILE *out, const char *text)
{
	put_some(out, text, strlen(text));
}

size_t text_fit(FILE *out, const char *text, size_t width)
{
	size_t have = text_width(text), head = width / 2 - 1;

	if (have <= width) {
		text_put(out, text);
		return have;
	}
	put_some(out, text, head);
	fputs("..", out);
	for (size_t skip = have - (width - head - 2); skip; skip--)
		text += character(text);
	text_put(out, text);
	return width;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t word_width(const char *text)
{
	size_t width = 0;

	for (; *text && !is_blank(*text); text++)
		width += !is_continuation((unsigned char)*text);
	return width;
}

static size_t new_line(FILE *out, size_t indent)
{
	fprintf(out, "\n%*s", (int)indent, "");
	return indent;
}

void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text)
{
	bool first = true;

	for (;;) {
		size_t word, fits;

		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		word = word_width(text);
		if (!first && at + 1 + word > width) {
			at = new_line(out, indent);
		} else if (!first) {
			fputc(' ', out);
			at++;
		}
		first = false;
		/* A word that is longer than a line is split. */
		while (word > (fits = width > at ? width - at : 1)) {
			text = put_some(out, text, fits);
			word -= fits;
			at = new_line(out, indent);
		}
		text = put_some(out, text, word);
		at += word;
	}
	fputc('\n', out);
}

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

/* A table that is too wide gets narrower in its widest columns: these are names, not figures. */
static void column_widths(const struct table *table, size_t *widths)
{
	size_t total, most = table->width ? table->width : TEXT_WIDTH;

	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = column_width(table, i);
	while ((total = table_width(table, widths)) > most) {
		size_t excess = total - most, widest = 0, least;

		for (size_t i = 1; i < table->column_count; i++)
			if (widths[i] > widths[widest] && !(table->whole & 1u << i))
				widest = i;
		if (widths[widest] <= COLUMN_LEAST)
			return;
		least = widths[widest] / 2 > COLUMN_LEAST ? widths[widest] / 2 : COLUMN_LEAST;
		widths[widest] = widths[widest] > excess + least ? widths[widest] - excess : least;
	}
}

/* Blanks are put only before text, so that no line ends in blanks. */
static void put_row(const struct table *table, const size_t *widths, size_t row, FILE *out)
{
	size_t blanks = TABLE_INDENT;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];
		const char *text = row ? table->cells[(row - 1) * table->column_count + i] :
					 column->head;
		size_t have = text_width(text), slack;

		if (!widths[i])
			continue;
		slack = have < widths[i] ? widths[i] - have : 0;
		if (have) {
			fprintf(out, "%*s", (int)(blanks + (column->right ? slack : 0)), "");
			text_fit(out, text, widths[i]);
			blanks = column->right ? 0 : slack;
		} else {
			blanks += slack;
		}
		blanks += TABLE_GAP;
	}
	fputc('\n', out);
}

int table_print(struct table *table, FILE *out)
{
	size_t *widths = calloc(table->column_count, sizeof(*widths));

	if (!widths)
		table->error = -ENOMEM;
	if (!table->error) {
		column_widths(table, widths);
		for (size_t row = 0; row <= table->count / table->column_count; row++)
			put_row(table, widths, row, out);
	}
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(widths);
	return table->error;
}
