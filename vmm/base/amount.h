/* SPDX-License-Identifier: GPL-2.0-only */
/* Figures of a report, which may be unknown. A result is unknown if one of its operands is. */
#ifndef AMOUNT_H
#define AMOUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

struct amount {
	bool known;
	int64_t value;
};

#define AMOUNT_ZERO ((struct amount){ .known = true })
#define AMOUNT_TEXT (UNIT_TEXT + 8)

struct amount amount_at(const json_t *value, const char *path);

struct amount amount_add(struct amount a, struct amount b);
struct amount amount_subtract(struct amount a, struct amount b);
struct amount amount_times(struct amount amount, int64_t count);
bool amount_equal(struct amount a, struct amount b);	/* false if one is unknown */

/* "128.3 MiB", "0", or "-" if it is unknown. All of these return buffer. */
char *amount_bytes(char buffer[AMOUNT_TEXT], struct amount amount);
/* The same with a sign: "+128.3 MiB". */
char *amount_change(char buffer[AMOUNT_TEXT], struct amount amount);
char *amount_exact(char buffer[AMOUNT_TEXT], struct amount amount);
char *amount_time(char buffer[AMOUNT_TEXT], struct amount nanoseconds);

#endif
