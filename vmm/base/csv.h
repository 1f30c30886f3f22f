/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comma-separated values as RFC 4180 has them: CRLF ends a record, quotes where they are needed.
 * Whatever this program writes as CSV goes through here, so that one reader takes it all.
 */
#ifndef CSV_H
#define CSV_H

#include <jansson.h>
#include <stdio.h>

/* NULL is an empty field. */
void csv_text(FILE *out, const char *text);
/* The member at path: text, number or boolean; empty where it is anything else or missing. */
void csv_member(FILE *out, const json_t *value, const char *path);
/* Call between two fields, and at the end of a record. */
void csv_next(FILE *out);
void csv_end(FILE *out);

#endif
