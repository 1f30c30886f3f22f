// SPDX-License-Identifier: GPL-2.0-only
#include "model/arrays.h"

#define ROW(id, name, label) { name, name "_bytes", label },
static const struct {
	const char *name, *key, *label;
} table[ARRAY_COUNT] = { ARRAYS(ROW) };

const char *array_name(enum array array)
{
	return table[array].name;
}

const char *array_bytes_key(enum array array)
{
	return table[array].key;
}

const char *array_label(enum array array)
{
	return table[array].label;
}
