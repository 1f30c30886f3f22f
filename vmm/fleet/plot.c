// SPDX-License-Identifier: GPL-2.0-only
#include "fleet/plot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/value.h"
#include "fleet/gnuplot.h"
#include "fleet/summary.h"
#include "report/array_amount.h"

/* gnuplot runs a command in backticks, also in double quotes: text from a file must have none. */
void plot_text(FILE *out, const char *text)
{
	size_t length;
	bool acts;

	for (; *text; text += length) {
		length = text_character(text, &acts);
		if (acts || strchr("\"`\\$@", *text))
			fputc('_', out);
		else
			fwrite(text, 1, length, out);
	}
}

void plot_style(FILE *out)
{
	fputs("set border 3 lc rgb '#59636e'\nset xtics nomirror\nset ytics nomirror\n"
	      "set grid ytics lc rgb '#d5dae0' lt 1\nset key outside top left horizontal\n"
	      "set style fill solid 1 noborder\nset boxwidth 0.7\n"
	      "set linetype 1 lc rgb '#0072b2' lw 2 pt 7 ps 0.6\n"
	      "set linetype 2 lc rgb '#e08a00' lw 2 pt 5 ps 0.6\n"
	      "set linetype 3 lc rgb '#009e73' lw 2 pt 9 ps 0.6\n"
	      "set linetype 4 lc rgb '#b0588f' lw 2 pt 11 ps 0.6\n", out);
}

/* An amount in MiB, or gnuplot's word for a missing value. */
static void put_mib(FILE *out, struct amount bytes)
{
	if (bytes.known)
		fprintf(out, " %.9g", (double)bytes.value / (1 << 20));
	else
		fputs(" 0", out);
}

static void put_mark(FILE *out, struct amount bytes)
{
	if (bytes.known)
		fprintf(out, " %.9g", (double)bytes.value / (1 << 20));
	else
		fputs(" NaN", out);
}

static void put_stack(FILE *out, const char *title, const char *of, const char *const *names, bool marks)
{
	fprintf(out, "set title \"%s\\n", title);
	plot_text(out, of);
	fputs("\"\nset ylabel 'MiB of kernel memory'\nset yrange [0:*]\n"
	      "set style data histograms\nset style histogram rowstacked\nplot", out);
	for (int i = 0; names[i]; i++)
		fprintf(out, "%s $memory using %d%s title '%s' lt %d", i ? "," : "", i + 2,
			i ? "" : ":xtic(1)", names[i], i + 1);
	if (marks)
		fputs(", $memory using 0:6 with points lc rgb '#14181d' lw 2 pt 1 ps 1.5 "
		      "title 'predicted'", out);
	fputc('\n', out);
}

/* The last part of a file's path. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool plot_phases(const json_t *report, const char *file, FILE *out)
{
	const char *names[ARRAY_COUNT + 1] = { NULL };
	const json_t *phases = value_at(report, "phases"), *phase;
	const char *kernel = value_string(report, "host.kernel");
	const char *hostname = value_string(report, "host.hostname");
	char of[256], *vm = summary_vm(report);
	bool any = false;
	size_t i;

	fputs("$memory << END_OF_DATA\n", out);
	json_array_foreach(phases, i, phase) {
		const char *name = value_string(phase, "name");

		any = any || amount_array(phase, ARRAY_RMAP).known;
		fputc('"', out);
		plot_text(out, name ? name : "-");
		fputc('"', out);
		for (int array = 0; array < ARRAY_COUNT; array++)
			put_mib(out, amount_array(phase, (enum array)array));
		fputs(" NaN\n", out);
	}
	fputs("END_OF_DATA\n", out);
	for (int array = 0; array < ARRAY_COUNT; array++)
		names[array] = array_label((enum array)array);
	snprintf(of, sizeof(of), "%s, VM %s, %s (%s)", hostname ? hostname : "unknown host", vm ? vm : "-",
		 kernel ? kernel : "unknown kernel", base_name(file));
	free(vm);
	put_stack(out, "The VM's arrays after each phase", of, names, false);
	return any;
}

#define LABEL_MOST 19	/* characters of a line: the labels are side by side */

/* A line of a label, which loses its middle if it is too long. */
static void put_line(FILE *out, const char *text)
{
	char *line = NULL;
	size_t size;
	FILE *memory = open_memstream(&line, &size);

	if (!memory)
		return;
	text_fit(memory, text, LABEL_MOST);
	if (!fclose(memory))
		plot_text(out, line);
	fputs("\\n", out);
	free(line);
}

