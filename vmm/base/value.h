/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON values of reports: written without loss, read without any assumption. */
#ifndef VALUE_H
#define VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* NULL and "" become null. If text is not UTF-8, its bytes above 127 become '?'. */
json_t *value_text(const char *text);
/* A number, or above INT64_MAX, jansson's limit, a decimal string: both are exact. */
json_t *value_u64(uint64_t number);
/* null if it is not known. */
json_t *value_known(bool known, uint64_t number);
/* "0x1f", for addresses and codes. */
json_t *value_hex(uint64_t number);

/*
 * Readers: path is "a.b.c", where each is a member of the one before. They return NULL or false for
 * a member that is missing, null, "" or of another type.
 */
const json_t *value_at(const json_t *value, const char *path);
const char *value_string(const json_t *value, const char *path);
bool value_int(const json_t *value, const char *path, int64_t *number);
bool value_is_true(const json_t *value, const char *path);

/*
 * Writes it as JSON, with jansson's flags, in ASCII and without DEL: nothing of it acts on a terminal. Each line but the
 * first begins with margin. 0, or -1 without memory.
 */
int value_write(const json_t *value, FILE *out, size_t flags, const char *margin);
/* As value_write(), compact and with a newline: a line of JSON Lines. 0, or -1 without memory or where the stream failed. */
int value_write_line(const json_t *value, FILE *out);

#endif
