// SPDX-License-Identifier: GPL-2.0-only
#include "touch.h"

#include "memory.h"

struct page_walk {
	struct memory memory;
	uint64_t stride, left;	/* pages of all vCPUs still to come */
	uint64_t gpa;		/* from here on the next page is looked for */
	uint32_t turn;		/* so many pages of other vCPUs come before this one's next */
	uint32_t vcpus;
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
		walk->memory = memory_start(walk->memory.tree, true);
		walk->gpa = 0;
		if (!settle(walk))
			return false;
	}
	*gpa = walk->gpa;
	if (__builtin_add_overflow(walk->gpa, walk->stride, &walk->gpa))
		walk->gpa = -(uint64_t)ABI_PAGE_SIZE;
	return true;
}

static struct page_walk walk_start(const struct tree *tree, const struct touch *touch,
				   uint32_t index)
{
	return (struct page_walk){
		.memory = memory_start(tree, true),
		.stride = touch->stride,
		.left = touch->pages,
		.gpa = (touch->base + ABI_PAGE_SIZE - 1) & -(uint64_t)ABI_PAGE_SIZE,
		.turn = index,
		.vcpus = tree->vcpus,
	};
}

/* The vCPU's next page; false: it has no more. */
static bool walk_next(struct page_walk *walk, uint64_t *gpa)
{
	while (walk->left) {
		if (!next_page(walk, gpa))
			return false;
		walk->left--;
		if (!walk->turn--) {
			walk->turn = walk->vcpus - 1;
			return true;
		}
	}
	return false;
}

bool touch_possible(const struct tree *tree)
{
	struct page_walk walk = { .memory = memory_start(tree, true) };

	return settle(&walk);
}

uint64_t touch_share(const struct tree *tree, const struct touch *touch, uint32_t index)
{
	return (touch->pages + tree->vcpus - 1 - index) / tree->vcpus;
}

bool touch_may_wrap(const struct tree *tree, const struct touch *touch)
{
	struct memory memory = memory_start(tree, true);
	uint64_t left;

	if (__builtin_mul_overflow(touch->pages, touch->stride, &left) ||
	    __builtin_add_overflow(left, tree->payload.size, &left))
		return true;
	/* Each step takes at most a stride of the memory, and the payload lies in it. */
	while (memory_next(&memory)) {
		uint64_t base = memory.base > touch->base ? memory.base : touch->base;

		if (memory.end <= base)
			continue;
		if (memory.end - base >= left)
			return false;
		left -= memory.end - base;
	}
	return left != 0;
}

static uint64_t page_value(const struct page_walk *walk, const struct touch *touch, uint64_t gpa)
{
	return abi_page_value(touch->pattern, gpa, walk->memory.same ? 0 : touch->pass);
}

uint64_t touch_write(const struct tree *tree, const struct touch *touch, uint32_t index)
{
	struct page_walk walk = walk_start(tree, touch, index);
	uint64_t gpa = 0, pages;

	for (pages = 0; walk_next(&walk, &gpa); pages++)
		*(volatile uint64_t *)gpa = page_value(&walk, touch, gpa);
	if (pages && tree->broken == BREAK_CORRUPT_PAGE)
		*(volatile uint64_t *)gpa ^= 1;
	return pages;
}

uint64_t touch_repeat(const struct tree *tree, struct touch *touch, uint32_t index,
		      struct abi_report *report)
{
	volatile struct abi_report *shared = report;
	uint64_t pages;

	if (!touch->rewrite)
		return touch_write(tree, touch, index);
	/*
	 * Nobody sends this CPU an interrupt. But Bochs, as a host, lets none of its own end KVM_RUN while the guest's flag is off,
	 * so that nothing else would run on its CPU.
	 */
	asm volatile("sti" ::: "memory");
	do {
		touch->pass = shared->sweeps + 1;
		pages = touch_write(tree, touch, index);
		shared->sweeps = touch->pass;
	} while (touch->pass < shared->sweeps_wanted);
	asm volatile("cli" ::: "memory");
	return pages;
}

bool touch_check(const struct tree *tree, const struct touch *touch, uint32_t index,
		 struct touch_error *error)
{
	struct page_walk walk = walk_start(tree, touch, index);
	uint64_t gpa;

	while (walk_next(&walk, &gpa)) {
		uint64_t want = page_value(&walk, touch, gpa), got = *(volatile uint64_t *)gpa;

		if (got == want || (!got && walk.memory.lossy))
			continue;
		*error = (struct touch_error){ gpa, want, got };
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
