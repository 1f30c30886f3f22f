/* SPDX-License-Identifier: GPL-2.0-only */
/* Plots of reports, drawn by gnuplot. */
#ifndef PLOT_H
#define PLOT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

#define PLOT_SWEEP_SCHEMA "minivmm.sweep/1"

/* The gnuplot terminal for a file of that name, or NULL if it ends in neither .svg nor .png. */
const char *plot_terminal(const char *path);
/*
 * PATH ends in .svg or .png. Plots the curves of a sweep (or of a report that has one), the memory
 * by phase of one report, or the memory of several reports side by side. names are those of their files.
 */
int plot_reports(const json_t *const *reports, const char *const *names, size_t count, const char *path,
		 struct err *err);

/* Writes text for double quotes in a script: characters that are special there become '_'. */
void plot_text(FILE *out, const char *text);
/* Writes the colours and lines of every plot. */
void plot_style(FILE *out);
/* Writes the plot of a sweep. -ENODATA: it has no points. */
int plot_sweep(const json_t *sweep, FILE *out);

#endif
