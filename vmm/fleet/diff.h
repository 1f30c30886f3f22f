/* SPDX-License-Identifier: GPL-2.0-only */
/* Compares two reports: what a change of kernel, host or config did. */
#ifndef DIFF_H
#define DIFF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define DIFF_SCHEMA "minivmm.diff/1"

/* The values of "kind" in "changes"; NULL ends them. */
extern const char *const diff_kinds[];

/* NULL: no memory. The names are those of the files, for the user. */
json_t *diff_build(const json_t *a, const char *name_a, const json_t *b, const char *name_b);
/* Did a verdict change, or does something take more bytes? */
bool diff_is_regression(const json_t *diff);
/* A rendering, for report_render(). */
int diff_text(const json_t *diff, FILE *out);

#endif
