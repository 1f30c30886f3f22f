// SPDX-License-Identifier: GPL-2.0-only
#include "touch.h"

#include "memory.h"

struct page_walk {
	struct memory memory;
	uint64_t stride, left;	/* pages of all vCPUs still to come */
	uint64_t gpa;		/* from here on the next page is looked for */
	uint32_t turn;		/* so many pages of other vCPUs come before this one's next */
	uint32_t index, vcpus;
	bool by_owner;		/* a page is its owner's, whichever turn it is */
};

/* Moves walk->gpa up to the first page that may be written; false: there is none above. */
static bool settle(struct page_walk *walk)
{
	const struct range *payload = &walk->memory.tree->payload;

	for (;;) {
		if (walk->gpa >= walk->memory.end && !memory_seek(&walk->memory, walk->gpa))
			return false;
		if (walk->gpa < walk->memory.base)
			walk->gpa = walk->memory.base;
		if (walk->gpa - payload->base >= payload->size)
			return true;
		walk->gpa = payload->base + payload->size;
	}
}

/* The walk's next page, wrapping at the end of memory. */
static bool next_page(struct page_walk *walk, uint64_t *gpa)
{
	if (!settle(walk)) {
		walk->memory = memory_start(walk->memory.tree, walk->memory.nodes);
		walk->gpa = 0;
		if (!settle(walk))
			return false;
	}
	*gpa = walk->gpa;
	if (__builtin_add_overflow(walk->gpa, walk->stride, &walk->gpa))
		walk->gpa = -(uint64_t)ABI_PAGE_SIZE;
	return true;
}

static enum memory_nodes nodes_of(const struct touch *touch)
{
	return touch->aliases ? MEMORY_AND_ALIASES : MEMORY_TOUCHABLE;
}

static struct page_walk walk_start(const struct tree *tree, const struct touch *touch,
				   uint32_t index)
{
	return (struct page_walk){
		.memory = memory_start(tree, nodes_of(touch)),
		.stride = touch->stride,
		.left = touch->pages,
		.gpa = (touch->base + ABI_PAGE_SIZE - 1) & -(uint64_t)ABI_PAGE_SIZE,
		.turn = index,
		.index = index,
		.vcpus = tree->vcpus,
		.by_owner = touch->may_wrap,
	};
}

static bool is_own(struct page_walk *walk, uint64_t gpa)
{
	if (walk->by_owner)
		return abi_page_owner(gpa, walk->vcpus) == walk->index;
	if (walk->turn--)
		return false;
	walk->turn = walk->vcpus - 1;
	return true;
}

/* The vCPU's next page; false: it has no more. */
static bool walk_next(struct page_walk *walk, uint64_t *gpa)
{
	while (walk->left) {
		if (!next_page(walk, gpa))
			return false;
		walk->left--;
		if (is_own(walk, *gpa))
			return true;
	}
	return false;
}

bool touch_possible(const struct tree *tree)
{
	struct page_walk walk = { .memory = memory_start(tree, MEMORY_TOUCHABLE) };

	return settle(&walk);
}

uint64_t touch_share(const struct tree *tree, const struct touch *touch, uint32_t index)
{
	struct page_walk walk = walk_start(tree, touch, index);
	uint64_t gpa, pages = 0;

	while (walk_next(&walk, &gpa))
		pages++;
	return pages;
}

/* How much of the range from `base` to `end` the payload takes. */
static uint64_t taken(const struct range *payload, uint64_t base, uint64_t end)
{
	uint64_t payload_end = payload->base + payload->size;

	if (base < payload->base)
		base = payload->base;
	if (end > payload_end)
		end = payload_end;
	return end > base ? end - base : 0;
}

/* Each step takes at most a stride of the memory, and the last page has to be there. */
static bool may_wrap(const struct tree *tree, const struct touch *touch)
{
	struct memory memory = memory_start(tree, nodes_of(touch));
	uint64_t needed;

	if (!touch->pages)
		return false;
	if (__builtin_mul_overflow(touch->pages - 1, touch->stride, &needed) ||
	    __builtin_add_overflow(needed, ABI_PAGE_SIZE, &needed))
		return true;
	while (memory_next(&memory)) {
		uint64_t base = memory.base > touch->base ? memory.base : touch->base, size;

		if (memory.end <= base)
			continue;
		size = memory.end - base - taken(&tree->payload, base, memory.end);
		if (size >= needed)
			return false;
		needed -= size;
	}
	return true;
}

