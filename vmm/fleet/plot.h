/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports as a plot, drawn by gnuplot. */
#ifndef PLOT_H
#define PLOT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

#define PLOT_SWEEP_SCHEMA "minivmm.sweep/1"

/* gnuplot's name of what a file of that name is, NULL: it ends in neither .svg nor .png. */
const char *plot_terminal(const char *path);
/*
 * PATH ends in .svg or .png. A sweep, or a report with such a member: its curves.
 * One report: its memory by phase; several: their memory side by side.
 */
int plot_reports(const json_t *const *reports, size_t count, const char *path, struct err *err);

/* Text inside double quotes in a script: what gnuplot would act on becomes '_'. */
void plot_text(FILE *out, const char *text);
/* Colours and lines that every plot has. */
void plot_style(FILE *out);
/* Writes the plot of a sweep. -ENODATA: there are no points in it. */
int plot_sweep(const json_t *sweep, FILE *out);

#endif
