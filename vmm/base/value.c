// SPDX-License-Identifier: GPL-2.0-only
#include "base/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A kernel log may hold any bytes, and a text that was cut off may end within a character. */
static json_t *replace_bytes(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	if (!copy)
		return NULL;
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

json_t *value_text(const char *text)
{
	json_t *value;

	if (!text || !text[0])
		return json_null();
	value = json_string(text);
	return value ? value : replace_bytes(text);
}

json_t *value_u64(uint64_t number)
{
	char text[24];

	if (number <= INT64_MAX)
		return json_integer((json_int_t)number);
	snprintf(text, sizeof(text), "%" PRIu64, number);
	return json_string(text);
}

json_t *value_known(bool known, uint64_t number)
{
	return known ? value_u64(number) : json_null();
}

json_t *value_hex(uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return json_string(text);
}

const json_t *value_at(const json_t *value, const char *path)
{
	while (value && *path) {
		size_t length = strcspn(path, ".");

		value = json_object_getn(value, path, length);
		path += length + (path[length] == '.');
	}
	return value;
}

const char *value_string(const json_t *value, const char *path)
{
	const char *text = json_string_value(value_at(value, path));

	return text && text[0] ? text : NULL;
}

bool value_int(const json_t *value, const char *path, int64_t *number)
{
	const json_t *member = value_at(value, path);

	if (!json_is_integer(member))
		return false;
	*number = json_integer_value(member);
	return true;
}

bool value_is_true(const json_t *value, const char *path)
{
	return json_is_true(value_at(value, path));
}

struct json_out {
	FILE *out;
	const char *margin;
};

/* In JSON a DEL stands only in strings, and a newline only outside. */
static int put_json(const char *text, size_t size, void *data)
{
	const struct json_out *json = data;

	for (const char *end = text + size; text < end; text++) {
		if (*text == 0x7f)
			fputs("\\u007f", json->out);
		else
			putc(*text, json->out);
		if (*text == '\n')
			fputs(json->margin, json->out);
	}
	return 0;
}

int value_write(const json_t *value, FILE *out, size_t flags, const char *margin)
{
	struct json_out json = { out, margin };

	return json_dump_callback(value, put_json, &json, flags | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
}

int value_write_line(const json_t *value, FILE *out)
{
	return value_write(value, out, JSON_COMPACT, "") || putc('\n', out) == EOF ? -1 : 0;
}
