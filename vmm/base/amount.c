// SPDX-License-Identifier: GPL-2.0-only
#include "base/amount.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/value.h"

struct amount amount_at(const json_t *value, const char *path)
{
	struct amount amount = { 0 };

	amount.known = value_int(value, path, &amount.value);
	return amount;
}

/* Figures come from a file: a sum that does not fit is not known either. */
struct amount amount_add(struct amount a, struct amount b)
{
	struct amount sum = { .known = a.known && b.known };

	if (__builtin_add_overflow(a.value, b.value, &sum.value))
		sum = (struct amount){ 0 };
	return sum;
}

struct amount amount_subtract(struct amount a, struct amount b)
{
	struct amount difference = { .known = a.known && b.known };

	if (__builtin_sub_overflow(a.value, b.value, &difference.value))
		difference = (struct amount){ 0 };
	return difference;
}

struct amount amount_times(struct amount amount, int64_t count)
{
	if (__builtin_mul_overflow(amount.value, count, &amount.value))
		amount = (struct amount){ 0 };
	return amount;
}

bool amount_equal(struct amount a, struct amount b)
{
	return a.known && b.known && a.value == b.value;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

char *amount_bytes(char buffer[AMOUNT_TEXT], struct amount amount)
{
	char text[UNIT_TEXT];

	if (!amount.known)
		return strcpy(buffer, "-");
	if (!amount.value)
		return strcpy(buffer, "0");
	snprintf(buffer, AMOUNT_TEXT, "%s%s", amount.value < 0 ? "-" : "",
		 format_bytes(text, magnitude(amount.value)));
	return buffer;
}

char *amount_change(char buffer[AMOUNT_TEXT], struct amount amount)
{
	char text[AMOUNT_TEXT];

	snprintf(buffer, AMOUNT_TEXT, "%s%.*s", amount.known && amount.value > 0 ? "+" : "",
		 AMOUNT_TEXT - 2, amount_bytes(text, amount));
	return buffer;
}

char *amount_exact(char buffer[AMOUNT_TEXT], struct amount amount)
{
	if (!amount.known)
		return strcpy(buffer, "-");
	snprintf(buffer, AMOUNT_TEXT, "%" PRId64, amount.value);
	return buffer;
}

char *amount_time(char buffer[AMOUNT_TEXT], struct amount nanoseconds)
{
	char text[UNIT_TEXT];

	if (!nanoseconds.known || nanoseconds.value < 0)
		return strcpy(buffer, "-");
	snprintf(buffer, AMOUNT_TEXT, "%s", format_ns(text, (uint64_t)nanoseconds.value));
	return buffer;
}
