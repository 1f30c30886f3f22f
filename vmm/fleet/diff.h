/* SPDX-License-Identifier: GPL-2.0-only */
/* Two reports against each other: what a change of kernel, host or config did. */
#ifndef DIFF_H
#define DIFF_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define DIFF_SCHEMA "minivmm.diff/1"

/* "changes" have a "kind", one of these; NULL ends them. */
extern const char *const diff_kinds[];

/* NULL: out of memory. The names are those of the files, for the eye. */
json_t *diff_build(const json_t *a, const char *name_a, const json_t *b, const char *name_b);
/* A verdict changed, or something takes more bytes. */
bool diff_is_regression(const json_t *diff);
/* For people, from the JSON alone. 0 or -ENOMEM. */
int diff_text(const json_t *diff, FILE *out);

#endif
