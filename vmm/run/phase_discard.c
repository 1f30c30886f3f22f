// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = discard: the guest writes pages, the host takes their memory back, the VMM writes what the guest
 * must find there now, and the guest reads and writes again. A vCPU that still reaches an old page reads
 * what it held, or writes where the VMM does not see it. All vCPUs are stopped meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "run/phase_pages.h"
#include "vm/backing.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25	/* 6.1 */
#endif
#define HUGE_PAGE (2ull << 20)
#define SPARE_ALIGN (1ull << 30)

struct discard {
	struct phase_pages pages;
	const struct memslot_cfg *cfg;	/* of the slot */
	const struct backing *backing;
	uint64_t span;
};

static int failed(struct discard *discard, int code, const char *what)
{
	return err_errno(&discard->pages.live->run->err, code, "memslot.%s: %s", discard->pages.name,
			 what);
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
static int take_counted(struct discard *discard, int advice)
{
	struct found *found = &discard->pages.phase->found;
	struct rmaps_stat before, after;
	bool known = phase_pages_rmaps(&discard->pages, &before);

	if (madvise(discard->pages.memory, discard->span, advice))
		return -errno;
	found->unmapped_known = known && phase_pages_rmaps(&discard->pages, &after);
	for (int level = 0; found->unmapped_known && level < 3; level++)
		found->unmapped[level] = (int64_t)(before.mapped[level] - after.mapped[level]);
	return 0;
}

/*
 * The host itself may have taken pages back since they were written: compaction, KSM, swapping. Fewer
 * are mapped then, and it is counted again: a walk that KVM skips is short each time.
 */
#define MOST_COUNTS 3

static bool is_short(const struct phase_pages *pages)
{
	const struct found *found = &pages->phase->found;

	return phase_pages_have_rmaps(pages) && found->unmapped_known &&
	       found->unmapped[0] + 512 * found->unmapped[1] < (int64_t)pages->count;
}

static int by_madvise(struct discard *discard)
{
	/* In a shared mapping, MADV_DONTNEED loses no data: MADV_REMOVE punches a hole in the file. */
	bool file = discard->backing->fd >= 0;
	int result = 0;

	for (int i = 0; !result && i < MOST_COUNTS && (!i || is_short(&discard->pages)); i++) {
		int code = take_counted(discard, file ? MADV_REMOVE : MADV_DONTNEED);

		if (code)
			return failed(discard, -code,
				      file ? "madvise(MADV_REMOVE)" : "madvise(MADV_DONTNEED)");
		result = exchange(discard, file ? "after MADV_REMOVE" : "after MADV_DONTNEED");
	}
	return result;
}

static int by_mmap(struct discard *discard)
{
	int code = backing_map_again(discard->backing, discard->cfg, discard->pages.memory,
				     discard->span, &discard->pages.live->run->err);

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
		return failed(discard, errno, "mprotect(PROT_READ)");
	result = phase_pages_pass(pages);
	phase_pages_compare_marks(pages, pages->when);
	if (mprotect(pages->memory, discard->span, PROT_READ | PROT_WRITE))
		return failed(discard, errno, "mprotect(PROT_READ | PROT_WRITE)");
	if (!result)
		phase_found_wrong(pages->phase, "memslot.%s: %s wrote all pages, none of which mprotect() "
				  "allowed it to write", pages->name, phase_pages_writer(pages));
	if (result == -EIO && vcpu_set_forgive(set, EFAULT))
		result = vcpu_set_run(set, phase_timeout(pages->live, pages->phase->cfg));
	if (!result)
		phase_pages_compare(pages, "after mprotect()");
	return result;
}

/* Moves the data into a huge page, whose place it takes, and splits that again. */
static int by_thp(struct discard *discard)
{
	uint8_t *memory = discard->pages.memory;
	uint64_t size = (discard->span + HUGE_PAGE - 1) & -HUGE_PAGE;
	int result;

	if (size > discard->pages.slot->size)
		size = discard->pages.slot->size;
	if (madvise(memory, size, MADV_HUGEPAGE) || madvise(memory, size, MADV_COLLAPSE))
		return -ENOTSUP;
	result = exchange(discard, "after MADV_COLLAPSE");
	if (result)
		return result;
	/* A change of the protection of a part of a huge page splits it. */
	if (mprotect(memory, 4096, PROT_READ) || mprotect(memory, 4096, PROT_READ | PROT_WRITE))
		return failed(discard, errno, "mprotect(the first page)");
	result = exchange(discard, "after a huge page was split");
	if (discard->cfg->thp != THP_ALWAYS)
		madvise(memory, size, MADV_NOHUGEPAGE);
	return result;
}

static uint64_t count_accesses(const struct vcpu_set *set)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < set->count; i++)
		sum += set->threads[i]->vcpu.vmm_accesses;
	return sum;
}

