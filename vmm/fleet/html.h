/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reports as one HTML page: style and plots are inside, nothing is fetched, no
 * script runs. It follows the reader's preference for light or dark.
 */
#ifndef HTML_H
#define HTML_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/amount.h"

struct html_report {
	const json_t *report;
	const char *name;	/* of its file */
};

/* 0 or -ENOMEM; errors of the stream stay in the stream. */
int html_page(const struct html_report *reports, size_t count, FILE *out);

/* Its parts. One report; id is the number that links use. Its contention, if it has any. */
void html_run(const struct html_report *run, size_t id, FILE *out);
void html_contention(const json_t *report, FILE *out);

/* Text as content or as an attribute's value; control characters are shown as '?'. */
void html_text(FILE *out, const char *text);
/* A class of the page's style, whatever a file says; or NULL. */
const char *html_result_class(const char *result);
/* <td>; NULL is a dash, and a class of NULL none. */
void html_cell(FILE *out, const char *class, const char *text);
/* <tr> of a head and a value; nothing where the value is NULL. */
void html_fact(FILE *out, const char *head, const char *text);
/* "<table><tr><th>one..."; a head that begins with '>' is that of figures. NULL ends them. */
void html_table(FILE *out, const char *const *heads);

/* Bars of stacked bytes, as inline SVG. */
#define CHART_PARTS 4

struct chart_bar {
	const char *label;
	struct amount parts[CHART_PARTS];
	struct amount mark;	/* predicted: a line across the bar */
};

struct chart {
	const char *title;
	const char *names[CHART_PARTS];		/* NULL: not used */
	const struct chart_bar *bars;
	size_t count;
};

void html_chart(const struct chart *chart, FILE *out);

#endif
