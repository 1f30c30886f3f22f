/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prometheus' text exposition format 0.0.4. It requires that all samples of a metric follow the
 * head of its family, and that no two have the same labels.
 */
#ifndef PROM_H
#define PROM_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The head of a family. type: "gauge" or "counter". help is one line without backslashes. */
void prom_family(FILE *out, const char *name, const char *type, const char *help);

/* Labels are pairs of texts up to a NULL name; a NULL value leaves the label out. */
#define PROM_LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL, NULL })
#define PROM_NO_LABELS ((const char *const[]){ NULL, NULL })

/* Text between the quotes of a label. */
void prom_text(FILE *out, const char *text);
void prom_integer(FILE *out, const char *name, const char *const *labels, int64_t value);
/* Nanoseconds, written as seconds without loss. */
void prom_seconds(FILE *out, const char *name, const char *const *labels, int64_t ns);

#endif
