// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/html.h"

#include <string.h>

void html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			fputc('?', out);
		else
			fputc(c, out);
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
