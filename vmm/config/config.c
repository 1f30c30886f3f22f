// SPDX-License-Identifier: GPL-2.0-only
/* Makes struct config from the merged ini sections, by the table of keys. */
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "base/suggest.h"
#include "config/config_check.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/ops.h"

static struct named_cfg *named(const struct config *config, const struct ini_section *section)
{
	return config_object(config, (enum section_kind)section->kind, section->index);
}

/* What is wrong with a NAME, or NULL. */
static const char *name_complaint(enum section_kind kind, const char *name)
{
	if (!*name)
		return "the NAME is missing";
	if (strlen(name) >= CONFIG_NAME_MAX)
		return "a NAME has at most 31 characters";
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")])
		return "a NAME is made of a-z 0-9 . _ and -";
	if (kind == KIND_PHASE && (!strcmp(name, "create") || !strcmp(name, "teardown")))
		return "create and teardown are phases of every run: choose another name";
	return NULL;
}

static void unknown_section(const struct ini_section *section, const char *word,
			    struct diags *diags)
{
	struct suggestion meant = SUGGESTION(word);
	const char *dot = strchr(section->name, '.'), *name = "";
	char names[KEY_WHY] = "";
	size_t count, length = 0;
	const struct section *list = sections(&count);

	for (size_t i = 0; i < count; i++) {
		suggest_try(&meant, list[i].name);
		if (meant.best == list[i].name)
			name = !list[i].size ? "" : dot ? dot : ".NAME";
		if (length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, " %s%s",
						   list[i].name, list[i].size ? ".NAME" : "");
	}
	if (meant.best)
		diag_add(diags, section->at, section->name, NULL, NULL,
			 "no such section; did you mean %s%s?", meant.best, name);
	else
		diag_add(diags, section->at, section->name, NULL, NULL,
			 "no such section; there is:%s", names);
}

/* Finds the kind of a section, and counts it. The kind stays -1 if there is none of that name. */
static void classify(struct ini_section *section, size_t counts[KIND_COUNT], struct diags *diags)
{
	const char *dot = strchr(section->name, '.'), *complaint;
	int length = dot ? (int)(dot - section->name) : (int)strlen(section->name);
	const struct section *list;
	char word[64];
	size_t count, kind = 0;

	snprintf(word, sizeof(word), "%.*s", length, section->name);
	list = sections(&count);
	while (kind < count && strcmp(list[kind].name, word))
		kind++;
	if (kind == count) {
		unknown_section(section, word, diags);
		return;
	}
	if (!list[kind].size && dot) {
		diag_add(diags, section->at, section->name, NULL, NULL,
			 "there is one [%s], without a NAME", word);
		return;
	}
	complaint = !list[kind].size ? NULL :
		    !dot ? "the NAME is missing" : name_complaint((enum section_kind)kind, dot + 1);
	if (complaint)
		diag_add(diags, section->at, section->name, NULL, NULL, "%s", complaint);
	section->kind = (int)kind;
	section->index = counts[kind]++;
}

static int set_defaults(enum section_kind kind, void *object)
{
	char why[KEY_WHY];
	size_t count;
	const struct key *list = keys(&count);
	int code = 0;

	for (size_t i = 0; !code && i < count; i++)
		if (list[i].kind == kind && list[i].initial)
			code = key_parse(&list[i], list[i].initial, object, why);
	return code;
}

/* Makes the object of each section, with its name and its defaults. */
static int make_objects(struct config *config, const struct ini *ini,
			const size_t counts[KIND_COUNT])
{
	size_t count;
	const struct section *list = sections(&count);
	int code = 0;

	for (size_t kind = 0; kind < count; kind++) {
		void *array;

		if (!list[kind].size)
			code = set_defaults((enum section_kind)kind, config);
		if (code)
			return code;
		if (!counts[kind] || !list[kind].size)
			continue;
		array = calloc(counts[kind], list[kind].size);
		if (!array)
			return -ENOMEM;
		memcpy((char *)config + list[kind].list, &array, sizeof(array));
		memcpy((char *)config + list[kind].count, &counts[kind], sizeof(size_t));
	}
	for (size_t i = 0; !code && i < ini->count; i++) {
		const struct ini_section *section = ini->sections[i];
		const char *dot = strchr(section->name, '.');
		struct named_cfg *object;

		if (section->kind < 0 || !list[section->kind].size)
			continue;
		object = named(config, section);
		snprintf(object->name, sizeof(object->name), "%s", dot ? dot + 1 : "");
		object->at = section->at;
		code = set_defaults((enum section_kind)section->kind, object);
	}
	return code;
}