/*
 * The guest runs while its slot is not there: each of its accesses must come to the VMM, which does it.
 * These are three for each page: the guest reads it, writes it, and L1 reads it back.
 */
static int run_without_slot(struct discard *discard, const char *when)
{
	struct phase_pages *pages = &discard->pages;
	struct vcpu_set *set = &pages->live->set;
	uint64_t before = count_accesses(set), accesses;
	int result;

	for (unsigned int i = 0; i < set->count; i++)
		set->threads[i]->vcpu.patience |= PATIENT_MMIO;
	result = exchange(discard, when);
	for (unsigned int i = 0; i < set->count; i++)
		set->threads[i]->vcpu.patience &= ~(unsigned int)PATIENT_MMIO;
	accesses = count_accesses(set) - before;
	if (!result && accesses < 3 * pages->count)
		phase_found_wrong(pages->phase, "%s: memslot.%s: only %llu of %llu accesses came to the VMM",
				  when, pages->name, (unsigned long long)accesses,
				  (unsigned long long)(3 * pages->count));
	return result;
}

static int put_slot(struct discard *discard, uint64_t base)
{
	const struct slot *slot = discard->pages.slot;
	int code = vm_slot_set(&discard->pages.live->vm, slot, base, slot->kvm_flags);

	return code ? failed(discard, -code, "KVM_SET_USER_MEMORY_REGION") : 0;
}

static int by_slot_delete(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	int code = vm_slot_delete(&pages->live->vm, pages->slot), result;

	if (code)
		return failed(discard, -code, "KVM_SET_USER_MEMORY_REGION(size=0)");
	result = run_without_slot(discard, "while the memslot is deleted");
	code = put_slot(discard, pages->slot->base);
	return result ? result : code ? code : exchange(discard, "after the memslot was made again");
}

static int by_slot_move(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	const struct live_run *live = pages->live;
	uint64_t spare = (live->run->layout.top + SPARE_ALIGN - 1) & -SPARE_ALIGN;
	int code, result;

	if (spare + pages->slot->size > 1ull << kvm_phys_bits(live->kvm))
		return -ENOTSUP;
	code = put_slot(discard, spare);
	if (code)
		return code;
	result = run_without_slot(discard, "while the memslot is elsewhere");
	code = put_slot(discard, pages->slot->base);
	return result ? result : code ? code : exchange(discard, "after the memslot was moved back");
}

static const struct way {
	enum discard_how how;
	const char *name;
	int (*take)(struct discard *discard);	/* -ENOTSUP: this host can't */
} ways[] = {
	{ HOW_MADVISE, "madvise", by_madvise }, { HOW_MMAP, "mmap", by_mmap },
	{ HOW_MPROTECT, "mprotect", by_mprotect }, { HOW_THP, "thp", by_thp },
	{ HOW_SLOT_DELETE, "slot-delete", by_slot_delete }, { HOW_SLOT_MOVE, "slot-move", by_slot_move },
};

static void note_way(struct found *found, const char *name, bool done)
{
	size_t length = strlen(found->ways);

	snprintf(found->ways + length, sizeof(found->ways) - length, "%s%s%s", length ? ", " : "",
		 done ? "" : "not ", name);
}

/* The part of the memory that is taken back: whole pages, which hugetlbfs has larger ones of. */
static uint64_t whole_pages(const struct discard *discard)
{
	uint64_t page = backing_page_size(discard->cfg);
	uint64_t size = (phase_pages_span(&discard->pages) + page - 1) & -page;

	return size < discard->pages.slot->size ? size : discard->pages.slot->size;
}

int phase_discard(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	struct discard discard;
	int result;

	phase_pages_init(&discard.pages, live, index, phase);
	discard.cfg = &live->run->config->memslots[discard.pages.slot->cfg];
	discard.backing = &live->vm.backings[live->run->layout.memory_of[discard.pages.slot->cfg]];
	discard.span = whole_pages(&discard);
	result = exchange(&discard, "before its memory is taken back");
	for (size_t i = 0; !result && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!(phase->cfg->how & ways[i].how))
			continue;
		result = ways[i].take(&discard);
		note_way(&phase->found, ways[i].name, result != -ENOTSUP);
		if (result == -ENOTSUP)
			result = 0;
	}
	return result;
}
