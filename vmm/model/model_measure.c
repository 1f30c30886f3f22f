// SPDX-License-Identifier: GPL-2.0-only
/* From /proc/vmallocinfo back to the arrays of a layout. */
#include <errno.h>
#include <string.h>

#include "host/tally.h"
#include "model/model.h"

#define PAGE 4096ull

/* The kernel functions that show up as callers, by what they allocate. */
static const struct {
	const char *function;
	enum array array;
} callers[] = {
	{ "memslot_rmap_alloc", ARRAY_RMAP },
	{ "kvm_page_track_create_memslot", ARRAY_TRACKING },
	{ "kvm_page_track_write_tracking_alloc", ARRAY_TRACKING },
	{ "kvm_arch_prepare_memory_region", ARRAY_LPAGE_INFO },
	{ "kvm_alloc_memslot_metadata", ARRAY_LPAGE_INFO },
	{ "kvm_set_memslot", ARRAY_DIRTY_BITMAP },
	{ "kvm_set_memory_region", ARRAY_DIRTY_BITMAP },
	{ "__kvm_set_memory_region", ARRAY_DIRTY_BITMAP },
};

static int array_of(const char *function)
{
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
		if (!strcmp(callers[i].function, function))
			return (int)callers[i].array;
	return -1;
}

/* Arrays that one function may hold get one name: eager rmaps, and lpage_info. */
static const char *group(const struct model *model, enum array array)
{
	return array_name(array == ARRAY_LPAGE_INFO && !model->rmap_lazy ? ARRAY_RMAP : array);
}

/* An array's own area and its page-pointer arrays'. */
static int add_areas(struct tally *tally, const char *name, uint64_t bytes)
{
	uint64_t pages = (bytes + PAGE - 1) / PAGE;
	int code = tally_add(tally, name, pages, 1);

	while (!code && pages * sizeof(void *) > PAGE) {
		pages = (pages * sizeof(void *) + PAGE - 1) / PAGE;
		code = tally_add(tally, name, pages, 1);
	}
	return code;
}

/* A slot that is gone has none. */
static size_t live_arrays(const struct slot *slot, struct slot_array arrays[SLOT_ARRAYS])
{
	return slot->gone ? 0 : model_slot_arrays(slot, arrays);
}

/* The areas that must exist, and those that exist only if kmalloc found no room. */
static int expected_areas(const struct model *model, const struct layout *layout,
			  struct tally *certain, struct tally *possible)
{
	int code = 0;

	for (size_t i = 0; !code && i < layout_all_count(layout); i++) {
		struct slot_array arrays[SLOT_ARRAYS];
		size_t count = live_arrays(layout_any_slot(layout, i), arrays);

		for (size_t j = 0; !code && j < count; j++)
			code = add_areas(arrays[j].bytes > KMALLOC_MAX ? certain : possible,
					 group(model, arrays[j].array), arrays[j].bytes);
	}
	tally_sort(certain);
	tally_sort(possible);
	return code;
}

static int held_areas(const struct model *model, const struct tally *delta, struct tally *held)
{
	int code = 0;

	for (size_t i = 0; !code && i < delta->count; i++) {
		const struct tally_entry *entry = &delta->entries[i];
		int array = array_of(entry->function);

		if (array >= 0)
			code = tally_add(held, group(model, (enum array)array), entry->pages,
					 entry->count);
	}
	tally_sort(held);
	return code;
}

/* The entry of a sorted tally with this one's key, at or behind *from; NULL: none. */
static const struct tally_entry *find_same(const struct tally *tally,
					   const struct tally_entry *like, size_t *from)
{
	for (; *from < tally->count; ++*from) {
		const struct tally_entry *entry = &tally->entries[*from];
		int order = strcmp(entry->function, like->function);

		if (order > 0 || (!order && entry->pages > like->pages))
			return NULL;
		if (!order && entry->pages == like->pages)
			return entry;
	}
	return NULL;
}

/* Subtracts from the arrays those areas of rest that possible explains. */
static void take_fallback(const struct model *model, const struct tally *rest,
			  const struct tally *possible, int64_t bytes[ARRAY_COUNT])
{
	size_t from = 0;

	for (size_t i = 0; i < rest->count; i++) {
		const struct tally_entry *found = find_same(possible, &rest->entries[i], &from);
		int64_t count = rest->entries[i].count;
		int array = 0;

		if (!found || count <= 0)
			continue;
		if (count > found->count)
			count = found->count;
		while (strcmp(array_name((enum array)array), found->function))
			array++;
		/* See group(). */
		if (array == ARRAY_RMAP && !model->rmap_lazy && bytes[ARRAY_LPAGE_INFO])
			array = ARRAY_LPAGE_INFO;
		bytes[array] -= count * (int64_t)(found->pages * PAGE);
	}
}

/* Subtracts the arrays that kvcalloc() took from vmalloc() because kmalloc() found no room. */
static int without_fallback(const struct model *model, const struct layout *layout,
			    const struct tally *delta, int64_t bytes[ARRAY_COUNT])
{
	struct tally certain = { 0 }, possible = { 0 }, held = { 0 }, rest = { 0 };
	int code = expected_areas(model, layout, &certain, &possible);

	if (!code)
		code = held_areas(model, delta, &held);
	if (!code)
		code = tally_diff(&held, &certain, &rest);
	if (!code)
		take_fallback(model, &rest, &possible, bytes);
	tally_free(&certain);
	tally_free(&possible);
	tally_free(&held);
	tally_free(&rest);
	return code;
}

