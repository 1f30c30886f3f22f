// SPDX-License-Identifier: GPL-2.0-only
/* Values of config keys: from text to the structs of config.h, and back. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/units.h"
#include "config/keys.h"

static uint64_t load_u64(const struct key *key, const void *object)
{
	uint64_t value;

	memcpy(&value, (const char *)object + key->offset, sizeof(value));
	return value;
}

static void store_u64(const struct key *key, void *object, uint64_t value)
{
	memcpy((char *)object + key->offset, &value, sizeof(value));
}

static int *int_at(const struct key *key, const void *object)
{
	return (int *)((char *)object + key->offset);
}

static char **string_at(size_t offset, const void *object)
{
	return (char **)((char *)object + offset);
}

/* The length of "file:" in "file:PATH"; 0: no text follows this word. */
static size_t text_at(const struct key_word *word)
{
	const char *colon = strchr(word->name, ':');

	return colon ? (size_t)(colon + 1 - word->name) : 0;
}

static int refuse(char why[KEY_WHY], const char *rule)
{
	snprintf(why, KEY_WHY, "%s", rule);
	return -EINVAL;
}

/* Adds to why the words that a key takes, and the one that was probably meant. */
static int refuse_word(const struct key *key, const char *text, char why[KEY_WHY])
{
	struct suggestion meant = SUGGESTION(text);
	char *rest = why + strlen(why), *end = why + KEY_WHY;

	for (const struct key_word *word = key->words; word->name; word++) {
		bool last = !word[1].name;

		suggest_try(&meant, word->name);
		rest += snprintf(rest, (size_t)(end - rest), "%s%s",
				 word == key->words ? "" : last ? " or " : ", ", word->name);
	}
	if (meant.best)
		snprintf(rest, (size_t)(end - rest), "; did you mean %s?", meant.best);
	return -EINVAL;
}

static bool parse_number(enum key_type type, const char *text, uint64_t *value)
{
	switch (type) {
	case KEY_SIZE:
		return parse_size(text, value);
	case KEY_DURATION:
		return parse_duration(text, value);
	case KEY_RATE:
		return parse_rate(text, value);
	default:
		return parse_u64(text, value);
	}
}

static int refuse_number(const struct key *key, const char *text, char why[KEY_WHY])
{
	static const char *const shapes[] = {
		[KEY_NUMBER] = "must be a whole number, decimal or 0x hexadecimal",
		[KEY_HEX] = "must be a whole number, decimal or 0x hexadecimal",
		[KEY_SIZE] = "must be a whole number of bytes, or with K, M, G, T or P: "
			     "4096, 0x1000, 3G, 3 GiB",
		[KEY_DURATION] = "must be a whole number with ns, us, ms, s, m or h: "
				 "500ms, 60s, 10m",
		[KEY_RATE] = "must be a whole number of rounds a second: 200/s",
	};
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	size_t digits = hex ? 2 + strspn(text + 2, "0123456789abcdefABCDEF") :
			      strspn(text, "0123456789");
	char short_text[16];
	uint64_t value;

	if (*text == '-')
		return refuse(why, "must not be negative");
	if (!hex && text[0] == '0' && digits > 1)
		return refuse(why, "a leading 0 could mean octal: leave it out");
	/* Fine with a single digit: then there are too many. */
	snprintf(short_text, sizeof(short_text), "1%.8s", text + digits);
	if (digits > (hex ? 2 : 0) && strlen(text + digits) <= 8 &&
	    parse_number(key->type, short_text, &value))
		return refuse(why, "does not fit into 64 bits");
	snprintf(why, KEY_WHY, "%s%s", shapes[key->type], key->words ? ", or " : "");
	return key->words ? refuse_word(key, text, why) : -EINVAL;
}

