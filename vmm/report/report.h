/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run as JSON, and its renderings for people and programs. Every format is rendered from that
 * JSON alone, so that `report show` needs no KVM.
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "check/verdict.h"
#include "run/result.h"

#define REPORT_SCHEMA "minivmm.report/1"

/* Writes a format of some JSON. 0 or -errno; an error of the stream may stay in the stream. */
typedef int report_renderer(const json_t *json, FILE *out);

/* NULL: out of memory. */
json_t *report_build(const struct run *run, const struct verdict *verdict);
/* Opens a file to read that the user names, with the privileges that the command was started with. NULL with errno. */
FILE *report_open(const char *path);
/* Renders and flushes. 0 or -errno, of the stream as well. */
int report_render(const json_t *json, report_renderer *render, FILE *out);
/*
 * Writes JSON to a new file beside PATH and renames that: PATH is whole or untouched. Indented, or
 * a single line if PATH ends in .jsonl.
 */
int report_save(const json_t *json, const char *path, struct err *err);
int report_load(const char *path, json_t **report, struct err *err);
/* Any of minivmm's schemas: the caller looks at "schema". */
int report_load_any(const char *path, json_t **report, struct err *err);
/* Does a report have this schema, or a minor version of it? */
bool report_is(const json_t *report, const char *schema);
/* Like report_load(), and a file of the schema `other` is accepted as well. */
int report_load_or(const char *other, const char *path, json_t **report, struct err *err);

#endif
