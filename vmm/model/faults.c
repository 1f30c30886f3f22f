// SPDX-License-Identifier: GPL-2.0-only
#include "model/faults.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

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

/* The slot's first refused array that comes with the slot, or with the first shadow root. */
static bool refused_array(const struct model *model, const struct slot *slot, bool at_creation,
			  struct slot_array *refused)
{
	struct slot_array arrays[SLOT_ARRAYS];
	size_t count = model_slot_arrays(slot, arrays);

	for (size_t i = 0; model->refuses_large != ANSWER_NO && i < count; i++) {
		if (arrays[i].bytes <= INT_MAX ||
		    model_is_lazy(model, arrays[i].array) == at_creation)
			continue;
		*refused = arrays[i];
		return true;
	}
	return false;
}

bool faults_refused(const struct model *model, const struct layout *layout, struct refusal *refusal)
{
	*refusal = (struct refusal){ .refused = model->refuses_large };
	for (int later = 0; later < 2; later++) {
		refusal->at_creation = !later;
		for (size_t i = 0; i < layout->count; i++) {
			refusal->slot = &layout->slots[i];
			if (refused_array(model, refusal->slot, refusal->at_creation,
					  &refusal->array))
				return true;
		}
	}
	return false;
}

void faults_refusal_text(const struct refusal *refusal, char *text, size_t size)
{
	snprintf(text, size, "its %s array of %" PRIu64 " bytes is more than INT_MAX, which %s: %s with "
		 "ENOMEM", array_name(refusal->array.array), refusal->array.bytes,
		 refusal->refused == ANSWER_YES ? "this kernel's kvcalloc() refuses" :
		 "kvcalloc() refuses on some kernels of this release",
		 refusal->at_creation ? "KVM_SET_USER_MEMORY_REGION fails" :
		 "the first nested guest fails");
}

const char faults_refusal_remedy[] = "memslots of less than 1 TiB; or a kernel whose KVM has "
				     "__vcalloc(): 5.18, 5.17.2, 5.16.19, 5.15.149, 5.10.210 and newer";

static bool impossible(const struct model *model, const struct slot *slot, uint64_t ram)
{
	struct slot_array arrays[SLOT_ARRAYS], refused;
	size_t count = model_slot_arrays(slot, arrays);

	for (size_t i = 0; i < count; i++)
		if (arrays[i].array == ARRAY_RMAP && arrays[i].bytes / 4096 > ram / 4096)
			return true;
	return model->refuses_large == ANSWER_YES && refused_array(model, slot, false, &refused);
}

/* The largest array has 8 bytes for each 4096 of the slot. */
uint64_t faults_possible_size(uint64_t ram)
{
	return ram * 512;
}

/* The first impossible slot in the order of KVM; NULL: there is none. */
static const struct slot *stumbling_block(const struct model *model, const struct layout *layout,
					  uint64_t ram)
{
	const enum slot_order order = model->slot_order;
	const struct slot *found = NULL;

	for (size_t i = 0; i < layout->count; i++) {
		const struct slot *slot = &layout->slots[i];

		if (!slot->gone && impossible(model, slot, ram) &&
		    (!found || comes_first(slot, found, order)))
			found = slot;
	}
	return found;
}

bool faults_kept(const struct model *model, const struct layout *layout, uint64_t ram,
		 struct footprint *kept)
{
	const enum slot_order order = model->slot_order;
	const struct slot *block = stumbling_block(model, layout, ram);

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