static void unknown_key(const struct ini_section *section, const struct ini_entry *entry,
			struct diags *diags)
{
	struct suggestion meant = SUGGESTION(entry->key);
	const char *elsewhere = NULL;
	const struct section *section_list;
	const struct key *list;
	char names[KEY_WHY] = "";
	size_t count, length = 0;

	section_list = sections(&count);
	list = keys(&count);
	for (size_t i = 0; i < count; i++) {
		if ((int)list[i].kind != section->kind) {
			if (!strcmp(list[i].name, entry->key) && !elsewhere)
				elsewhere = section_list[list[i].kind].name;
			continue;
		}
		suggest_try(&meant, list[i].name);
		if (length < sizeof(names))
			length += (size_t)snprintf(names + length, sizeof(names) - length, " %s",
						   list[i].name);
	}
	if (meant.best)
		diag_add(diags, entry->at, section->name, entry->key, entry->value,
			 "no such key; did you mean %s?", meant.best);
	else if (elsewhere)
		diag_add(diags, entry->at, section->name, entry->key, entry->value,
			 "no such key here, it belongs to [%s]; here there is:%s", elsewhere,
			 names);
	else
		diag_add(diags, entry->at, section->name, entry->key, entry->value,
			 "no such key; there is:%s", names);
}

static int take_entries(struct config *config, struct ini_section *section, struct diags *diags)
{
	enum section_kind kind = (enum section_kind)section->kind;
	void *object;
	char why[KEY_WHY];

	if (section->kind < 0)
		return 0;
	object = config_object(config, kind, section->index);
	for (size_t i = 0; i < section->count; i++) {
		struct ini_entry *entry = &section->entries[i];
		const struct key *key = key_find(kind, entry->key);
		int code;

		if (!key)
			unknown_key(section, entry, diags);
		if (!key || entry->bad)
			continue;
		code = key_parse(key, entry->value, object, why);
		if (code == -ENOMEM)
			return code;
		if (code) {
			entry->bad = true;
			diag_add(diags, entry->at, section->name, entry->key, entry->value, "%s",
				 why);
		}
	}
	return 0;
}

static int build(struct config *config, struct ini *ini, bool runs, struct diags *diags)
{
	size_t counts[KIND_COUNT] = { 0 };
	int code;

	for (size_t i = 0; i < ini->count; i++)
		classify(ini->sections[i], counts, diags);
	code = make_objects(config, ini, counts);
	for (size_t i = 0; !code && i < ini->count; i++)
		code = take_entries(config, ini->sections[i], diags);
	if (!code)
		config_check(config, ini, runs, diags);
	return code;
}

static int load(const char *path, const char *text, char *const *overrides, size_t override_count,
		bool runs, struct config *config, struct errors *errors)
{
	struct diags diags = { 0 };
	bool told;
	int code, broken;

	*config = (struct config){
		.ini = calloc(1, sizeof(*config->ini)),
		.name = shell_line(path, (int)override_count, (const char *const *)overrides),
	};
	if (!config->ini || !config->name) {
		errors_add(errors, "%s: %s", path, strerror(ENOMEM));
		config_free(config);
		return -ENOMEM;
	}
	code = ini_load(path, text, overrides, override_count, config->ini, &diags);
	if (!code)
		code = build(config, config->ini, runs, &diags);
	told = diags.count;
	broken = diags_report(&diags, errors);
	if (code && !told)
		errors_add(errors, "%s: can't be read: %s", path, strerror(-code));
	if (code || broken)
		config_free(config);
	return code ? code : broken;
}

int config_load(const char *path, char *const *overrides, size_t override_count,
		struct config *config, struct errors *errors)
{
	return load(path, NULL, overrides, override_count, true, config, errors);
}

int config_load_layout(const char *path, char *const *overrides, size_t override_count,
		       struct config *config, struct errors *errors)
{
	return load(path, NULL, overrides, override_count, false, config, errors);
}

int config_load_text(const char *name, const char *text, char *const *overrides,
		     size_t override_count, struct config *config, struct errors *errors)
{
	return load(name, text, overrides, override_count, false, config, errors);
}

