/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as users write and read them. A parser fails unless the whole string is a number. */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Decimal or 0x hexadecimal; no sign, no octal, no overflow. */
bool parse_u64(const char *text, uint64_t *value);
/* A whole number with an optional binary suffix: K M G T P, or KiB, MiB, ...; no overflow. */
bool parse_size(const char *text, uint64_t *bytes);
/* 500ns 20us 500ms 60s 10m 2h; a bare number is seconds. */
bool parse_duration(const char *text, uint64_t *ns);
/* 200/s */
bool parse_rate(const char *text, uint64_t *per_second);
bool parse_bool(const char *text, bool *value);	/* yes/no on/off true/false 1/0 */

#define UNIT_TEXT 32
/* A whole number if that is exact ("3 GiB"), else one decimal ("128.3 MiB"). Returns buffer. */
char *format_bytes(char buffer[UNIT_TEXT], uint64_t bytes);
/* "1.3 ms"; three significant digits. Returns buffer. */
char *format_ns(char buffer[UNIT_TEXT], uint64_t ns);
/* "4,096". Returns buffer. */
char *format_count(char buffer[UNIT_TEXT], uint64_t count);
/* The exact size as in a config: "61G", "4K", "4097". Returns buffer. */
char *format_size_key(char buffer[UNIT_TEXT], uint64_t bytes);
/* "2026-11-26T09:00:00Z"; NULL: a time that no calendar has. */
char *format_time(char buffer[UNIT_TEXT], time_t time);

#endif
