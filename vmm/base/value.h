/* SPDX-License-Identifier: GPL-2.0-only */
/* JSON values as reports need them: made without loss, read without trust. */
#ifndef VALUE_H
#define VALUE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* NULL and "" are null; a text that isn't UTF-8 has its bytes above 127 replaced by '?'. */
json_t *value_text(const char *text);
/* Above INT64_MAX, where JSON integers end here, a decimal string: exact in either shape. */
json_t *value_u64(uint64_t number);
/* null unless it is known */
json_t *value_known(bool known, uint64_t number);
/* "0x1f"; for addresses and codes */
json_t *value_hex(uint64_t number);

/*
 * Readers: path is "a.b.c", each a member of the one before. A member that is
 * missing, null, "" or of another type reads as absent: NULL or false.
 */
const json_t *value_at(const json_t *value, const char *path);
const char *value_string(const json_t *value, const char *path);
bool value_int(const json_t *value, const char *path, int64_t *number);
bool value_is_true(const json_t *value, const char *path);

#endif
