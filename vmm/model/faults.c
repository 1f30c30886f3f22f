// SPDX-License-Identifier: GPL-2.0-only
#include "model/faults.h"

#include <string.h>

#define HASH_BITS 7		/* DECLARE_HASHTABLE(id_hash, 7), struct kvm_memslots */

/* hash_32(), include/linux/hash.h */
static uint32_t bucket_of(const struct slot *slot)
{
	return (slot->id & 0xffff) * 0x61c88647u >> (32 - HASH_BITS);
}

/* Does KVM go through a before b? The slots were made in the order of the layout. */
static bool comes_first(const struct slot *a, const struct slot *b, enum slot_order order)
{
	if (a->id >> 16 != b->id >> 16)
		return a->id >> 16 < b->id >> 16;
	if (order == ORDER_BY_BASE_DOWN)
		return a->base > b->base;
	if (bucket_of(a) != bucket_of(b))
		return bucket_of(a) < bucket_of(b);
	/* The last one made is at the head of its list. */
	return a > b;
}

static bool impossible(const struct slot *slot, uint64_t ram)
{
	struct slot_array arrays[SLOT_ARRAYS];
	size_t count = model_slot_arrays(slot, arrays);

	for (size_t i = 0; i < count; i++)
		if (arrays[i].array == ARRAY_RMAP && arrays[i].bytes / 4096 > ram / 4096)
			return true;
	return false;
}

/* The largest array has 8 bytes for each 4096 of the slot. */
uint64_t faults_possible_size(uint64_t ram)
{
	return ram * 512;
}

/* The first impossible slot in the order of KVM; NULL: there is none. */
static const struct slot *stumbling_block(const struct layout *layout, enum slot_order order,
					  uint64_t ram)
{
	const struct slot *found = NULL;

	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];

		if (!slot->gone && impossible(slot, ram) &&
		    (!found || comes_first(slot, found, order)))
			found = slot;
	}
	return found;
}

bool faults_kept(const struct model *model, const struct layout *layout, uint64_t ram,
		 struct footprint *kept)
{
	const enum slot_order order = model->slot_order;
	const struct slot *block = stumbling_block(layout, order, ram);

	*kept = (struct footprint){ 0 };
	for (size_t i = 0; block && i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];
		struct footprint all;

		if (slot->gone || slot == block || !comes_first(slot, block, order))
			continue;
		model_slot(model, slot, &all);
		if (model->rmap_lazy)
			kept->bytes[ARRAY_RMAP] += all.bytes[ARRAY_RMAP];
		if (model->tracking_lazy)
			kept->bytes[ARRAY_TRACKING] += all.bytes[ARRAY_TRACKING];
	}
	return block;
}
