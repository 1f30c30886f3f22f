// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = discard with live = yes: all vCPUs write their pages again and again, without leaving L2, and the
 * host takes the memory back meanwhile. Once a vCPU has begun and ended a sweep since then, the VMM must see in
 * each of its pages what that sweep, or a later one, wrote. A vCPU that still reaches an old page writes
 * where the VMM does not see it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "run/discard.h"

#define ROUNDS 4		/* of each way */
#define BURSTS 16		/* of a way that takes back all pages at once, */
#define BURST 8			/* so often in a row: a vCPU's fault races with the next time */

/* What has been done to the memory must not keep the vCPUs from it, nor let them write elsewhere. */
static int judge(struct discard *discard, const char *when)
{
	int result;

	live_pages_note(&discard->live);
	result = live_pages_wait(&discard->live, LIVE_SWEPT);
	if (!result)
		live_pages_compare(&discard->live, when);
	return result;
}

/* Takes the memory back in bursts. */
static int in_bursts(struct discard *discard, discard_way *take, const char *when)
{
	int result = 0;

	for (int round = 0; !result && round < BURSTS; round++) {
		for (int i = 0; !result && i < BURST; i++)
			result = take(discard);
		if (!result)
			result = judge(discard, when);
	}
	return result;
}

int live_madvise(struct discard *discard)
{
	return in_bursts(discard, discard_advise, discard->backing->fd >= 0 ? "after MADV_REMOVE" :
									       "after MADV_DONTNEED");
}

int live_mmap(struct discard *discard)
{
	return in_bursts(discard, discard_map_again, "after mmap() at the same address");
}

/* Nothing that the vCPUs do may change a page now. */
static int judge_protected(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	int result;

	live_pages_note(&discard->live);
	for (uint64_t i = 0; i < pages->count; i++)
		discard->was[i] = live_page_read(&discard->live, i);
	result = live_pages_wait(&discard->live, LIVE_TRIED);
	pages->phase->found.pages += pages->count;
	for (uint64_t i = 0; !result && i < pages->count; i++) {
		uint64_t is = live_page_read(&discard->live, i);

		if (is == discard->was[i])
			continue;
		phase_found_wrong(pages->phase, "while mprotect() allows no writing: memslot.%s, gpa %#llx: "
				  "the VMM read %#llx, and then %#llx, which vCPU %u wrote", pages->name,
				  (unsigned long long)phase_page_gpa(pages, i),
				  (unsigned long long)discard->was[i], (unsigned long long)is,
				  (unsigned int)(i % pages->live->set.count));
		break;
	}
	return result;
}

int live_mprotect(struct discard *discard)
{
	uint8_t *memory = discard->pages.memory;
	int result = 0;

	for (int round = 0; !result && round < ROUNDS; round++) {
		if (mprotect(memory, discard->span, PROT_READ))
			return discard_failed(discard, errno, "mprotect(PROT_READ)");
		result = judge_protected(discard);
		if (mprotect(memory, discard->span, PROT_READ | PROT_WRITE))
			return discard_failed(discard, errno, "mprotect(PROT_READ | PROT_WRITE)");
		if (!result)
			result = judge(discard, "after mprotect()");
	}
	return result;
}

/* While vCPUs write, the kernel may find pages in use and collapse nothing: then it is tried again. */
int live_thp(struct discard *discard)
{
	int done = 0, result = 0;

	for (int round = 0; !result && round < ROUNDS; round++) {
		if (discard_collapse(discard))
			continue;
		done++;
		result = judge(discard, "after MADV_COLLAPSE");
		if (!result)
			result = discard_split(discard);
		if (!result)
			result = judge(discard, "after a huge page was split");
	}
	return result || done ? result : -ENOTSUP;
}

/* A page that is in use at that moment stays. */
int live_reclaim(struct discard *discard)
{
	int done = 0, result = 0;

	for (int round = 0; !result && round < BURSTS; round++) {
		if (discard_page_out(discard))
			continue;
		done++;
		result = judge(discard, "after it was swapped out");
	}
	return result || done ? result : -ENOTSUP;
}

/* The memslot is not there: each access must come to the VMM, which does it. In the sweeps that are waited for, each page is written. */
static int judge_missing(struct discard *discard, const char *when)
{
	struct phase_pages *pages = &discard->pages;
	const struct vcpu_set *set = &pages->live->set;
	uint64_t before = vcpu_set_accesses(set), accesses;
	int result = judge(discard, when);

	accesses = vcpu_set_accesses(set) - before;
	if (!result && accesses < pages->count)
		phase_found_wrong(pages->phase, "%s: memslot.%s: only %llu accesses came to the VMM while %s "
				  "wrote %llu pages", when, pages->name, (unsigned long long)accesses,
				  phase_pages_writer(pages), (unsigned long long)pages->count);
	return result;
}

static int without_slot(struct discard *discard, discard_way *take, const char *meanwhile,
			const char *again)
{
	int result = 0;

	for (int round = 0; !result && round < ROUNDS; round++) {
		int code;

		result = take(discard);
		if (result)
			return result;
		result = judge_missing(discard, meanwhile);
		code = discard_put_slot(discard, discard->pages.slot->base);
		if (!result)
			result = code ? code : judge(discard, again);
	}
	return result;
}

int live_slot_delete(struct discard *discard)
{
	return without_slot(discard, discard_delete_slot, "while the memslot is deleted",
			    "after the memslot was made again");
}

int live_slot_move(struct discard *discard)
{
	return without_slot(discard, discard_move_slot, "while the memslot is elsewhere",
			    "after the memslot was moved back");
}

/*
 * Only a way that removes the slot lets accesses come to the VMM, and only one that takes rights away has KVM_RUN fail. But a huge
 * page that was taken back is free again only when the last fault has let it go (hva_to_pfn(), 5.10, holds it), and until then the pool
 * may have none for the next fault: KVM_RUN fails with EFAULT. Each way ends with whole sweeps of all vCPUs, so that none of them
 * still has an exit from before.
 */
static unsigned int patience(const struct discard *discard, enum discard_how how)
{
	if (how & (HOW_SLOT_DELETE | HOW_SLOT_MOVE))
		return PATIENT_MMIO;
	if (how & (HOW_MPROTECT | HOW_THP))
		return PATIENT_EFAULT | PATIENT_ANYWHERE;
	return memslot_is_huge_pool(discard->cfg) ? PATIENT_EFAULT : 0;
}

int discard_live_take(struct discard *discard, enum discard_how how, discard_way *take)
{
	struct vcpu_set *set = &discard->pages.live->set;
	int result;

	vcpu_set_patience(set, patience(discard, how));
	result = take(discard);
	/* Otherwise the vCPUs are stopped first. */
	if (!result || result == -ENOTSUP)
		vcpu_set_patience(set, 0);
	return result;
}

int discard_live_begin(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	int result = live_pages_begin(&discard->live, pages);

	if (result)
		return result;
	discard->was = calloc(pages->count, sizeof(*discard->was));
	if (!discard->was)
		return err_set(&pages->live->run->err, ENOMEM, "no memory for what the pages held");
	return judge(discard, "before its memory is taken back");
}

int discard_live_end(struct discard *discard, int result)
{
	free(discard->was);
	return live_pages_end(&discard->live, result);
}