void config_free(struct config *config)
{
	const struct section *section_list;
	const struct key *list;
	size_t count, kinds;

	section_list = sections(&kinds);
	list = keys(&count);
	for (size_t i = 0; i < count; i++) {
		void *object;

		if (!section_list[list[i].kind].size) {
			key_free(&list[i], config);
			continue;
		}
		for (size_t j = 0; (object = config_object(config, list[i].kind, j)); j++)
			key_free(&list[i], object);
	}
	for (size_t kind = 0; kind < kinds; kind++)
		if (section_list[kind].size)
			free(config_object(config, (enum section_kind)kind, 0));
	if (config->ini)
		ini_free(config->ini);
	free(config->ini);
	free(config->name);
	free(config->command);
	*config = (struct config){ 0 };
}

bool phase_runs_guest(const struct phase_cfg *phase)
{
	return phase->what != DO_SLOT_DELETE && phase->what != DO_SLOT_MOVE;
}

bool phase_runs_l2(const struct phase_cfg *phase)
{
	return phase->what == DO_L2 || phase->what == DO_RESTORE ||
	       phase->what == DO_TABLES || phase->what == DO_ALIAS_COUNTS ||
	       (phase->goes_on && phase->expect == EXPECT_ALLOCATED) ||
	       ((phase->what == DO_STRESS || phase_owns_slot(phase)) && phase->load == LOAD_L2);
}

bool phase_needs_nesting(const struct config *config, const struct phase_cfg *phase)
{
	return phase_runs_l2(phase) ||
	       (phase->what == DO_STRESS && (op_traits_of(config, NULL) & OP_RUNS_L2));
}

bool phase_may_run_l2(const struct phase_cfg *phase)
{
	return phase->goes_on && phase->expect == EXPECT_NOTHING;
}

bool phase_counts_aliases(const struct phase_cfg *phase)
{
	return phase->what == DO_ALIAS_COUNTS || (phase->what == DO_DIRTY_LOG && phase->aliases);
}

bool phase_owns_slot(const struct phase_cfg *phase)
{
	return phase->what == DO_DIRTY_LOG || phase->what == DO_DISCARD || phase->what == DO_TABLES ||
	       phase->what == DO_ALIAS_COUNTS || phase->what == DO_AGE;
}

static const struct memslot_cfg *memslot_named(const struct config *config, const char *name)
{
	for (size_t i = 0; name && i < config->memslot_count; i++)
		if (!strcmp(config->memslots[i].name, name))
			return &config->memslots[i];
	return NULL;
}

const struct memslot_cfg *memslot_memory(const struct config *config, const struct memslot_cfg *slot)
{
	const struct memslot_cfg *memory = memslot_named(config, slot->alias);

	return memory ? memory : slot;
}

const struct memslot_cfg *phase_own_memslot(const struct config *config, const struct phase_cfg *phase)
{
	return phase_owns_slot(phase) ? memslot_named(config, phase->slot) : NULL;
}

uint64_t memslot_base(const struct config *config, const char *name)
{
	const struct memslot_cfg *slot = memslot_named(config, name);

	return slot ? slot->base : 0;
}

uint64_t memslot_page_size(const struct memslot_cfg *slot)
{
	switch (slot->backing) {
	case BACKING_HUGETLB_1G:
		return 1ull << 30;
	case BACKING_HUGETLB_2M:
		return 2ull << 20;
	default:
		return 4096;
	}
}

bool memslot_is_huge_pool(const struct memslot_cfg *slot)
{
	return slot->backing == BACKING_HUGETLB_2M || slot->backing == BACKING_HUGETLB_1G;
}

bool memslot_holds_tables(const struct config *config, const struct memslot_cfg *slot)
{
	return config->guest.tables && !strcmp(config->guest.tables, slot->name);
}

struct origin config_where(const struct config *config, const char *kind, const char *name,
			   const char *key)
{
	char full[64 + CONFIG_NAME_MAX];
	const struct ini_section *section;
	const struct ini_entry *entry;

	if (!config->ini)
		return (struct origin){ 0 };
	snprintf(full, sizeof(full), "%s%s%s", kind, name ? "." : "", name ? name : "");
	section = ini_section(config->ini, full);
	if (!section)
		return (struct origin){ 0 };
	entry = key ? ini_entry(section, key) : NULL;
	return entry ? entry->at : section->at;
}
