/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run as data (JSON), and that data as people and programs read it. Every
 * format is a rendering of the same JSON, so `report show` needs no KVM.
 */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "check/verdict.h"
#include "run/result.h"

#define REPORT_SCHEMA "minivmm.report/1"

enum report_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_KTAP, FORMAT_CSV, FORMAT_PROM };
#define REPORT_FORMATS "text, json, ktap, csv, prom"

/* -1: no such format */
int report_format_parse(const char *name);

/* NULL: out of memory. */
json_t *report_build(const struct run *run, const struct verdict *verdict);
/* 0 or -errno of the stream. */
int report_render(const json_t *report, enum report_format format, FILE *out);
/* Written beside PATH, then renamed: PATH is whole or untouched. */
int report_save(const json_t *report, const char *path, struct err *err);
int report_load(const char *path, json_t **report, struct err *err);
/* The same, and a file of that other schema is taken, too. */
int report_load_or(const char *other, const char *path, json_t **report, struct err *err);

#endif
