// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "keys.h"
#include "value.h"

static json_t *flags_json(const struct key *key, unsigned int flags)
{
	json_t *list = json_array();

	for (const struct key_word *word = key->words; word->name; word++)
		if (flags & (unsigned int)word->value)
			json_array_append_new(list, json_string(word->name));
	return list;
}

static json_t *text_json(const struct key *key, const void *object)
{
	char *text = key_format(key, object);
	json_t *value = value_text(text);

	free(text);
	return value;
}

static json_t *key_json(const struct key *key, const void *object)
{
	const char *at = (const char *)object + key->offset;
	uint64_t number;

	if (key_is_unset(key, object))
		return json_null();
	switch (key->type) {
	case KEY_NUMBER:
	case KEY_SIZE:
	case KEY_DURATION:
	case KEY_RATE:
		memcpy(&number, at, sizeof(number));
		return value_u64(number);
	case KEY_BOOL:
		return json_boolean(*at);
	case KEY_FLAGS:
		return flags_json(key, *(const unsigned int *)(const void *)at);
	default:
		return text_json(key, object);
	}
}

static json_t *object_json(enum section_kind kind, const void *object)
{
	json_t *section = json_object();
	size_t count;
	const struct key *list = keys(&count);

	for (size_t i = 0; i < count; i++)
		if (list[i].kind == kind)
			json_object_set_new(section, list[i].name, key_json(&list[i], object));
	return section;
}

json_t *config_json(const struct config *config)
{
	json_t *root = json_object();
	size_t count;
	const struct section *list = sections(&count);

	for (size_t i = 0; i < count; i++) {
		enum section_kind kind = (enum section_kind)i;
		const struct named_cfg *object;
		char name[64 + CONFIG_NAME_MAX];

		/* Includes are merged into the other sections. */
		if (kind == KIND_MINIVMM)
			continue;
		if (!list[i].size)
			json_object_set_new(root, list[i].name, object_json(kind, config));
		for (size_t j = 0; list[i].size && (object = config_object(config, kind, j)); j++) {
			snprintf(name, sizeof(name), "%s.%s", list[i].name, object->name);
			json_object_set_new(root, name, object_json(kind, object));
		}
	}
	return root;
}
