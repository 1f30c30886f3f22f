// SPDX-License-Identifier: GPL-2.0-only
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/units.h"

#define TABLE_INDENT 2
#define TABLE_GAP 2
#define COLUMN_LEAST 10	/* no column is made narrower than that, */
#define FIGURE_LEAST 20	/* and none that is aligned to the right than that */

#define PARAGRAPH_MOST 1024	/* bytes: a sentence and names */

#define COLUMNS_LEAST 60
#define COLUMNS_MOST 200

/*
 * stdio gives a terminal a line buffer, or none (stderr), and all else a full one with the first write. So the kernel need
 * not be asked for each of the hundred paragraphs that go to a file.
 */
static bool may_be_terminal(FILE *out)
{
	return __flbf(out) || __fbufsize(out) <= 1;
}

/* What a terminal, or COLUMNS, has room for; `otherwise` where neither says. */
static size_t columns_or(FILE *out, size_t otherwise)
{
	const char *said = getenv("COLUMNS");
	uint64_t columns = otherwise;
	struct winsize size;
	int code = errno;	/* that of a write which failed, and which is reported at the end */

	if (may_be_terminal(out) && !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	else if (!said || !parse_u64(said, &columns))
		columns = otherwise;
	errno = code;
	return columns < COLUMNS_LEAST ? COLUMNS_LEAST :
	       columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
}

size_t text_columns(FILE *out)
{
	return columns_or(out, TEXT_WIDTH);
}

size_t text_prose(FILE *out)
{
	return columns_or(out, TEXT_PROSE);
}

/* NO_COLOR and CLICOLOR_FORCE are what many programs heed; --color sets them. */
static bool takes_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE"), *term = getenv("TERM");
	int code = errno;
	bool takes;

	if (no && *no)
		return false;
	if (force && *force && strcmp(force, "0"))
		return true;
	takes = term && strcmp(term, "dumb") && may_be_terminal(out) && isatty(fileno(out));
	errno = code;
	return takes;
}

static const char *colour_of(const char *word)
{
	static const struct {
		const char *word, *colour;
	} colours[] = {
		{ "PASS", "\033[1;32m" }, { "SAME", "\033[1;32m" }, { "FAIL", "\033[1;31m" },
		{ "ERROR", "\033[1;31m" }, { "WORSE", "\033[1;31m" }, { "WORSE OR DIFFERENT", "\033[1;31m" },
		{ "DIFFERENT", "\033[1;31m" }, { "SKIP", "\033[1;33m" },
	};

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (!strcmp(word, colours[i].word))
			return colours[i].colour;
	return "\033[1m";
}

void text_verdict(FILE *out, const char *word)
{
	bool coloured = takes_colour(out);

	if (coloured)
		fputs(colour_of(word), out);
	text_put(out, word);
	if (coloured)
		fputs("\033[0m", out);
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/*
 * Length of the character at text: of a UTF-8 sequence, which may be cut off, or of continuation bytes that continue
 * nothing.
 */
static size_t character(const char *text)
{
	size_t length = 1;

	while ((unsigned char)text[0] >= 0x80 && is_continuation((unsigned char)text[length]))
		length++;
	return length;
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text += character(text))
		width++;
	return width;
}

/* The code point of a UTF-8 sequence, or UINT32_MAX. */
static uint32_t decode(const unsigned char *text, size_t length)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t code = length == 1 ? text[0] : length <= 4 ? text[0] & (0x7fu >> length) : UINT32_MAX;
	/* The lead byte says the length in ones, followed by a zero. */
	bool leads = length == 1 ? text[0] < 0x80 :
		     length <= 4 && (text[0] & (0xff80u >> length) & 0xff) == ((0xff00u >> length) & 0xff);

	if (!leads)
		return UINT32_MAX;
	for (size_t i = 1; i < length; i++)
		code = code << 6 | (text[i] & 0x3f);
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return UINT32_MAX;
	return code;
}

size_t text_character(const char *text, bool *acts)
{
	size_t length = character(text);
	uint32_t code = decode((const unsigned char *)text, length);

	*acts = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
		code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069) || code == UINT32_MAX;
	return length;
}

/* Puts that many characters of text. Returns the rest of it. */
static const char *put_some(FILE *out, const char *text, size_t characters)
{
	for (; *text && characters; characters--) {
		bool acts;
		size_t length = text_character(text, &acts);

		if (acts)
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
		text += length;
	}
	return text;
}

void text_put(FILE *out, const char *text)
{
	put_some(out, text, strlen(text));
}

/* How many of the first `most` characters are whole words; most where its words are too long for that. */
static size_t whole_words(const char *text, size_t most)
{
	size_t words = 0;

	for (size_t i = 0; *text && i <= most; i++, text += character(text))
		if (*text == ' ')
			words = i;
	return words * 2 > most ? words : most;
}

static const char *skip(const char *text, size_t characters)
{
	for (; characters; characters--)
		text += character(text);
	return text;
}

/* Where the last `most` characters of text begin with a word; or where they begin. */
static const char *last_words(const char *text, size_t most)
{
	const char *rest = skip(text, text_width(text) - most), *blank;

	if (text_width(rest) < text_width(text) && skip(text, text_width(text) - most - 1)[0] == ' ')
		return rest;
	blank = strchr(rest, ' ');
	return blank && text_width(blank) * 2 > most ? blank + 1 : rest;
}

size_t text_fit(FILE *out, const char *text, size_t width)
{
	size_t have = text_width(text), head;
	const char *rest;

	if (have <= width) {
		text_put(out, text);
		return have;
	}
	head = whole_words(text, width / 2 - 1);
	rest = last_words(text, width - head - 2);
	put_some(out, text, head);
	fputs("..", out);
	text_put(out, rest);
	return head + 2 + text_width(rest);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t word_width(const char *text)
{
	size_t width = 0;

	for (; *text && !is_blank(*text); text += character(text))
		width++;
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

void text_paragraph(FILE *out, size_t at, size_t indent, const char *format, ...)
{
	char text[PARAGRAPH_MOST];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(out, "%*s", (int)at, "");
	text_wrap(out, text_columns(out), at, indent, text);
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
