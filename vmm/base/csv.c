// SPDX-License-Identifier: GPL-2.0-only
#include "base/csv.h"

#include <string.h>

#include "base/text.h"
#include "base/value.h"

/* RFC 4180 allows no control characters in a field, but for line ends if it is quoted. */
static size_t put_character(FILE *out, const char *text)
{
	bool acts;
	size_t length = text_character(text, &acts);

	if (*text == '"')
		fputs("\"\"", out);
	else if (!acts || *text == '\n' || *text == '\r')
		fwrite(text, 1, length, out);
	else
		fputc(' ', out);
	return length;
}

void csv_text(FILE *out, const char *text)
{
	bool quoted;

	if (!text)
		return;
	quoted = strpbrk(text, ",\"\r\n");
	if (quoted)
		fputc('"', out);
	/* Spreadsheets take such a field for a formula, and an apostrophe for the sign that it is none. */
	if (*text && strchr("=+-@", *text))
		fputc('\'', out);
	while (*text)
		text += put_character(out, text);
	if (quoted)
		fputc('"', out);
}

void csv_member(FILE *out, const json_t *value, const char *path)
{
	const json_t *member = value_at(value, path);

	if (json_is_integer(member))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(member));
	else if (json_is_boolean(member))
		fputs(json_is_true(member) ? "true" : "false", out);
	else
		csv_text(out, json_string_value(member));
}

void csv_next(FILE *out)
{
	fputc(',', out);
}

void csv_end(FILE *out)
{
	fputs("\r\n", out);
}

void csv_table(FILE *out, const json_t *array, const char *const *columns, size_t count)
{
	const json_t *element;
	size_t i;

	for (size_t c = 0; c < count; c++) {
		if (c)
			csv_next(out);
		csv_text(out, columns[c]);
	}
	csv_end(out);
	json_array_foreach(array, i, element) {
		for (size_t c = 0; c < count; c++) {
			if (c)
				csv_next(out);
			csv_member(out, element, columns[c]);
		}
		csv_end(out);
	}
}
