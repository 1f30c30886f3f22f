// SPDX-License-Identifier: GPL-2.0-only
/* The curves of a sweep. Its file has an object with the points, or, if older, only their array. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/amount.h"
#include "base/value.h"
#include "fleet/plot.h"

static void put_number(FILE *out, struct amount amount, double unit)
{
	if (amount.known)
		fprintf(out, " %.9g", (double)amount.value / unit);
	else
		fputs(" NaN", out);
}

static bool same_slots(const json_t *a, const json_t *b)
{
	return json_equal(value_at(a, "slots"), value_at(b, "slots"));
}

static bool first_of_its_slots(const json_t *points, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_slots(json_array_get(points, k), json_array_get(points, i)))
			return false;
	return true;
}

/* If all points have the same size, the slots are on the x axis. */
static bool sizes_vary(const json_t *points)
{
	const json_t *first = value_at(json_array_get(points, 0), "size_bytes"), *point;
	size_t i;

	json_array_foreach(points, i, point)
		if (!json_equal(value_at(point, "size_bytes"), first))
			return true;
	return false;
}

static void put_point(FILE *out, const json_t *point, bool by_size)
{
	put_number(out, amount_at(point, by_size ? "size_bytes" : "slots"),
		   by_size ? 1 << 30 : 1);
	put_number(out, amount_at(point, "measured_bytes"), 1 << 20);
	put_number(out, amount_at(point, "predicted_bytes"), 1 << 20);
	put_number(out, amount_at(point, "transition_ns"), 1e6);
	put_number(out, amount_at(point, "memset_floor_ns"), 1e6);
	fputc('\n', out);
}

/* Writes a data block for each curve: $curve0, $curve1, ... Returns their number. */
static size_t put_data(const json_t *points, bool by_size, FILE *out)
{
	size_t curves = 0, i, k;
	const json_t *first, *point;

	json_array_foreach(points, i, first) {
		if (by_size ? !first_of_its_slots(points, i) : i > 0)
			continue;
		fprintf(out, "$curve%zu << END_OF_DATA\n", curves++);
		json_array_foreach(points, k, point)
			if (!by_size || same_slots(first, point))
				put_point(out, point, by_size);
		fputs("END_OF_DATA\n", out);
	}
	return curves;
}

/* The number of slots of each curve, in the order of put_data(). */
static void put_title(FILE *out, const json_t *points, size_t curve)
{
	struct amount slots = { 0 };
	size_t curves = 0;
	char text[AMOUNT_TEXT];

	for (size_t i = 0; i < json_array_size(points); i++)
		if (first_of_its_slots(points, i) && curves++ == curve)
			slots = amount_at(json_array_get(points, i), "slots");
	fprintf(out, "%s slot%s", amount_exact(text, slots), slots.value == 1 ? "" : "s");
}

static bool floors_known(const json_t *points)
{
	const json_t *point;
	size_t i;

	json_array_foreach(points, i, point)
		if (amount_at(point, "memset_floor_ns").known)
			return true;
	return false;
}

enum column { MEASURED = 2, PREDICTED, TIME, FLOOR };

/* The figure to compare a measured one with: points without a line. */
static void put_against(FILE *out, size_t curve, enum column column, const char *name)
{
	fprintf(out, ", $curve%zu using 1:%d with points lc rgb '#14181d' pt %d ps 1.4 ", curve,
		column, column == FLOOR ? 2 : 1);
	if (curve)
		fputs("notitle", out);
	else
		fprintf(out, "title '%s'", name);
}

static void put_panel(FILE *out, const json_t *points, size_t curves, bool by_size,
		      enum column column, const char *label)
{
	fprintf(out, "set ylabel '%s'\nplot", label);
	for (size_t i = 0; i < curves; i++) {
		fprintf(out, "%s $curve%zu using 1:%d with linespoints lt %zu title '",
			i ? "," : "", i, column, i % 4 + 1);
		if (by_size)
			put_title(out, points, i);
		else
			fputs("measured", out);
		fputc('\'', out);
		if (column == MEASURED)
			put_against(out, i, PREDICTED, "predicted");
		else if (floors_known(points))
			put_against(out, i, FLOOR, "memset of as much");
	}
	fputc('\n', out);
}

/* What was measured, and where: "Sweep by VM size: 6 points, HOST, KERNEL". */
static void put_heading(FILE *out, const json_t *sweep, size_t points, bool by_size)
{
	const char *hostname = value_string(sweep, "host.hostname"), *kernel = value_string(sweep, "host.kernel");

	fprintf(out, " title \"Sweep by %s: %zu point%s, ", by_size ? "VM size" : "number of slots", points,
		points == 1 ? "" : "s");
	plot_text(out, hostname ? hostname : "unknown host");
	fputs(", ", out);
	plot_text(out, kernel ? kernel : "unknown kernel");
	fputc('"', out);
}

int plot_sweep(const json_t *sweep, FILE *out)
{
	const json_t *points = json_is_array(sweep) ? sweep : value_at(sweep, "points");
	bool by_size;
	size_t curves;

	if (!json_array_size(points))
		return -ENODATA;
	by_size = sizes_vary(points);
	curves = put_data(points, by_size, out);
	/* Both plots leave the same room above for the lines of the key, so that they align. */
	fputs("set multiplot layout 1,2", out);
	put_heading(out, sweep, json_array_size(points), by_size);
	fprintf(out, "\nset tmargin %zu\nset yrange [0:*]\n"
		"set xlabel '%s'\n%s", curves + 2,
		by_size ? "GiB of guest memory" : "slots", by_size ? "" : "set logscale x\n");
	put_panel(out, points, curves, by_size, MEASURED, "MiB allocated at the transition");
	put_panel(out, points, curves, by_size, TIME, "ms of the first entry");
	fputs("unset multiplot\n", out);
	return 0;
}
