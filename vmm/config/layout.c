// SPDX-License-Identifier: GPL-2.0-only
#include "config/layout.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/layout_check.h"
#include "config/ops.h"

/* A slot's addresses: from base to last, both included. */
struct span {
	uint64_t base, last;
	uint32_t slot;
};

/* The slot ids in use, by address space. */
struct ids {
	uint32_t *owner[SPACES]; /* by id: index of the memslot, from 1; 0: free */
	uint32_t next[SPACES];	 /* no id below it is free */
};

static void expand(const struct layout_check *check, struct layout *layout)
{
	const struct config *config = check->config;

	for (size_t i = 0; i < config->memslot_count; i++) {
		const struct memslot_cfg *cfg = &config->memslots[i];

		for (uint64_t j = 0; check->sound[i] && j < cfg->count; j++) {
			struct slot *slot = &layout->slots[layout->count++];

			*slot = (struct slot){
				.base = cfg->base + j * cfg->stride,
				.size = cfg->size,
				.plugged = cfg->plugged,
				.cfg = (uint32_t)i,
				.index = (uint32_t)j,
				.ring = config->vm.dirty_ring,
			};
			if (cfg->flags & SLOT_READONLY)
				slot->kvm_flags |= KVM_MEM_READONLY;
			if (cfg->flags & SLOT_DIRTY_LOG)
				slot->kvm_flags |= KVM_MEM_LOG_DIRTY_PAGES;
			if (slot->base + slot->size > layout->top)
				layout->top = slot->base + slot->size;
		}
	}
}

/* A memslot with an `id` takes it, and the ids after it for the other slots of its row. */
static void take_ids(struct layout_check *check, size_t index, uint32_t *owner)
{
	const struct memslot_cfg *cfg = &check->config->memslots[index];
	uint64_t id = (uint64_t)cfg->id, max = check->limits->max_slots;

	if (cfg->count > max || id > max - cfg->count) {
		layout_broken(check, index, "id", "%s%" PRIu64 "; the last one is %" PRIu64
			      " (KVM_CAP_NR_MEMSLOTS - 1)",
			      cfg->count > 1 ? "the row would end with id " : "there is no id ",
			      id + cfg->count - 1, max - 1);
		return;
	}
	for (uint64_t i = id; i < id + cfg->count; i++) {
		if (owner[i]) {
			layout_broken(check, index, "id", "memslot.%s has id %" PRIu64 " already",
				      check->config->memslots[owner[i] - 1].name, i);
			return;
		}
		owner[i] = (uint32_t)index + 1;
	}
}

static bool names_ids(const struct config *config)
{
	for (size_t i = 0; i < config->memslot_count; i++)
		if (config->memslots[i].id >= 0)
			return true;
	return false;
}

/* The ids in the config are taken first, so that "next" never takes one of them. */
static int number_slots(struct layout_check *check, struct layout *layout)
{
	const struct config *config = check->config;
	size_t max = check->limits->max_slots;
	struct ids ids = { 0 };

	if (names_ids(config)) {
		ids.owner[0] = calloc(SPACES * max + 1, sizeof(uint32_t));
		if (!ids.owner[0])
			return -ENOMEM;
		ids.owner[1] = ids.owner[0] + max;
	}
	for (size_t i = 0; i < config->memslot_count; i++)
		if (config->memslots[i].id >= 0)
			take_ids(check, i, ids.owner[config->memslots[i].space]);
	for (size_t i = 0; i < layout->count; i++) {
		struct slot *slot = &layout->slots[i];
		const struct memslot_cfg *cfg = &config->memslots[slot->cfg];
		uint32_t *next = &ids.next[cfg->space];

		/* *next < max: there are enough ids for all slots, unless some had errors. */
		while (cfg->id < 0 && ids.owner[0] && *next < max && ids.owner[cfg->space][*next])
			++*next;
		slot->id = cfg->id < 0 ? (*next)++ : (uint32_t)cfg->id + slot->index;
		slot->id |= (uint32_t)cfg->space << 16;
	}
	free(ids.owner[0]);
	return 0;
}

static int compare_spans(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->base != b->base)
		return a->base < b->base ? -1 : 1;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

static void report_overlap(struct layout_check *check, const struct layout *layout,
			   const struct span *a, const struct span *b)
{
	const struct span *first = a->slot < b->slot ? a : b, *second = first == a ? b : a;
	char first_name[CONFIG_NAME_MAX + 16], second_name[CONFIG_NAME_MAX + 16];

	layout_broken(check, layout->slots[second->slot].cfg, "base",
		      "%s at 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s at 0x%" PRIx64 "-0x%" PRIx64,
		      slot_name(layout, &layout->slots[second->slot], second_name), second->base,
		      second->last, slot_name(layout, &layout->slots[first->slot], first_name),
		      first->base, first->last);
}

/* Sorts the slots of a space by base. Returns how many there are. */
static size_t sort_space(const struct layout *layout, int space, struct span *spans)
{
	size_t count = 0;

	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];

		if (layout->config->memslots[slot->cfg].space == space)
			spans[count++] = (struct span){ slot->base, slot->base + slot->size - 1,
							(uint32_t)i };
	}
	qsort(spans, count, sizeof(*spans), compare_spans);
	return count;
}