static void sum_by_array(const struct tally *delta, int64_t bytes[ARRAY_COUNT])
{
	for (size_t i = 0; i < delta->count; i++) {
		const struct tally_entry *entry = &delta->entries[i];
		int array = array_of(entry->function);

		if (array >= 0)
			bytes[array] += entry->count * (int64_t)(entry->pages * PAGE);
	}
}

int model_measure(const struct model *model, const struct layout *layout,
		  const struct tally *delta, struct footprint *measured)
{
	struct footprint creation, transition;
	int64_t bytes[ARRAY_COUNT] = { 0 };
	int64_t lpage;
	int code = 0;

	model_layout(model, layout, &creation, &transition);
	sum_by_array(delta, bytes);
	if (!model->whole_pages)
		code = without_fallback(model, layout, delta, bytes);
	lpage = (int64_t)creation.bytes[ARRAY_LPAGE_INFO];
	if (bytes[ARRAY_LPAGE_INFO] > lpage && !model->rmap_lazy) {
		bytes[ARRAY_RMAP] += bytes[ARRAY_LPAGE_INFO] - lpage;
		bytes[ARRAY_LPAGE_INFO] = lpage;
	}
	for (int array = 0; array < ARRAY_COUNT; array++)
		measured->bytes[array] = bytes[array] > 0 ? (uint64_t)bytes[array] : 0;
	return code;
}

bool model_names_arrays(const struct tally *delta)
{
	for (size_t i = 0; i < delta->count; i++)
		if (array_of(delta->entries[i].function) >= 0)
			return true;
	return false;
}

int64_t model_arrays_bytes(const struct tally *delta)
{
	int64_t bytes[ARRAY_COUNT] = { 0 }, sum = 0;

	sum_by_array(delta, bytes);
	for (int array = 0; array < ARRAY_COUNT; array++)
		sum += bytes[array];
	return sum;
}

/* How many areas of so many pages one kind of array has more, or fewer. */
static int64_t more_areas(const struct tally *delta, enum array array, uint64_t pages)
{
	int64_t count = 0;

	for (size_t i = 0; i < delta->count; i++) {
		const struct tally_entry *entry = &delta->entries[i];

		if (entry->pages == pages && array_of(entry->function) == (int)array)
			count += entry->count;
	}
	return count;
}

enum answer model_slot_is_tracked(const struct tally *delta, uint64_t pages)
{
	int64_t tracking = more_areas(delta, ARRAY_TRACKING, pages);

	if (tracking > 0)
		return ANSWER_YES;
	/* Each level of lpage_info has one page, if arrays are whole pages, and named. */
	return tracking || more_areas(delta, ARRAY_LPAGE_INFO, 1) < 1 ? ANSWER_UNKNOWN : ANSWER_NO;
}

/* The areas of all arrays that exist, before or after the first shadow root, under one name. */
static int existing_areas(const struct model *model, const struct layout *layout, bool shadow_root,
			  struct tally *areas)
{
	int code = 0;

	for (size_t i = 0; !code && i < layout_all_count(layout); i++) {
		struct slot_array arrays[SLOT_ARRAYS];
		size_t count = live_arrays(layout_any_slot(layout, i), arrays);

		for (size_t j = 0; !code && j < count; j++)
			if (shadow_root || !model_is_lazy(model, arrays[j].array))
				code = add_areas(areas, "", arrays[j].bytes);
	}
	tally_sort(areas);
	return code;
}

/* The delta of any of the wrappers, under the same one name. */
static int without_names(const struct tally *delta, struct tally *areas)
{
	int code = 0;

	for (size_t i = 0; !code && i < delta->count; i++)
		code = tally_add(areas, "", delta->entries[i].pages, delta->entries[i].count);
	tally_sort(areas);
	return code;
}

/* 0: the areas are those that exist; else -ENOENT or -ENOMEM. */
static int fit(const struct model *model, const struct layout *layout, bool shadow_root,
	       const struct tally *areas)
{
	struct tally existing = { 0 }, rest = { 0 };
	int code = existing_areas(model, layout, shadow_root, &existing);

	if (!code)
		code = tally_diff(areas, &existing, &rest);
	if (!code && rest.count)
		code = -ENOENT;
	tally_free(&existing);
	tally_free(&rest);
	return code;
}

int model_measure_wrapped(const struct model *model, const struct layout *layout,
			  const struct tally *delta, struct footprint *measured)
{
	struct footprint transition;
	struct tally areas = { 0 };
	int code = without_names(delta, &areas);

	model_layout(model, layout, measured, &transition);
	if (!code)
		code = fit(model, layout, false, &areas);
	if (code == -ENOENT) {
		code = fit(model, layout, true, &areas);
		for (int array = 0; array < ARRAY_COUNT; array++)
			measured->bytes[array] += transition.bytes[array];
	}
	tally_free(&areas);
	return code;
}
