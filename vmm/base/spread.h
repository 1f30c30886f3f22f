/* SPDX-License-Identifier: GPL-2.0-only */
/* Minimum, median and maximum of a figure in several reports. */
#ifndef SPREAD_H
#define SPREAD_H

#include <stddef.h>
#include <stdint.h>

struct spread {
	size_t count;		/* 0: there are no values, and the other members mean nothing */
	int64_t min, median, max;
};

/* Sorts values. */
struct spread spread_of(int64_t *values, size_t count);

#endif
