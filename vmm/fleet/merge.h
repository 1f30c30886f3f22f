/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports of many hosts, merged: groups of equal ones, and outliers. */
#ifndef MERGE_H
#define MERGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "fleet/summary.h"

#define MERGE_SCHEMA "minivmm.merge/1"

/* Sorts summaries. NULL: no memory. "unreadable" is an empty array that the caller fills. */
json_t *merge_build(struct summary *summaries, size_t count);

/* Renderings, for report_render(). */
int merge_text(const json_t *merge, FILE *out);
int merge_text_all(const json_t *merge, FILE *out);	/* with a line for each host */
int merge_csv(const json_t *merge, FILE *out);

/* Reports whose figures or verdict differ from their peers. Sorts summaries. NULL: no memory. */
json_t *merge_outliers(struct summary *summaries, size_t count);

#endif
