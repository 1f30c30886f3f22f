/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reports as one HTML page. Style and plots are in the page: it fetches nothing and runs no script.
 * It follows the reader's preference for light or dark.
 */
#ifndef HTML_H
#define HTML_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/amount.h"

struct html_report {
	const json_t *report;
	const char *name;	/* the name of its file */
};

/* 0 or -ENOMEM; errors of the stream stay in the stream. */
int html_page(const struct html_report *reports, size_t count, FILE *out);

/* Parts of the page: one report, whose id is the number that links use; its contention, if any. */
void html_run(const struct html_report *run, size_t id, FILE *out);
void html_contention(const json_t *report, FILE *out);

/* Writes text as content or as an attribute's value; control characters become '?'. */
void html_text(FILE *out, const char *text);
/* The class of the page's style for that word, or NULL: a file may have any word. */
const char *html_result_class(const char *result);
/* <td>. text NULL: a dash; class NULL: no class. */
void html_cell(FILE *out, const char *class, const char *text);
/* <tr> with a head and a value; nothing if the value is NULL. */
void html_fact(FILE *out, const char *head, const char *text);
/* "<table><tr><th>one..."; a head that begins with '>' is of a column of figures. NULL ends. */
void html_table(FILE *out, const char *const *heads);

/* A chart of bars, whose parts are bytes, as inline SVG. */
#define CHART_PARTS 4

struct chart_bar {
	const char *label;
	const char *note;	/* a smaller line below the label, or NULL */
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
