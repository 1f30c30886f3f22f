// SPDX-License-Identifier: GPL-2.0-only
#include "base/spread.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

struct spread spread_of(int64_t *values, size_t count)
{
	if (!count)
		return (struct spread){ 0 };
	qsort(values, count, sizeof(*values), compare);
	/* With an even count, the lower of the middle two: a measured figure, not a mean of two. */
	return (struct spread){ count, values[0], values[(count - 1) / 2], values[count - 1] };
}