/* "node1", "6.12.117 cloud amd", "tdp_mmu on, lazy", "64 GiB in 2 slots", "node1.json" */
static void put_label(FILE *out, const struct summary *one)
{
	const char *kernel = one->facts[FACT_KERNEL];
	int release = (int)strcspn(kernel, "+~-");
	char line[64];

	fputc('"', out);
	put_line(out, one->hostname);
	snprintf(line, sizeof(line), "%.*s%s %s", release ? release : 1, kernel,
		 strstr(kernel, "cloud") ? " cloud" : "", one->facts[FACT_VENDOR]);
	put_line(out, line);
	snprintf(line, sizeof(line), "tdp_mmu %s, %s", one->facts[FACT_TDP_MMU], one->facts[FACT_POLICY]);
	put_line(out, line);
	put_line(out, one->facts[FACT_VM]);
	put_line(out, base_name(one->file));
	fputc('"', out);
}

static int put_report(const json_t *report, const char *file, bool *any, FILE *out)
{
	struct summary one;
	int rc = summary_read(report, file, &one);

	if (!rc) {
		*any = *any || one.creation.known;
		put_label(out, &one);
		put_mib(out, one.creation);
		put_mib(out, one.transition);
		fputs(" 0 0", out);
		put_mark(out, amount_add(one.creation_predicted, one.transition_predicted));
		fputc('\n', out);
	}
	summary_free(&one);
	return rc;
}

static int plot_several(const json_t *const *reports, const char *const *files, size_t count, bool *any,
			FILE *out)
{
	static const char *const names[] = { "with the slots", "at the transition", NULL };
	int rc = 0;

	fputs("$memory << END_OF_DATA\n", out);
	for (size_t i = 0; !rc && i < count; i++)
		rc = put_report(reports[i], files[i], any, out);
	fputs("END_OF_DATA\n", out);
	fputs("set bmargin 7\nset xtics font ',10'\n", out);
	put_stack(out, "KVM's arrays", "allocated with the slots, and at the transition", names, true);
	return rc;
}

/* The sweep: the file itself, or a report's member; NULL if there is none. */
static const json_t *sweep_of(const json_t *report)
{
	const char *schema = value_string(report, "schema");
	const json_t *sweep = value_at(report, "sweep");

	if (schema && !strncmp(schema, PLOT_SWEEP_SCHEMA, strlen(PLOT_SWEEP_SCHEMA)))
		return report;
	return sweep && !json_is_null(sweep) ? sweep : NULL;
}

static int write_script(const json_t *const *reports, const char *const *names, size_t count,
			const char *terminal, FILE *out)
{
	const json_t *sweep = count == 1 ? sweep_of(reports[0]) : NULL;
	size_t width = count > 7 ? 130 * count : 900;
	bool any = false;
	int rc = 0;

	fprintf(out, "set encoding utf8\nset terminal %s size %zu,480 noenhanced "
		"background rgb '#ffffff' font 'sans,12'\n", terminal,
		width < 8000 ? width : 8000);
	plot_style(out);
	if (sweep)
		return plot_sweep(sweep, out);
	if (count == 1)
		any = plot_phases(reports[0], names[0], out);
	else
		rc = plot_several(reports, names, count, &any, out);
	return rc ? rc : any ? 0 : -ENODATA;
}

const char *plot_terminal(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot && !strcmp(dot, ".svg"))
		return "svg";
	if (dot && !strcmp(dot, ".png"))
		return "pngcairo";
	return NULL;
}

int plot_reports(const json_t *const *reports, const char *const *names, size_t count, const char *path,
		 struct err *err)
{
	const char *terminal = plot_terminal(path);
	char *script = NULL;
	size_t size;
	FILE *out;
	int rc;

	if (!terminal)
		return err_set(err, EINVAL, "%s: the name of a plot ends in .svg or .png", path);
	out = open_memstream(&script, &size);
	if (!out)
		return err_errno(err, ENOMEM, "making gnuplot's script");
	rc = write_script(reports, names, count, terminal, out);
	if (fclose(out) && !rc)
		rc = -ENOMEM;
	if (rc == -ENODATA) {
		err_set(err, ENODATA, "there is nothing to plot: no source measured the arrays");
		err_remedy(err, "run as root, with the sources vmallocinfo or rmaps_stat");
	} else if (rc) {
		err_errno(err, -rc, "making gnuplot's script");
	} else {
		rc = gnuplot_run(script, size, path, err);
	}
	free(script);
	return rc;
}
