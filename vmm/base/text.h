/* SPDX-License-Identifier: GPL-2.0-only */
/* Paragraphs for people. Text from a file or a kernel log is shown without its control characters. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_WIDTH 100	/* of tables, where no terminal says what it has room for */
#define TEXT_PROSE 80	/* of all other text, there */

/* What a terminal, or COLUMNS, has room for, from 60 to 200; else TEXT_WIDTH, or TEXT_PROSE. */
size_t text_columns(FILE *out);
size_t text_prose(FILE *out);

/* Puts a verdict's word, on a terminal in its colour: PASS green, FAIL and ERROR red, SKIP yellow. */
void text_verdict(FILE *out, const char *word);

bool text_starts_with(const char *text, const char *start);
/* Columns that text needs on a terminal: UTF-8 characters, wide ones counted as one. */
size_t text_width(const char *text);
/*
 * The length of the character at text, which is not its end. *acts: it must not reach a reader: a terminal would act on it
 * (C0, DEL, C1), it would change the order or the lines of what is read (bidirectional controls, line separators), or it is
 * no UTF-8. Each medium asks this: csv_text(), html_text(), the labels of prom.c, the names of KTAP, diag.c.
 */
size_t text_character(const char *text, bool *acts);
/* Puts text with a '?' for each character that acts, newlines too. */
void text_put(FILE *out, const char *text);
/*
 * Puts at most `width` columns, width > 1. Text that is too wide loses its middle, because both its
 * beginning and its end may be what distinguishes it. Returns the number of columns.
 */
size_t text_fit(FILE *out, const char *text, size_t width);

/*
 * Prints text from column `at` on, where the cursor is, wraps it at `width`, indents the further
 * lines by `indent`, and ends the last line.
 */
void text_wrap(FILE *out, size_t width, size_t at, size_t indent, const char *text);

/* The same of a sentence that is formatted, in text_columns(), after `at` blanks. */
void text_paragraph(FILE *out, size_t at, size_t indent, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Equal texts have equal hashes, others hardly ever. */
uint64_t text_hash(const char *text);

#endif
