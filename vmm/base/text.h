/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Columns and paragraphs for people. What comes from a
 * file or a kernel log is shown without its control characters.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TEXT_WIDTH 100	/* of tables at most */
#define TEXT_PROSE 80	/* of everything else */

/* Columns a terminal needs for it: UTF-8 characters, wide ones counted as one. */
size_t text_width(const char *text);
void text_put(FILE *out, const char *text);
/*
 * At most width columns of it, width > 1: what is too wide loses its middle, as rows
 * differ at the end and names at the start. Returns the columns put.
 */
size_t text_fit(FILE *out, const char *text, size_t width);

/*
 * Puts text at the cursor, which is at column `at`, wraps it at `width`, indents
 * the further lines by `indent` and ends the line.
 */
void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text);

struct table_column {
	const char *head;
	bool right;		/* aligned */
};

/* Cells come row by row. A column of nothing but "" is not shown. */
struct table {
	const struct table_column *columns;
	size_t column_count;
	char **cells;
	size_t count, room;
	int error;		/* the first -errno of the calls below */
};

#define TABLE(columns_) { .columns = (columns_), \
			  .column_count = sizeof(columns_) / sizeof((columns_)[0]) }

void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints it, each line two blanks in, and frees it. Returns 0 or table->error. */
int table_print(struct table *table, FILE *out);

#endif
