// SPDX-License-Identifier: GPL-2.0-only
/* The bars are horizontal, because labels are long and a page can be any length. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "fleet/html.h"

#define WIDTH 900		/* in SVG's units; the page scales it */
#define ROW 30
#define NOTE 14			/* what a note adds to a row */
#define THICK 20
#define FIGURES 110		/* room for the sum after a bar */
#define CHARACTER 8.2		/* width of a character, rather too much */
#define LABEL_MOST 46		/* characters */
#define NOTE_SMALLER 0.8	/* its letters, against the label's */
#define TOP 34			/* the legend's height */

struct scale {
	double left;		/* of the bars */
	double row;		/* height */
	int64_t most;		/* the value of the whole width */
};

static struct amount bar_sum(const struct chart *chart, const struct chart_bar *bar)
{
	struct amount sum = AMOUNT_ZERO;

	for (int i = 0; i < CHART_PARTS; i++)
		if (chart->names[i])
			sum = amount_add(sum, bar->parts[i]);
	return sum;
}

/* The largest sum or mark, never 0. */
static int64_t most_of(const struct chart *chart)
{
	int64_t most = 1;

	for (size_t i = 0; i < chart->count; i++) {
		struct amount sum = bar_sum(chart, &chart->bars[i]);

		if (sum.known && sum.value > most)
			most = sum.value;
		if (chart->bars[i].mark.known && chart->bars[i].mark.value > most)
			most = chart->bars[i].mark.value;
	}
	return most;
}

static void set_scale(const struct chart *chart, struct scale *scale)
{
	double longest = 8;
	bool notes = false;

	for (size_t i = 0; i < chart->count; i++) {
		const char *label = chart->bars[i].label, *note = chart->bars[i].note;

		if (label && (double)text_width(label) > longest)
			longest = (double)text_width(label);
		if (note && NOTE_SMALLER * (double)text_width(note) > longest)
			longest = NOTE_SMALLER * (double)text_width(note);
		notes = notes || note;
	}
	scale->left = 20 + CHARACTER * (longest < LABEL_MOST ? longest : LABEL_MOST);
	scale->row = ROW + (notes ? NOTE : 0);
	scale->most = most_of(chart);
}

static double to_width(int64_t value, const struct scale *scale)
{
	return value > 0 ? (double)value / (double)scale->most * (WIDTH - FIGURES - scale->left) : 0;
}

static void put_legend(const struct chart *chart, const struct scale *scale, FILE *out)
{
	double x = scale->left;
	bool marks = false;

	for (int i = 0; i < CHART_PARTS; i++) {
		if (!chart->names[i])
			continue;
		fprintf(out, "<rect class=\"p%d\" x=\"%.1f\" y=\"6\" width=\"12\" height=\"12\"/>"
			"<text x=\"%.1f\" y=\"16\">%s</text>\n", i, x, x + 17, chart->names[i]);
		x += 17 + 8 * (double)text_width(chart->names[i]) + 14;
	}
	for (size_t i = 0; i < chart->count; i++)
		marks = marks || chart->bars[i].mark.known;
	if (marks)
		fprintf(out, "<rect class=\"mark\" x=\"%.1f\" y=\"4\" width=\"3\" height=\"16\"/>"
			"<text x=\"%.1f\" y=\"16\">predicted</text>\n", x + 4, x + 13);
}

static void put_label(const char *text, const char *class, size_t most, double x, double y, FILE *out)
{
	char *label = NULL;
	size_t size;
	FILE *memory = open_memstream(&label, &size);

	if (!memory)
		return;
	text_fit(memory, text, most);
	fclose(memory);
	fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
	html_text(out, label);
	fputs("</text>\n", out);
	free(label);
}

static void put_parts(const struct chart *chart, const struct chart_bar *bar, double top,
		      const struct scale *scale, FILE *out)
{
	char bytes[AMOUNT_TEXT], exact[AMOUNT_TEXT];
	double x = scale->left;

	for (int i = 0; i < CHART_PARTS; i++) {
		double width = to_width(bar->parts[i].known ? bar->parts[i].value : 0, scale);

		if (!chart->names[i] || width <= 0)
			continue;
		fprintf(out, "<rect class=\"p%d\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" "
			"height=\"%d\"><title>%s: %s (%s bytes)</title></rect>\n", i, x, top,
			width < 0.5 ? 0.5 : width, THICK, chart->names[i],
			amount_bytes(bytes, bar->parts[i]), amount_exact(exact, bar->parts[i]));
		x += width;
	}
}

static void put_bar(const struct chart *chart, size_t i, const struct scale *scale, FILE *out)
{
	const struct chart_bar *bar = &chart->bars[i];
	struct amount sum = bar_sum(chart, bar);
	double top = TOP + (double)i * scale->row, end = to_width(sum.known ? sum.value : 0, scale);
	char text[AMOUNT_TEXT];

	put_label(bar->label ? bar->label : "-", "label", LABEL_MOST, scale->left - 10, top + 15, out);
	if (bar->note)
		put_label(bar->note, "label note", (size_t)(LABEL_MOST / NOTE_SMALLER), scale->left - 10, top + 29,
			  out);
	put_parts(chart, bar, top, scale, out);
	if (bar->mark.known) {
		double at = to_width(bar->mark.value, scale);

		fprintf(out, "<rect class=\"mark\" x=\"%.2f\" y=\"%.1f\" width=\"3\" height=\"%d\">"
			"<title>predicted: %s</title></rect>\n", scale->left + at - 1.5, top - 3,
			THICK + 6, amount_bytes(text, bar->mark));
		end = at > end ? at : end;
	}
	fprintf(out, "<text class=\"sum\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", scale->left + end + 8,
		top + 15, sum.known ? amount_bytes(text, sum) : "not measured");
}

void html_chart(const struct chart *chart, FILE *out)
{
	struct scale scale;
	size_t height;

	set_scale(chart, &scale);
	height = TOP + chart->count * (size_t)scale.row;
	fprintf(out, "<figure><figcaption>%s</figcaption>\n"
		"<div class=\"scroll\"><svg viewBox=\"0 0 %d %zu\" role=\"img\" aria-label=\"%s\">\n", chart->title,
		WIDTH, height, chart->title);
	put_legend(chart, &scale, out);
	for (size_t i = 0; i < chart->count; i++)
		put_bar(chart, i, &scale, out);
	fprintf(out, "<line class=\"axis\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%zu\"/>\n"
		"</svg></div></figure>\n", scale.left, TOP - 6, scale.left, height - 4);
}
