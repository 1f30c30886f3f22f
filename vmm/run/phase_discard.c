// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = discard: the guest writes pages, the host takes their memory back, the VMM writes what the guest
 * must find there now, and the guest reads and writes again. A vCPU that still reaches an old page reads
 * what it held, or writes where the VMM does not see it. All vCPUs are stopped meanwhile;
 * with live = yes they write on (discard_live.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "run/discard.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25	/* 6.1 */
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21		/* 5.4 */
#endif
#define HUGE_PAGE (2ull << 20)

int discard_failed(struct discard *discard, int code, const char *what)
{
	return err_errno(&discard->pages.live->run->err, code, "memslot.%s: %s", discard->pages.name,
			 what);
}

static bool is_file(const struct discard *discard)
{
	return discard->backing->fd >= 0;
}

int discard_advise(struct discard *discard)
{
	return phase_pages_take_back(&discard->pages, discard->span);
}

int discard_map_again(struct discard *discard)
{
	return backing_map_again(discard->backing, discard->cfg, discard->pages.memory, discard->span,
				 &discard->pages.live->run->err);
}

/* The guest must find what the VMM writes now, and the VMM what the guest writes then. */
static int exchange(struct discard *discard, const char *when)
{
	int result;

	discard->pages.when = when;
	phase_pages_mark(&discard->pages);
	result = phase_pages_pass(&discard->pages);
	phase_pages_compare(&discard->pages, when);
	return result;
}

/* All vCPUs are stopped: what the rmaps lose are the mappings of what is taken back, and no others. */
static int take_counted(struct discard *discard)
{
	struct found *found = &discard->pages.phase->found;
	struct rmaps_stat before, after;
	bool known = phase_pages_rmaps(&discard->pages, &before);
	int code = discard_advise(discard);

	if (code)
		return code;
	found->beside = (int64_t)phase_pages_beside(&discard->pages);
	found->unmapped_known = known && phase_pages_rmaps(&discard->pages, &after);
	for (int level = 0; found->unmapped_known && level < 3; level++)
		found->unmapped[level] = (int64_t)(before.mapped[level] - after.mapped[level]);
	return 0;
}

static bool is_wrong(const struct phase_pages *pages)
{
	return phase_pages_have_rmaps(pages) && pages->phase->found.unmapped_known &&
	       !found_mapped_exactly(&pages->live->run->model, pages->phase);
}

static int by_madvise(struct discard *discard)
{
	bool again = true;
	int result = 0;

	while (!result && again) {
		int code = take_counted(discard);

		if (code)
			return code;
		again = phase_pages_count_again(&discard->pages, is_wrong(&discard->pages),
						discard->pages.phase->found.unmapped, 3);
		result = exchange(discard, is_file(discard) ? "after MADV_REMOVE" : "after MADV_DONTNEED");
	}
	return result;
}

static int by_mmap(struct discard *discard)
{
	int code = discard_map_again(discard);

	return code ? code : exchange(discard, "after mmap() at the same address");
}

/* While the VMM's mapping is read-only, no vCPU may write: KVM_RUN fails with EFAULT. */
static int by_mprotect(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	struct vcpu_set *set = &pages->live->set;
	int result;

	pages->when = "while mprotect() allows no writing";
	phase_pages_mark(pages);
	if (mprotect(pages->memory, discard->span, PROT_READ))
		return discard_failed(discard, errno, "mprotect(PROT_READ)");
	result = phase_pages_pass(pages);
	phase_pages_compare_marks(pages, pages->when);
	if (mprotect(pages->memory, discard->span, PROT_READ | PROT_WRITE))
		return discard_failed(discard, errno, "mprotect(PROT_READ | PROT_WRITE)");
	if (!result)
		phase_found_wrong(pages->phase, "memslot.%s: %s wrote all pages, none of which mprotect() "
				  "allowed it to write", pages->name, phase_pages_writer(pages));
	if (result == -EIO && vcpu_set_forgive(set, EFAULT))
		result = vcpu_set_run(set, phase_timeout(pages->live, pages->phase->cfg));
	if (!result)
		phase_pages_compare(pages, "after mprotect()");
	return result;
}

/* So many of the slot's first bytes, in whole pages of this size. */
static uint64_t whole_pages(const struct discard *discard, uint64_t bytes, uint64_t page)
{
	uint64_t size = (bytes + page - 1) & -page;

	return size < discard->pages.slot->size ? size : discard->pages.slot->size;
}

/* Moves the data into a huge page, whose place it takes. */
int discard_collapse(struct discard *discard)
{
	uint8_t *memory = discard->pages.memory;
	uint64_t size = whole_pages(discard, discard->span, HUGE_PAGE);

	if (madvise(memory, size, MADV_HUGEPAGE) || madvise(memory, size, MADV_COLLAPSE))
		return -ENOTSUP;
	return 0;
}

/* A change of the protection of a part of a huge page splits it. */
int discard_split(struct discard *discard)
{
	uint8_t *memory = discard->pages.memory;

	if (mprotect(memory, 4096, PROT_READ) || mprotect(memory, 4096, PROT_READ | PROT_WRITE))
		return discard_failed(discard, errno, "mprotect(the first page)");
	if (discard->cfg->thp != THP_ALWAYS)
		madvise(memory, whole_pages(discard, discard->span, HUGE_PAGE), MADV_NOHUGEPAGE);
	return 0;
}

static int by_thp(struct discard *discard)
{
	int result = discard_collapse(discard);

	if (result)
		return result;
	result = exchange(discard, "after MADV_COLLAPSE");
	if (!result)
		result = discard_split(discard);
	return result ? result : exchange(discard, "after a huge page was split");
}

/* How many of the pages the kernel still has in memory, or in the swap cache. */
static int count_resident(const struct discard *discard, uint64_t *resident)
{
	const struct phase_pages *pages = &discard->pages;
	uint64_t size = discard->span / 4096;
	unsigned char *states = malloc(size);
	int code = 0;

	*resident = 0;
	if (!states)
		return -ENOMEM;
	if (mincore(pages->memory, discard->span, states))
		code = -errno;
	for (uint64_t i = 0; !code && i < pages->count; i++)
		*resident += states[i * pages->stride / 4096] & 1;
	free(states);
	return code;
}

/* As the kernel does when memory is short. Without swap nothing goes, and of huge pages of hugetlbfs nothing ever. */
int discard_page_out(struct discard *discard)
{
	uint64_t resident;

	if (madvise(discard->pages.memory, discard->span, MADV_PAGEOUT) || count_resident(discard, &resident) ||
	    resident == discard->pages.count)
		return -ENOTSUP;
	return 0;
}

/* The page that comes back is another one, and holds what the guest wrote last. */
static int by_reclaim(struct discard *discard)
{
	int result = discard_page_out(discard);

	if (result)
		return result;
	phase_pages_compare(&discard->pages, "after it was swapped out");
	return exchange(discard, "after it was swapped out and in");
}

/*
 * The guest runs while its slot is not there: each of its accesses must come to the VMM, which does it.
 * These are three for each page: the guest reads it, writes it, and L1 reads it back.
 */
static int run_without_slot(struct discard *discard, const char *when)
{
	struct phase_pages *pages = &discard->pages;
	struct vcpu_set *set = &pages->live->set;
	uint64_t before = vcpu_set_accesses(set), accesses;
	int result;

	vcpu_set_patience(set, PATIENT_MMIO);
	result = exchange(discard, when);
	vcpu_set_patience(set, 0);
	accesses = vcpu_set_accesses(set) - before;
	if (!result && accesses < 3 * pages->count)
		phase_found_wrong(pages->phase, "%s: memslot.%s: only %llu of %llu accesses came to the VMM",
				  when, pages->name, (unsigned long long)accesses,
				  (unsigned long long)(3 * pages->count));
	return result;
}

int discard_put_slot(struct discard *discard, uint64_t base)
{
	const struct slot *slot = discard->pages.slot;
	int code = vm_slot_set(&discard->pages.live->vm, slot, base, slot->kvm_flags);

	return code ? discard_failed(discard, -code, "KVM_SET_USER_MEMORY_REGION") : 0;
}

int discard_delete_slot(struct discard *discard)
{
	int code = vm_slot_delete(&discard->pages.live->vm, discard->pages.slot);

	return code ? discard_failed(discard, -code, "KVM_SET_USER_MEMORY_REGION(size=0)") : 0;
}

int discard_move_slot(struct discard *discard)
{
	uint64_t spare;

	if (!vm_spare_gpa(&discard->pages.live->vm, discard->pages.slot->size, &spare))
		return -ENOTSUP;
	return discard_put_slot(discard, spare);
}

/* Where the slot was, the guest goes on without it, and then with it again. */
static int without_slot(struct discard *discard, const char *meanwhile, const char *again)
{
	int result = run_without_slot(discard, meanwhile);
	int code = discard_put_slot(discard, discard->pages.slot->base);

	return result ? result : code ? code : exchange(discard, again);
}

static int by_slot_delete(struct discard *discard)
{
	int code = discard_delete_slot(discard);

	return code ? code : without_slot(discard, "while the memslot is deleted",
					  "after the memslot was made again");
}

static int by_slot_move(struct discard *discard)
{
	int code = discard_move_slot(discard);

	return code ? code : without_slot(discard, "while the memslot is elsewhere",
					  "after the memslot was moved back");
}

static const struct way {
	enum discard_how how;
	const char *name;
	discard_way *stopped, *live;
	bool protects;			/* the VMM's mapping is read-only at times: see vm_write_if_allowed() */
} ways[] = {
	{ HOW_MADVISE, "madvise", by_madvise, live_madvise, false },
	{ HOW_MMAP, "mmap", by_mmap, live_mmap, false },
	{ HOW_MPROTECT, "mprotect", by_mprotect, live_mprotect, true },
	{ HOW_THP, "thp", by_thp, live_thp, true },
	{ HOW_SLOT_DELETE, "slot-delete", by_slot_delete, live_slot_delete, false },
	{ HOW_SLOT_MOVE, "slot-move", by_slot_move, live_slot_move, false },
	{ HOW_RECLAIM, "reclaim", by_reclaim, live_reclaim, false },
};

static int take_one_way(struct discard *discard, const struct way *way)
{
	if (way->protects && discard->pages.live->vm.unasked)
		return -ENOTSUP;
	return discard->pages.phase->cfg->live ? discard_live_take(discard, way->how, way->live) : way->stopped(discard);
}

static void note_way(struct found *found, const char *name, bool done)
{
	size_t length = strlen(found->ways);

	snprintf(found->ways + length, sizeof(found->ways) - length, "%s%s%s", length ? ", " : "",
		 done ? "" : "not ", name);
}

static int take_all_ways(struct discard *discard)
{
	struct phase_result *phase = discard->pages.phase;
	int result = 0;

	for (size_t i = 0; !result && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!(phase->cfg->how & ways[i].how))
			continue;
		result = take_one_way(discard, &ways[i]);
		note_way(&phase->found, ways[i].name, result != -ENOTSUP);
		if (result == -ENOTSUP)
			result = 0;
	}
	return result;
}

int phase_discard(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	struct discard discard = { 0 };
	int result;

	phase_pages_init(&discard.pages, live, index, phase);
	discard.cfg = &live->run->config->memslots[live->run->layout.memory_of[discard.pages.slot->cfg]];
	discard.backing = &live->vm.backings[live->run->layout.memory_of[discard.pages.slot->cfg]];
	/* hugetlbfs has larger pages. */
	discard.span = whole_pages(&discard, phase_pages_span(&discard.pages), memslot_page_size(discard.cfg));
	if (phase->cfg->live) {
		result = discard_live_begin(&discard);
		return discard_live_end(&discard, result ? result : take_all_ways(&discard));
	}
	result = exchange(&discard, "before its memory is taken back");
	return result ? result : take_all_ways(&discard);
}
