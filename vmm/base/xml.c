// SPDX-License-Identifier: GPL-2.0-only
#include "base/xml.h"

#include <stddef.h>
#include <string.h>

/* How many bytes at text are one character that is shown as '?': controls, and U+FFFE and U+FFFF. */
static size_t unwanted(const char *text)
{
	unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

	if (c < 0x20 || c == 0x7f)
		return c != '\n' && c != '\t';
	if (c == 0xc2 && next < 0xa0)
		return next ? 2 : 1;
	if (!strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3))
		return 3;
	return 0;
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
	while (*text) {
		size_t skip = unwanted(text);
		const char *escape = escape_of(*text);

		if (skip)
			fputc('?', out);
		else if (escape)
			fputs(escape, out);
		else
			fputc(*text, out);
		text += skip ? skip : 1;
	}
}
