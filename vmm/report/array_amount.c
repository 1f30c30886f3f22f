// SPDX-License-Identifier: GPL-2.0-only
#include "report/array_amount.h"

#include <stdio.h>

#include "base/value.h"

struct amount amount_array(const json_t *footprint, enum array array)
{
	return amount_at(footprint, array_bytes_key(array));
}

#define ADD_ARRAY(id, name, label) sum = amount_add(sum, amount_array(footprint, ARRAY_##id));

struct amount amount_arrays(const json_t *footprint)
{
	struct amount sum = AMOUNT_ZERO;

	ARRAYS(ADD_ARRAY)
	return sum;
}

struct amount amount_other_arrays(const json_t *footprint)
{
	struct amount sum = AMOUNT_ZERO;

	OTHER_ARRAYS(ADD_ARRAY)
	return sum;
}

struct amount amount_transition_array(const json_t *transition, enum array array,
				      const char *which)
{
	return amount_at(value_at(transition, array_bytes_key(array)), which);
}

#define ADD_TRANSITION(id, name, label)                                                            \
	sum = amount_add(sum, amount_transition_array(transition, ARRAY_##id, which));

struct amount amount_transition(const json_t *transition, const char *which)
{
	struct amount sum = AMOUNT_ZERO;

	SHADOW_ROOT_ARRAYS(ADD_TRANSITION)
	return sum;
}
