// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/html.h"

#include <string.h>

#include "base/text.h"

void html_text(FILE *out, const char *text)
{
	size_t length;
	bool acts;

	for (; *text; text += length) {
		char c = *text;

		length = text_character(text, &acts);
		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (acts && c != '\n' && c != '\t')
			fputc('?', out);
		else
			fwrite(text, 1, length, out);
	}
}

const char *html_result_class(const char *result)
{
	static const char *const classes[] = { "pass", "fail", "skip", "error" };

	for (size_t i = 0; result && i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(result, classes[i]))
			return classes[i];
	return NULL;
}

void html_cell(FILE *out, const char *class, const char *text)
{
	fprintf(out, "<td%s%s%s>", class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
	html_text(out, text ? text : "-");
	fputs("</td>", out);
}

void html_fact(FILE *out, const char *head, const char *text)
{
	if (!text)
		return;
	fprintf(out, "<tr><th scope=\"row\">%s</th>", head);
	html_cell(out, NULL, text);
	fputs("</tr>\n", out);
}

void html_table(FILE *out, const char *const *heads)
{
	fputs("<table>\n<thead><tr>", out);
	for (; *heads; heads++)
		fprintf(out, "<th scope=\"col\"%s>%s</th>", **heads == '>' ? " class=\"n\"" : "",
			*heads + (**heads == '>'));
	fputs("</tr></thead>\n<tbody>\n", out);
}
