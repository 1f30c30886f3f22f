// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "config/config.h"
#include "config/keys.h"

static json_t *flags_json(const struct key *key, unsigned int flags)
{
	json_t *list = json_array();

	for (const struct key_word *word = key->words; list && word->name; word++) {
		if (flags & (unsigned int)word->value &&
		    json_array_append_new(list, json_string(word->name))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *text_json(const struct key *key, const void *object)
{
	char *text = key_format(key, object);
	json_t *value = text ? value_text(text) : NULL;

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

	for (size_t i = 0; section && i < count; i++) {
		if (list[i].kind == kind &&
		    json_object_set_new(section, list[i].name, key_json(&list[i], object))) {
			json_decref(section);
			return NULL;
		}
	}
	return section;
}

/* Adds [kind], or every [kind.NAME] that the config has. */
static int add_sections(json_t *root, const struct config *config, enum section_kind kind,
			const struct section *section)
{
	const struct named_cfg *object;
	char name[64 + CONFIG_NAME_MAX];

	if (!section->size)
		return json_object_set_new(root, section->name, object_json(kind, config));
	for (size_t i = 0; (object = config_object(config, kind, i)); i++) {
		snprintf(name, sizeof(name), "%s.%s", section->name, object->name);
		if (json_object_set_new(root, name, object_json(kind, object)))
			return -1;
	}
	return 0;
}

json_t *config_json(const struct config *config)
{
	json_t *root = json_object();
	size_t count;
	const struct section *list = sections(&count);

	for (size_t i = 0; root && i < count; i++) {
		/* Its only key, include, has been merged into the other sections. */
		if (i == KIND_MINIVMM)
			continue;
		if (add_sections(root, config, (enum section_kind)i, &list[i])) {
			json_decref(root);
			return NULL;
		}
	}
	return root;
}
