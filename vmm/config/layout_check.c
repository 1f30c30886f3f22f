// SPDX-License-Identifier: GPL-2.0-only
#include "config/layout_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "config/ini.h"
#include "config/keys.h"

#define PAGE 4096
#define SIZE_2M (2ull << 20)
#define SIZE_1G (1ull << 30)

void layout_broken(struct layout_check *check, size_t memslot, const char *key, const char *rule,
		   ...)
{
	const struct memslot_cfg *cfg = &check->config->memslots[memslot];
	const struct ini_section *section = NULL;
	const struct ini_entry *entry = NULL;
	char name[sizeof("memslot.") + CONFIG_NAME_MAX], text[KEY_WHY];
	char *value;
	va_list args;

	snprintf(name, sizeof(name), "memslot.%s", cfg->name);
	if (check->config->ini)
		section = ini_section(check->config->ini, name);
	if (section)
		entry = ini_entry(section, key);
	value = entry ? strdup(entry->value) : key_format(key_find(KIND_MEMSLOT, key), cfg);
	va_start(args, rule);
	vsnprintf(text, sizeof(text), rule, args);
	va_end(args);
	diag_add(&check->diags, entry ? entry->at : cfg->at, name, key, value, "%s", text);
	free(value);
}

static void check_multiple(struct layout_check *check, size_t index, const char *key,
			   uint64_t value, uint64_t of, const char *text)
{
	if (value % of)
		layout_broken(check, index, key, "must be a multiple of %s", text);
}

/* Returns false if the slots have no addresses that can be compared with those of others. */
static bool check_addresses(struct layout_check *check, size_t index)
{
	const struct memslot_cfg *cfg = &check->config->memslots[index];
	unsigned int bits = check->limits->phys_bits;
	uint64_t last;

	if (!cfg->size) {
		layout_broken(check, index, "size", "must be more than 0");
		return false;
	}
	if (__builtin_mul_overflow(cfg->count - 1, cfg->stride, &last) ||
	    __builtin_add_overflow(last, cfg->size - 1, &last) ||
	    __builtin_add_overflow(last, cfg->base, &last)) {
		layout_broken(check, index, "base", "the %s would end beyond 2^64",
			      cfg->count > 1 ? "row" : "slot");
		return false;
	}
	if (bits < 64 && last >> bits)
		layout_broken(check, index, "base",
			      "the %s would end at 0x%" PRIx64 ", which is beyond %u address bits",
			      cfg->count > 1 ? "row" : "slot", last, bits);
	return true;
}

/* The host gives memory in whole pages of the backing. */
static void check_plugged(struct layout_check *check, size_t index)
{
	const struct memslot_cfg *cfg = &check->config->memslots[index];
	char text[UNIT_TEXT];

	if (cfg->plugged > cfg->size)
		layout_broken(check, index, "plugged", "is more than the slot's size: %s",
			      format_size_key(text, cfg->size));
	else if (cfg->plugged == cfg->size)
		return;
	else if (cfg->backing == BACKING_HUGETLB_2M)
		check_multiple(check, index, "plugged", cfg->plugged, SIZE_2M,
			       "2M, the page size of its backing");
	else if (cfg->backing == BACKING_HUGETLB_1G)
		check_multiple(check, index, "plugged", cfg->plugged, SIZE_1G,
			       "1G, the page size of its backing");
}

static void check_numbers(struct layout_check *check, size_t index)
{
	const struct memslot_cfg *cfg = &check->config->memslots[index];

	check_multiple(check, index, "base", cfg->base, PAGE, "4K");
	check_multiple(check, index, "size", cfg->size, PAGE, "4K");
	if (cfg->stride != cfg->size)
		check_multiple(check, index, "stride", cfg->stride, PAGE, "4K");
	if (cfg->backing == BACKING_HUGETLB_2M)
		check_multiple(check, index, "size", cfg->size, SIZE_2M,
			       "2M, the page size of its backing");
	if (cfg->backing == BACKING_HUGETLB_1G)
		check_multiple(check, index, "size", cfg->size, SIZE_1G,
			       "1G, the page size of its backing");
	check_plugged(check, index);
	if (cfg->size > SLOT_SIZE_MAX)
		layout_broken(check, index, "size",
			      "KVM takes at most 8 TiB - 4 KiB (%llu bytes) in a slot",
			      SLOT_SIZE_MAX);
	check->sound[index] = check_addresses(check, index);
}

