// SPDX-License-Identifier: GPL-2.0-only
#include "model/model.h"

#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096ull

#define RMAP_HEAD_BYTES 8u		/* struct kvm_rmap_head */
#define LPAGE_INFO_BYTES 4u		/* struct kvm_lpage_info */
#define TRACKING_BYTES 2u		/* unsigned short gfn_track[] */

static const char *answer_text(enum answer answer)
{
	static const char *const texts[] = { "off", "on", "unknown" };

	return texts[answer];
}

void model_choose(const struct kernel_facts *facts, struct model *model)
{
	*model = (struct model){
		.unsure = facts->assumed & (ASSUMED_TDP_MMU | ASSUMED_TDP_MMU_ON) ||
			  facts->tdp_mmu == ANSWER_UNKNOWN || facts->tdp == ANSWER_UNKNOWN,
		.rmap_lazy = !kernel_is_eager(facts),
		.older_vms = kernel_has_older_vms(facts),
		.tracking_lazy = !kernel_tracks_with_slot(facts),
		.whole_pages = kernel_has_whole_pages(facts),
		.nx_keeps_small = kernel_nx_keeps_small(facts),
		.refuses_large = kernel_refuses_large(facts),
		.slot_order = kernel_slot_order(facts),
		.transition_slab = kernel_root_slab(facts),
	};
	snprintf(model->name, sizeof(model->name), "%s%s%s%s", kernel_era(facts),
		 model->whole_pages ? "" : "/slab",
		 model->rmap_lazy || kernel_eager_cause(facts) == EAGER_BY_VERSION ? "" : "/tdp-mmu-off",
		 kernel_tracks_externally(facts) ? "/external-tracking" : "");
	snprintf(model->why, sizeof(model->why),
		 "KVM as in mainline %u.%u (%s), tdp_mmu %s, two-dimensional paging %s, external write "
		 "tracking %s, arrays from %s",
		 facts->major, facts->minor, facts->vendor ? facts->vendor : "no known vendor",
		 answer_text(facts->tdp_mmu), answer_text(facts->tdp),
		 answer_text(facts->external_tracking), model->whole_pages ? "vmalloc" : "kvcalloc");
}

bool model_l1_may_have_rmaps(const struct model *model)
{
	return !model->rmap_lazy;
}

bool model_is_lazy(const struct model *model, enum array array)
{
	return (array == ARRAY_RMAP && model->rmap_lazy) ||
	       (array == ARRAY_TRACKING && model->tracking_lazy);
}

/* lpages(L) of facts: pages of level 1 (4K), 2 (2M), 3 (1G) that touch the slot. */
static uint64_t level_pages(const struct slot *slot, int level)
{
	int shift = 12 + 9 * (level - 1);

	return ((slot->base + slot->size - 1) >> shift) - (slot->base >> shift) + 1;
}

/* mm/vmalloc.c: an array of more than 512 pages vmallocs its page-pointer array too, and so on. */
static uint64_t vmalloc_bytes(uint64_t bytes)
{
	uint64_t pages = (bytes + PAGE - 1) / PAGE, total = pages;

	while (pages * sizeof(void *) > PAGE) {
		pages = (pages * sizeof(void *) + PAGE - 1) / PAGE;
		total += pages;
	}
	return total * PAGE;
}

/* kmalloc rounds up to a power of two; its sizes between powers of two are left out here. */
static uint64_t slab_bytes(uint64_t bytes)
{
	uint64_t size = 8;

	while (size < bytes)
		size *= 2;
	return size;
}

static uint64_t array_bytes(const struct model *model, uint64_t bytes, bool charged)
{
	bool slab = !model->whole_pages && bytes <= KMALLOC_MAX;

	if (charged)
		return slab ? slab_bytes(bytes) : (bytes + PAGE - 1) / PAGE * PAGE;
	return slab ? 0 : vmalloc_bytes(bytes);
}

size_t model_slot_arrays(const struct slot *slot, struct slot_array arrays[SLOT_ARRAYS])
{
	uint64_t pages = slot->size / PAGE;
	size_t count = 0;

	for (int level = 1; level <= 3; level++)
		arrays[count++] = (struct slot_array){
			ARRAY_RMAP, level_pages(slot, level) * RMAP_HEAD_BYTES };
	for (int level = 2; level <= 3; level++)
		arrays[count++] = (struct slot_array){
			ARRAY_LPAGE_INFO, level_pages(slot, level) * LPAGE_INFO_BYTES };
	arrays[count++] = (struct slot_array){ ARRAY_TRACKING, pages * TRACKING_BYTES };
	if (slot->kvm_flags & KVM_MEM_LOG_DIRTY_PAGES && !slot->ring)
		arrays[count++] = (struct slot_array){ ARRAY_DIRTY_BITMAP,
						       2 * ((pages + 63) / 64 * 8) };
	return count;
}

static void slot_footprint(const struct model *model, const struct slot *slot, bool charged,
			   struct footprint *all)
{
	struct slot_array arrays[SLOT_ARRAYS];
	size_t count = model_slot_arrays(slot, arrays);

	*all = (struct footprint){ 0 };
	for (size_t i = 0; i < count; i++)
		all->bytes[arrays[i].array] += array_bytes(model, arrays[i].bytes, charged);
	for (int array = 0; array < ARRAY_COUNT; array++)
		all->bytes[array] += model->extra_pages[array] * PAGE;
}

uint64_t model_charge(const struct model *model, uint64_t bytes)
{
	return array_bytes(model, bytes, true);
}

void model_slot(const struct model *model, const struct slot *slot, struct footprint *all)
{
	slot_footprint(model, slot, false, all);
}

static void layout_footprint(const struct model *model, const struct layout *layout, bool charged,
			     struct footprint *creation, struct footprint *transition)
{
	*creation = *transition = (struct footprint){ 0 };
	for (size_t i = 0; i < layout_all_count(layout); i++) {
		const struct slot *slot = layout_any_slot(layout, i);
		struct footprint all;

		if (slot->gone)
			continue;
		slot_footprint(model, slot, charged, &all);
		for (int array = 0; array < ARRAY_COUNT; array++)
			(model_is_lazy(model, (enum array)array) ? transition : creation)->
				bytes[array] += all.bytes[array];
	}
}

void model_layout(const struct model *model, const struct layout *layout,
		  struct footprint *creation, struct footprint *transition)
{
	layout_footprint(model, layout, false, creation, transition);
}

void model_charged(const struct model *model, const struct layout *layout,
		   struct footprint *creation, struct footprint *transition)
{
	layout_footprint(model, layout, true, creation, transition);
}

uint64_t footprint_total(const struct footprint *footprint)
{
	uint64_t total = 0;

	for (int array = 0; array < ARRAY_COUNT; array++)
		total += footprint->bytes[array];
	return total;
}

void model_rmap_heads(const struct layout *layout, uint64_t heads[3])
{
	memset(heads, 0, 3 * sizeof(*heads));
	for (size_t i = 0; i < layout_all_count(layout); i++) {
		const struct slot *slot = layout_any_slot(layout, i);

		for (int level = 1; level <= 3 && !slot->gone; level++)
			heads[level - 1] += level_pages(slot, level);
	}
}
