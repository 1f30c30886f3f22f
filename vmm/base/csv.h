/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comma-separated values of RFC 4180: CRLF ends a record, and fields are quoted if needed. All CSV
 * that this program writes is written here, so that one reader can read all of it.
 */
#ifndef CSV_H
#define CSV_H

#include <jansson.h>
#include <stdio.h>

/* NULL is an empty field. */
void csv_text(FILE *out, const char *text);
/* The member at path: text, number or boolean; an empty field if it is missing or else. */
void csv_member(FILE *out, const json_t *value, const char *path);
/* csv_next() between two fields, csv_end() after the last one of a record. */
void csv_next(FILE *out);
void csv_end(FILE *out);
/* A record of the columns' names, then one for each element of the array, of its members so named. */
void csv_table(FILE *out, const json_t *array, const char *const *columns, size_t count);

#endif