/* config_check.c checks the other rules of an alias and its target. */
static void check_alias(struct layout_check *check, size_t index, size_t target_index)
{
	const struct memslot_cfg *alias = &check->config->memslots[index];
	const struct memslot_cfg *target = &check->config->memslots[target_index];
	uint64_t size, room;
	char text[UNIT_TEXT];

	check->memory_of[index] = (uint32_t)target_index;
	if (target->alias) {
		layout_broken(check, index, "alias", "is an alias, too");
		return;
	}
	/* kvm_gmem_bind(), 6.8: -EINVAL if another slot has the range already. */
	if (target->backing == BACKING_GUEST_MEMFD)
		layout_broken(check, index, "alias",
			      "memslot.%s has guest-memfd memory, which KVM gives to one slot only",
			      target->name);
	if (__builtin_mul_overflow(target->size, target->count, &room))
		room = UINT64_MAX;
	if (alias->alias_offset >= room) {
		layout_broken(check, index, "alias-offset",
			      "is beyond the memory of memslot.%s, which it shows: %s", target->name,
			      format_size_key(text, room));
		return;
	}
	room -= alias->alias_offset;
	if (__builtin_mul_overflow(alias->size, alias->count, &size) || size > room)
		layout_broken(check, index, "size",
			      "%s more than the memory of memslot.%s%s, which it shows: %s",
			      alias->count > 1 ? "times count, this is" : "is", target->name,
			      alias->alias_offset ? " from alias-offset on" : "",
			      format_size_key(text, room));
}

static int compare_names(const void *left, const void *right)
{
	const struct memslot_cfg *const *a = left, *const *b = right;

	return strcmp((*a)->name, (*b)->name);
}

static int check_aliases(struct layout_check *check)
{
	const struct memslot_cfg *memslots = check->config->memslots;
	size_t count = check->config->memslot_count;
	const struct memslot_cfg **by_name = calloc(count + 1, sizeof(*by_name));

	if (!by_name)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		by_name[i] = &memslots[i];
	qsort(by_name, count, sizeof(*by_name), compare_names);
	for (size_t i = 0; i < count; i++) {
		struct memslot_cfg like;
		const struct memslot_cfg *key = &like, **found;

		check->memory_of[i] = (uint32_t)i;
		if (!memslots[i].alias)
			continue;
		snprintf(like.name, sizeof(like.name), "%s", memslots[i].alias);
		found = bsearch(&key, by_name, count, sizeof(*by_name), compare_names);
		if (found)
			check_alias(check, i, (size_t)(*found - memslots));
		else
			layout_broken(check, i, "alias", "there is no [memslot.%s]",
				      memslots[i].alias);
	}
	free(by_name);
	return 0;
}

/* What the host, or this kind of memory, does not support. */
static void check_kind(struct layout_check *check, size_t index)
{
	const struct memslot_cfg *cfg = &check->config->memslots[index];
	const struct layout_limits *limits = check->limits;

	if (cfg->flags & SLOT_READONLY && limits->no_readonly)
		layout_broken(check, index, "flags", "%s", limits->no_readonly);
	if (cfg->space == SPACE_SMM && limits->no_smm)
		layout_broken(check, index, "space", "%s", limits->no_smm);
	if (cfg->backing != BACKING_GUEST_MEMFD)
		return;
	if (limits->no_guest_memfd)
		layout_broken(check, index, "backing", "%s", limits->no_guest_memfd);
	/* check_memory_region_flags(), 6.18 */
	if (cfg->flags)
		layout_broken(check, index, "flags", "KVM allows no flags on guest-memfd memory");
}

int layout_check_memslots(struct layout_check *check)
{
	size_t count = check->config->memslot_count;

	check->sound = calloc(count + 1, sizeof(*check->sound));
	check->memory_of = calloc(count + 1, sizeof(*check->memory_of));
	if (!check->sound || !check->memory_of)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		check_numbers(check, i);
		check_kind(check, i);
	}
	return check_aliases(check);
}

bool layout_check_count(struct layout_check *check, size_t *count)
{
	const struct config *config = check->config;
	uint64_t per_space[SPACES] = { 0 }, max = check->limits->max_slots;
	bool fits = true;

	*count = 0;
	for (size_t i = 0; i < config->memslot_count; i++) {
		const struct memslot_cfg *cfg = &config->memslots[i];
		uint64_t *sum = &per_space[cfg->space];

		/* Report once per address space, at the memslot that exceeds the limit. */
		if (*sum <= max && cfg->count > max - *sum) {
			layout_broken(check, i, "count",
				      "with these there are more than %" PRIu64
				      " slots in space %s (KVM_CAP_NR_MEMSLOTS)", max,
				      cfg->space == SPACE_SMM ? "smm" : "normal");
			fits = false;
			*sum = max + 1;
		} else if (*sum <= max) {
			*sum += cfg->count;
		}
		*count += check->sound[i] ? cfg->count : 0;
	}
	return fits;
}