/* Compares each slot with the slot before it that ends last. */
static void check_overlaps(struct layout_check *check, const struct layout *layout,
			   const struct span *spans, size_t count, uint32_t *partner)
{
	const struct span *furthest = spans;

	for (size_t i = 1; i < count; i++) {
		const struct span *span = &spans[i];
		uint32_t cfg = layout->slots[span->slot].cfg;
		uint32_t other = layout->slots[furthest->slot].cfg;

		/* Reports once per two rows, not for each of their slots. */
		if (span->base <= furthest->last && partner[cfg] != other + 1 &&
		    partner[other] != cfg + 1) {
			report_overlap(check, layout, furthest, span);
			partner[cfg] = other + 1;
		}
		if (span->last > furthest->last)
			furthest = span;
	}
}

static int place_slots(struct layout_check *check, struct layout *layout)
{
	struct span *spans = calloc(layout->count + 1, sizeof(*spans));
	uint32_t *partner = calloc(check->config->memslot_count + 1, sizeof(*partner));
	int code = spans && partner ? 0 : -ENOMEM;

	layout->by_base = calloc(layout->count + 1, sizeof(*layout->by_base));
	if (!layout->by_base)
		code = -ENOMEM;
	for (int space = 0; !code && space < SPACES; space++) {
		size_t count = sort_space(layout, space, spans);

		check_overlaps(check, layout, spans, count, partner);
		for (size_t i = 0; space == SPACE_NORMAL && i < count; i++)
			layout->by_base[layout->normal_count++] = spans[i].slot;
	}
	free(spans);
	free(partner);
	return code;
}

static void note_traits(struct layout *layout)
{
	const struct config *config = layout->config;

	for (size_t i = 0; i < config->memslot_count; i++)
		layout->traits[layout->memory_of[i]] |= op_traits_of(config, config->memslots[i].name);
}

static int build(struct layout_check *check, struct layout *layout)
{
	size_t count;
	int code = layout_check_memslots(check);

	if (code || !layout_check_count(check, &count))
		return code;
	layout->slots = calloc(count + 1, sizeof(*layout->slots));
	if (!layout->slots)
		return -ENOMEM;
	layout->memory_of = check->memory_of;
	check->memory_of = NULL;
	layout->traits = calloc(check->config->memslot_count + 1, sizeof(*layout->traits));
	if (!layout->traits)
		return -ENOMEM;
	note_traits(layout);
	expand(check, layout);
	code = number_slots(check, layout);
	return code ? code : place_slots(check, layout);
}

int layout_build(const struct config *config, const struct layout_limits *limits,
		 struct layout *layout, struct errors *errors)
{
	struct layout_check check = { .config = config, .limits = limits };
	int code, broken;

	*layout = (struct layout){ .config = config };
	code = build(&check, layout);
	if (code)
		errors_add(errors, "layout: %s", strerror(-code));
	broken = diags_report(&check.diags, errors);
	free(check.sound);
	free(check.memory_of);
	if (code || broken)
		layout_free(layout);
	return code ? code : broken;
}

void layout_free(struct layout *layout)
{
	free(layout->slots);
	free(layout->by_base);
	free(layout->memory_of);
	free(layout->traits);
	*layout = (struct layout){ 0 };
}

uint64_t slot_ram(const struct layout *layout, const struct slot *slot)
{
	return layout->config->memslots[slot->cfg].kind == SLOT_RAM ? slot->plugged : 0;
}

static uint64_t part_size(const struct layout *layout, const struct slot *slot, enum slot_part part)
{
	if (part == SLOT_GUEST_RAM)
		return slot_ram(layout, slot);
	return part == SLOT_PLUGGED ? slot->plugged : slot->size;
}

uint64_t layout_regions(const struct layout *layout, unsigned int shift, enum slot_part part)
{
	uint64_t count = 0, next = 0;

	for (size_t i = 0; i < layout->normal_count; i++) {
		const struct slot *slot = &layout->slots[layout->by_base[i]];
		uint64_t size = part_size(layout, slot, part), first = slot->base >> shift;
		uint64_t end = size ? ((slot->base + size - 1) >> shift) + 1 : 0;

		if (first < next)
			first = next;
		if (end <= first)
			continue;
		count += end - first;
		next = end;
	}
	return count;
}

uint64_t layout_memory(const struct layout *layout)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < layout->config->memslot_count; i++) {
		const struct memslot_cfg *cfg = &layout->config->memslots[i];

		if (!cfg->alias && cfg->kind == SLOT_RAM)
			bytes += cfg->plugged * cfg->count;
	}
	return bytes;
}

char *slot_name(const struct layout *layout, const struct slot *slot, char *buffer)
{
	const struct memslot_cfg *cfg = &layout->config->memslots[slot->cfg];

	if (cfg->count > 1)
		snprintf(buffer, CONFIG_NAME_MAX + 16, "%s[%" PRIu32 "]", cfg->name, slot->index);
	else
		snprintf(buffer, CONFIG_NAME_MAX + 16, "%s", cfg->name);
	return buffer;
}

unsigned int layout_traits(const struct layout *layout, uint32_t cfg)
{
	return layout->traits[layout->memory_of[cfg]];
}
