/* SPDX-License-Identifier: GPL-2.0-only */
/* How figures of several reports spread. */
#ifndef SPREAD_H
#define SPREAD_H

#include <stddef.h>
#include <stdint.h>

struct spread {
	size_t count;		/* 0: there was none, nor is the rest of it */
	int64_t min, median, max;
};

/* Sorts values. */
struct spread spread_of(int64_t *values, size_t count);

#endif
