/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables for people, as wide as where they are printed has room for: text.h says how wide, and what text may do. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct table_column {
	const char *head;
	bool right;		/* aligned to the right */
};

/* Cells are added row by row. A column whose cells are all "" is not shown. */
struct table {
	const struct table_column *columns;
	size_t column_count;
	size_t width;		/* at most; 0: text_columns() */
	size_t keys;		/* its first columns, which say what a row is about; 0: one */
	unsigned int whole;	/* a bit for each column that is not made narrower */
	char **cells;
	size_t count, room;
	int error;		/* of the first call below that failed: -errno */
};

#define TABLE(columns_) { .columns = (columns_), \
			  .column_count = sizeof(columns_) / sizeof((columns_)[0]) }

void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Whether out has room for all cells as they are. */
bool table_fits(const struct table *table, FILE *out);
void table_free(struct table *table);
/*
 * Prints the table, indented by two blanks, and frees it. What is too wide even with its text cut is printed in parts, one
 * below the other, which all begin with its keys. Returns 0 or table->error.
 */
int table_print(struct table *table, FILE *out);

#endif
