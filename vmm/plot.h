/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports as a plot, drawn by gnuplot. */
#ifndef PLOT_H
#define PLOT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "err.h"

/*
 * PATH ends in .svg or .png. One report: its curves if it has a "sweep", else its
 * memory by phase; several: their memory side by side.
 */
int plot_reports(const json_t *const *reports, size_t count, const char *path, struct err *err);

/* Text inside double quotes in a script: what gnuplot would act on becomes '_'. */
void plot_text(FILE *out, const char *text);
/* Colours and lines that every plot has. */
void plot_style(FILE *out);
/* Writes the plot of a report's "sweep" member. -ENODATA: there are no points in it. */
int plot_sweep(const json_t *sweep, FILE *out);

#endif