static char *number_text(enum key_type type, uint64_t value, char buffer[UNIT_TEXT])
{
	static const char *const suffixes[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;

	if (type == KEY_SIZE)
		return format_size_key(buffer, value);
	for (; type == KEY_DURATION && unit < 3 && value && value % 1000 == 0; unit++)
		value /= 1000;
	snprintf(buffer, UNIT_TEXT, type == KEY_HEX ? "0x%" PRIx64 "%s" : "%" PRIu64 "%s", value,
		 type == KEY_DURATION ? suffixes[unit] : type == KEY_RATE ? "/s" : "");
	return buffer;
}

static int parse_number_key(const struct key *key, const char *text, void *object,
			    char why[KEY_WHY])
{
	char limit[UNIT_TEXT];
	uint64_t value;

	for (const struct key_word *word = key->words; word && word->name; word++) {
		if (!strcmp(text, word->name)) {
			store_u64(key, object, (uint64_t)word->value);
			return 0;
		}
	}
	if (!parse_number(key->type, text, &value))
		return refuse_number(key, text, why);
	if (value < key->min) {
		snprintf(why, KEY_WHY, "must be at least %s",
			 number_text(key->type, key->min, limit));
		return -EINVAL;
	}
	if (key->max && value > key->max) {
		snprintf(why, KEY_WHY, "must be at most %s",
			 number_text(key->type, key->max, limit));
		return -EINVAL;
	}
	if (key->multiple && value % key->multiple) {
		snprintf(why, KEY_WHY, "must be a multiple of %s",
			 number_text(key->type, key->multiple, limit));
		return -EINVAL;
	}
	store_u64(key, object, value);
	return 0;
}

static int store_string(size_t offset, void *object, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return -ENOMEM;
	free(*string_at(offset, object));
	*string_at(offset, object) = copy;
	return 0;
}

/* "a path must follow the ':'" */
static int refuse_empty(const struct key_word *word, char why[KEY_WHY])
{
	size_t length = (size_t)snprintf(why, KEY_WHY, "a %s must follow the ':'",
					 word->name + text_at(word));

	for (size_t i = 0; i < length; i++)
		why[i] = (char)tolower((unsigned char)why[i]);
	return -EINVAL;
}

static int parse_enum(const struct key *key, const char *text, void *object, char why[KEY_WHY])
{
	int code = 0;

	for (const struct key_word *word = key->words; word->name; word++) {
		size_t length = text_at(word);
		bool matches = length ? !strncmp(text, word->name, length) :
					!strcmp(text, word->name);

		if (!matches)
			continue;
		if (length && !text[length])
			return refuse_empty(word, why);
		if (key->text)
			code = store_string(key->text, object,
					    length ? text + length : NULL);
		if (!code)
			*int_at(key, object) = (int)word->value;
		return code;
	}
	snprintf(why, KEY_WHY, "must be ");
	return refuse_word(key, text, why);
}

static int parse_flags(const struct key *key, const char *text, void *object, char why[KEY_WHY])
{
	unsigned int flags = 0;
	char name[32];

	if (!strcmp(text, "none"))
		goto done;
	for (;;) {
		const struct key_word *word = key->words;
		size_t length;

		text += strspn(text, " \t");
		length = strcspn(text, ",");
		snprintf(name, sizeof(name), "%.*s", (int)(length < 31 ? length : 31), text);
		while (*name && strchr(" \t", name[strlen(name) - 1]))
			name[strlen(name) - 1] = '\0';
		while (word->name && strcmp(word->name, name))
			word++;
		if (!word->name) {
			snprintf(why, KEY_WHY, "must be none, or a comma-separated list of ");
			return refuse_word(key, name, why);
		}
		if (flags & (unsigned int)word->value) {
			snprintf(why, KEY_WHY, "has %s twice", word->name);
			return -EINVAL;
		}
		flags |= (unsigned int)word->value;
		if (!text[length])
			break;
		text += length + 1;
	}
done:
	*int_at(key, object) = (int)flags;
	return 0;
}

int key_parse(const struct key *key, const char *text, void *object, char why[KEY_WHY])
{
	bool yes;

	why[0] = '\0';
	if (!*text)
		return refuse(why, "no value");
	switch (key->type) {
	case KEY_NUMBER:
	case KEY_HEX:
	case KEY_SIZE:
	case KEY_DURATION:
	case KEY_RATE:
		return parse_number_key(key, text, object, why);
	case KEY_BOOL:
		if (!parse_bool(text, &yes))
			return refuse(why, "must be yes or no");
		*((char *)object + key->offset) = yes;
		return 0;
	case KEY_ENUM:
		return parse_enum(key, text, object, why);
	case KEY_FLAGS:
		return parse_flags(key, text, object, why);
	case KEY_NAME:
	case KEY_PATH:
	case KEY_LINE:
		return store_string(key->offset, object, text);
	case KEY_FILES:
		break;
	}
	return 0;
}

bool key_is_unset(const struct key *key, const void *object)
{
	switch (key->type) {
	case KEY_NUMBER:
	case KEY_HEX:
	case KEY_SIZE:
	case KEY_DURATION:
	case KEY_RATE:
		for (const struct key_word *word = key->words; word && word->name; word++)
			if (load_u64(key, object) == (uint64_t)word->value)
				return true;
		return false;
	case KEY_NAME:
	case KEY_PATH:
	case KEY_LINE:
		return !*string_at(key->offset, object);
	default:
		return key->type == KEY_FILES;
	}
}

static char *flags_text(const struct key *key, unsigned int flags)
{
	char text[KEY_TEXT] = "";
	size_t length = 0;

	for (const struct key_word *word = key->words; word->name; word++)
		if (flags & (unsigned int)word->value && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%s",
						   length ? "," : "", word->name);
	return strdup(length ? text : "none");
}

static char *enum_text(const struct key *key, const void *object)
{
	const struct key_word *word = key->words;
	const char *text;
	size_t size;
	char *whole;

	while (word->name && word->value != *int_at(key, object))
		word++;
	if (!word->name || !text_at(word))
		return strdup(word->name ? word->name : "");
	text = *string_at(key->text, object);
	size = text_at(word) + strlen(text ? text : "") + 1;
	whole = malloc(size);
	if (whole)
		snprintf(whole, size, "%.*s%s", (int)text_at(word), word->name, text ? text : "");
	return whole;
}

char *key_format(const struct key *key, const void *object)
{
	char buffer[UNIT_TEXT];

	if (key_is_unset(key, object))
		return strdup(key->type != KEY_FILES && key->initial ? key->initial : "");
	switch (key->type) {
	case KEY_BOOL:
		return strdup(*((const char *)object + key->offset) ? "yes" : "no");
	case KEY_ENUM:
		return enum_text(key, object);
	case KEY_FLAGS:
		return flags_text(key, (unsigned int)*int_at(key, object));
	case KEY_NAME:
	case KEY_PATH:
	case KEY_LINE:
		return strdup(*string_at(key->offset, object));
	default:
		return strdup(number_text(key->type, load_u64(key, object), buffer));
	}
}

void key_free(const struct key *key, void *object)
{
	if (key->type == KEY_NAME || key->type == KEY_PATH || key->type == KEY_LINE)
		store_string(key->offset, object, NULL);
	if (key->text)
		store_string(key->text, object, NULL);
}
