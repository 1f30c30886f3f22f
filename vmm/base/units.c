// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char size_letters[] = "KMGTPE";

/* In rising order. The first name is for configs, the second for texts. */
static const struct {
	const char *suffix;
	const char *text;
	uint64_t ns;
} time_units[] = {
	{ "ns", "ns", 1 },
	{ "us", "us", 1000 },
	{ "ms", "ms", 1000000 },
	{ "s", "s", 1000000000 },
	{ "m", "min", 60000000000 },
	{ "h", "h", 3600000000000 },
};
#define TIME_UNITS (sizeof(time_units) / sizeof(time_units[0]))

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/*
 * Reads the number at the start of *text and moves *text behind it. A leading zero is refused: C
 * and iniparser read it as octal, people as decimal.
 */
static bool take_number(const char **text, uint64_t *value)
{
	const char *c = *text;
	unsigned int radix = 10;
	const char *first;

	if (c[0] == '0' && (c[1] == 'x' || c[1] == 'X')) {
		radix = 16;
		c += 2;
	} else if (c[0] == '0' && c[1] >= '0' && c[1] <= '9') {
		return false;
	}
	*value = 0;
	for (first = c; digit_value(*c) < (int)radix; c++)
		if (__builtin_mul_overflow(*value, radix, value) ||
		    __builtin_add_overflow(*value, digit_value(*c), value))
			return false;
	*text = c;
	return c > first;
}

bool parse_u64(const char *text, uint64_t *value)
{
	uint64_t number;

	if (!take_number(&text, &number) || *text)
		return false;
	*value = number;
	return true;
}

bool parse_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "KkMmGgTtPp";
	uint64_t number;
	const char *letter;

	if (!take_number(&text, &number))
		return false;
	if (*text) {
		bool space = *text == ' ';

		text += space;
		letter = *text ? strchr(letters, *text) : NULL;
		/* "64 GiB", but not "64 G": that may be two words. */
		if (!letter || (text[1] ? strcmp(text + 1, "i") && strcmp(text + 1, "iB") : space) ||
		    __builtin_mul_overflow(number, 1ull << 10 * ((letter - letters) / 2 + 1),
					   &number))
			return false;
	}
	*bytes = number;
	return true;
}

bool parse_duration(const char *text, uint64_t *ns)
{
	uint64_t number;

	if (!take_number(&text, &number))
		return false;
	if (!*text)
		text = "s";
	for (size_t i = 0; i < TIME_UNITS; i++) {
		if (strcmp(text, time_units[i].suffix))
			continue;
		if (__builtin_mul_overflow(number, time_units[i].ns, &number))
			return false;
		*ns = number;
		return true;
	}
	return false;
}

bool parse_rate(const char *text, uint64_t *per_second)
{
	uint64_t number;

	if (!take_number(&text, &number) || strcmp(text, "/s"))
		return false;
	*per_second = number;
	return true;
}

bool parse_bool(const char *text, bool *value)
{
	static const char *const words[] = { "no", "yes", "off", "on", "false", "true", "0", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcasecmp(text, words[i])) {
			*value = i % 2;
			return true;
		}
	}
	return false;
}

char *format_bytes(char buffer[UNIT_TEXT], uint64_t bytes)
{
	unsigned int unit = 0;

	if (bytes < 1024) {
		snprintf(buffer, UNIT_TEXT, "%" PRIu64 " B", bytes);
		return buffer;
	}
	/* If one decimal would be rounded up to 1024.0, the next unit is used. */
	while (unit < 5 && (double)bytes / (double)(1ull << 10 * (unit + 1)) >= 1023.95)
		unit++;
	if (bytes % (1ull << 10 * (unit + 1)) == 0)
		snprintf(buffer, UNIT_TEXT, "%" PRIu64 " %ciB", bytes >> 10 * (unit + 1),
			 size_letters[unit]);
	else
		snprintf(buffer, UNIT_TEXT, "%.1f %ciB",
			 (double)bytes / (double)(1ull << 10 * (unit + 1)), size_letters[unit]);
	return buffer;
}

char *format_ns(char buffer[UNIT_TEXT], uint64_t ns)
{
	unsigned int unit = 0;
	double value;

	/* If three digits would be rounded up to 1000, the next unit is used. */
	while (unit < TIME_UNITS - 1 && (double)ns >= 999.5 * (double)time_units[unit].ns)
		unit++;
	value = (double)ns / (double)time_units[unit].ns;
	snprintf(buffer, UNIT_TEXT, value < 999.5 ? "%.3g %s" : "%.0f %s", value,
		 time_units[unit].text);
	return buffer;
}

char *format_count(char buffer[UNIT_TEXT], uint64_t count)
{
	char digits[UNIT_TEXT], *out = buffer;
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buffer;
}

char *format_size_key(char buffer[UNIT_TEXT], uint64_t bytes)
{
	int unit = -1;

	while (bytes && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buffer, UNIT_TEXT, "%" PRIu64, bytes);
	else
		snprintf(buffer, UNIT_TEXT, "%" PRIu64 "%c", bytes, size_letters[unit]);
	return buffer;
}

char *format_time(char buffer[UNIT_TEXT], time_t time)
{
	struct tm utc;

	if (!gmtime_r(&time, &utc) || !strftime(buffer, UNIT_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc))
		return NULL;
	return buffer;
}