static uint64_t losses_now(const struct tree *tree)
{
	return tree->losses ? __atomic_load_n(&tree->losses->count, __ATOMIC_ACQUIRE) : 0;
}

void touch_begin(const struct tree *tree, struct touch *touch)
{
	uint64_t now = losses_now(tree);

	touch->may_wrap = tree->vcpus > 1 && may_wrap(tree, touch);
	for (int i = 0; tree->losses && i < TOUCH_PARTS; i++)
		touch->since[i] = now;
}

/* The part of the walk that the page belongs to which walk_next() has found. */
static unsigned int part_of(const struct page_walk *walk, const struct touch *touch)
{
	uint64_t step = touch->pages - walk->left - 1, steps = (touch->pages + TOUCH_PARTS - 1) / TOUCH_PARTS;

	return (unsigned int)(step / steps);
}

static uint64_t page_value(const struct page_walk *walk, const struct touch *touch, uint64_t gpa)
{
	return abi_page_value(touch->pattern, gpa, walk->memory.same ? 0 : touch->pass);
}

uint64_t touch_write(const struct tree *tree, struct touch *touch, uint32_t index)
{
	struct page_walk walk = walk_start(tree, touch, index);
	unsigned int part, last = TOUCH_PARTS;
	uint64_t gpa = 0, pages;

	for (pages = 0; walk_next(&walk, &gpa); pages++) {
		if (tree->losses && (part = part_of(&walk, touch)) != last)
			touch->since[last = part] = losses_now(tree);
		__atomic_store_n((uint64_t *)gpa, page_value(&walk, touch, gpa), __ATOMIC_RELEASE);
	}
	if (pages && tree->broken == BREAK_CORRUPT_PAGE)
		*(volatile uint64_t *)gpa ^= 1;
	return pages;
}

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	asm volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

uint64_t touch_repeat(const struct tree *tree, struct touch *touch, uint32_t index,
		      struct abi_report *report)
{
	volatile struct abi_report *shared = report;
	uint64_t pages, begin;

	if (!touch->rewrite && !touch->cycles)
		return touch_write(tree, touch, index);
	begin = rdtsc();
	/*
	 * Nobody sends this CPU an interrupt. But Bochs, as a host, lets none of its own end KVM_RUN while the guest's flag is off,
	 * so that nothing else would run on its CPU.
	 */
	asm volatile("sti" ::: "memory");
	do {
		uint64_t sweep = shared->sweeps + 1;

		/* A sweep of l2-rewrite must not write what a page held that KVM should not reach any more. */
		touch->pass = touch->cycles ? ABI_REWRITE_PASS + sweep : sweep;
		pages = touch_write(tree, touch, index);
		shared->sweeps = sweep;
	} while (touch->cycles ? rdtsc() - begin < touch->cycles : shared->sweeps < shared->sweeps_wanted);
	asm volatile("cli" ::: "memory");
	return pages;
}

/* Was the page that walk_next() has found taken away since it was written? It reads 0. */
static bool is_lost(const struct page_walk *walk, const struct touch *touch, uint64_t gpa)
{
	const struct abi_losses *losses = walk->memory.tree->losses;

	if (!walk->memory.lossy || walk->memory.same || !losses)
		return walk->memory.lossy && walk->memory.same;
	return abi_loss_since(&losses->pages[gpa / ABI_PAGE_SIZE % ABI_LOSS_ENTRIES],
			      touch->since[part_of(walk, touch)]);
}

bool touch_check(const struct tree *tree, const struct touch *touch, uint32_t index,
		 struct touch_error *error)
{
	struct page_walk walk = walk_start(tree, touch, index);
	uint64_t gpa;

	while (walk_next(&walk, &gpa)) {
		uint64_t want = page_value(&walk, touch, gpa);
		uint64_t got = __atomic_load_n((const uint64_t *)gpa, __ATOMIC_ACQUIRE);

		if (got == want || (!got && is_lost(&walk, touch, gpa)))
			continue;
		*error = (struct touch_error){ gpa, want, got, !got && walk.memory.lossy };
		return false;
	}
	return true;
}

bool touch_check_first(const struct tree *tree, const struct touch *touch, uint32_t index,
		       struct touch_error *error)
{
	struct touch before = *touch;

	before.pass = ABI_PASS_VMM;
	return !touch->read_first || touch_check(tree, &before, index, error);
}
