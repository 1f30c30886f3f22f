// SPDX-License-Identifier: GPL-2.0-only
#include "base/xml.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* U+FFFE and U+FFFF are no characters of XML. */
static bool is_no_character(const char *text)
{
	return !strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3);
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	/* As such, a parser would make blanks of these in an attribute. */
	case '\n':
		return "&#10;";
	case '\t':
		return "&#9;";
	default:
		return NULL;
	}
}

void xml_put(FILE *out, const char *text)
{
	size_t length;
	bool acts;

	for (; *text; text += length) {
		const char *escape = escape_of(*text);

		length = text_character(text, &acts);
		if (escape)
			fputs(escape, out);
		else if (acts || is_no_character(text))
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
	}
}
