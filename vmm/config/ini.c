// SPDX-License-Identifier: GPL-2.0-only
#include "config/ini.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_names(const void *left, const void *right)
{
	const struct ini_section *a = left, *b = right;

	return strcmp(a->name, b->name);
}

struct ini_section *ini_section(const struct ini *ini, const char *name)
{
	struct ini_section like = { .name = (char *)name };
	struct ini_section **found = tfind(&like, &ini->by_name, compare_names);

	return found ? *found : NULL;
}

struct ini_entry *ini_entry(const struct ini_section *section, const char *key)
{
	for (size_t i = 0; i < section->count; i++)
		if (!strcmp(section->entries[i].key, key))
			return &section->entries[i];
	return NULL;
}

struct ini_section *ini_add(struct ini *ini, const char *name, struct origin at)
{
	struct ini_section *section = ini_section(ini, name);

	if (section)
		return section;
	if (ini->count == ini->room) {
		size_t room = ini->room ? 2 * ini->room : 16;
		struct ini_section **list = realloc(ini->sections, room * sizeof(section));

		if (!list)
			return NULL;
		ini->sections = list;
		ini->room = room;
	}
	section = calloc(1, sizeof(*section));
	if (!section)
		return NULL;
	*section = (struct ini_section){ .name = strdup(name), .at = at, .kind = -1 };
	if (!section->name || !tsearch(section, &ini->by_name, compare_names)) {
		free(section->name);
		free(section);
		return NULL;
	}
	ini->sections[ini->count++] = section;
	return section;
}

int ini_set(struct ini_section *section, const char *key, const char *value, struct origin at)
{
	struct ini_entry *entry = ini_entry(section, key);
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	if (!entry) {
		entry = realloc(section->entries, (section->count + 1) * sizeof(*entry));
		if (entry) {
			section->entries = entry;
			entry += section->count;
			*entry = (struct ini_entry){ .key = strdup(key) };
		}
		if (!entry || !entry->key) {
			free(copy);
			return -ENOMEM;
		}
		section->count++;
	}
	free(entry->value);
	entry->value = copy;
	entry->at = at;
	entry->bad = false;
	return 0;
}

static int merge_key(struct ini_section *section, const struct ini_item *item, struct origin at,
		     struct diags *diags)
{
	struct ini_entry *before = ini_entry(section, item->name);

	if (before && before->at.file == at.file) {
		diag_add(diags, at, section->name, item->name, item->value,
			 "was set on line %u already", before->at.line);
		before->bad = true;
		return 0;
	}
	return ini_set(section, item->name, item->value, at);
}

int ini_merge(struct ini *ini, const char *file, const struct ini_items *items,
	      struct diags *diags)
{
	struct ini_section *section = NULL;
	int code = 0;

	for (size_t i = 0; !code && i < items->count; i++) {
		const struct ini_item *item = &items->list[i];
		struct origin at = { file, item->line };

		if (item->kind == INI_KEY) {
			code = merge_key(section, item, at, diags);
		} else if (item->kind == INI_DROPPED) {
			if (section)
				section->incomplete = true;
		} else {
			section = ini_add(ini, item->name, at);
			if (!section)
				return -ENOMEM;
			if (section->header.file == file)
				diag_add(diags, at, item->name, NULL, NULL,
					 "line %u has a section of this name already",
					 section->header.line);
			else
				section->header = at;
		}
	}
	return code;
}

void ini_free(struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		struct ini_section *section = ini->sections[i];

		tdelete(section, &ini->by_name, compare_names);
		for (size_t j = 0; j < section->count; j++) {
			free(section->entries[j].key);
			free(section->entries[j].value);
		}
		free(section->entries);
		free(section->name);
		free(section);
	}
	free(ini->sections);
	for (size_t i = 0; i < ini->file_count; i++)
		free(ini->files[i].name);
	free(ini->files);
	*ini = (struct ini){ 0 };
}
