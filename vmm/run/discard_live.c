// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = discard with live = yes: all vCPUs write their pages again and again, without leaving L2, and the
 * host takes the memory back meanwhile. Each vCPU counts its sweeps in a page of its own (minivmm_abi.h):
 * the witness that it goes on. Once it has begun and ended a sweep since the memory was taken back, the VMM
 * must see in each of its pages what that sweep, or a later one, wrote. A vCPU that still reaches an old
 * page writes where the VMM does not see it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "minivmm_abi.h"
#include "run/discard.h"

#define ROUNDS 4		/* of each way */
#define BURSTS 16		/* of a way that takes back all pages at once, */
#define BURST 8			/* so often in a row: a vCPU's fault races with the next time */
#define LOOK_NS 1000000		/* between two looks at the witnesses */
/* A sweep that was under way when the memory was taken back, and one that was not. */
#define SWEEPS 2

/* What a vCPU had counted at a moment. */
struct witness {
	uint64_t sweeps, refusals;
};

static struct abi_report *report_of(const struct discard *discard, unsigned int vcpu)
{
	const struct live_run *live = discard->pages.live;

	return (struct abi_report *)vm_page(&live->vm, nested_block(&live->payload, vcpu));
}

static struct witness witness_now(const struct discard *discard, unsigned int vcpu)
{
	const struct vcpu_set *set = &discard->pages.live->set;

	return (struct witness){
		__atomic_load_n(&report_of(discard, vcpu)->sweeps, __ATOMIC_ACQUIRE),
		__atomic_load_n(&set->threads[vcpu]->vcpu.refusals, __ATOMIC_RELAXED),
	};
}

static void note_witnesses(struct discard *discard)
{
	for (unsigned int i = 0; i < discard->pages.live->set.count; i++)
		discard->since[i] = witness_now(discard, i);
}

static void want_sweeps(const struct discard *discard, uint64_t sweeps)
{
	for (unsigned int i = 0; i < discard->pages.live->set.count; i++)
		__atomic_store_n(&report_of(discard, i)->sweeps_wanted, sweeps, __ATOMIC_RELEASE);
}

/* Waits a moment, before the caller looks again. 0: the vCPUs still run. */
static int look_again(struct discard *discard)
{
	uint64_t now = clock_ns();
	int result = vcpu_set_wait(&discard->pages.live->set, now + LOOK_NS);

	if (result == -ETIMEDOUT && now < discard->deadline)
		return 0;
	/* No vCPU may come to an end before it is told to. */
	return result ? result : -EIO;
}

static bool has_swept(const struct discard *discard, unsigned int vcpu)
{
	return witness_now(discard, vcpu).sweeps >= discard->since[vcpu].sweeps + SWEEPS;
}

/* The vCPU was refused a write, or has swept. */
static bool has_tried(const struct discard *discard, unsigned int vcpu)
{
	return witness_now(discard, vcpu).refusals > discard->since[vcpu].refusals ||
	       has_swept(discard, vcpu);
}

/* Waits until is_so() is true for every vCPU. */
static int wait_for(struct discard *discard,
		    bool (*is_so)(const struct discard *discard, unsigned int vcpu))
{
	int result = 0;

	for (unsigned int i = 0; !result && i < discard->pages.live->set.count; i++)
		while (!result && !is_so(discard, i))
			result = look_again(discard);
	return result;
}

static uint64_t read_page(const struct discard *discard, uint64_t i)
{
	const struct phase_pages *pages = &discard->pages;
	uint64_t value = __atomic_load_n((const uint64_t *)(pages->memory + i * pages->stride), __ATOMIC_ACQUIRE);

	if (pages->live->run->config->selftest.break_what == BREAK_STALE_PAGE && i == pages->count - 1)
		value = abi_page_value(pages->phase->cfg->pattern, phase_page_gpa(pages, i), 0);
	return value;
}

/* Page i is vCPU i mod vcpus' (minivmm_abi.h). Its last sweep may be under way. */
static void compare(struct discard *discard, const char *when)
{
	struct phase_pages *pages = &discard->pages;

	pages->phase->found.pages += pages->count;
	for (uint64_t i = 0; i < pages->count; i++) {
		unsigned int vcpu = (unsigned int)(i % pages->live->set.count);
		uint64_t gpa = phase_page_gpa(pages, i), got = read_page(discard, i);
		uint64_t pass = abi_page_pass(pages->phase->cfg->pattern, gpa, got);
		uint64_t least = discard->since[vcpu].sweeps + SWEEPS;
		uint64_t most = witness_now(discard, vcpu).sweeps + 1;

		if (pass >= least && pass <= most)
			continue;
		phase_found_wrong(pages->phase, "%s, while %s goes on: memslot.%s, gpa %#llx: the VMM reads "
				  "%#llx, and not what sweeps %llu to %llu of vCPU %u write there", when,
				  phase_pages_writer(pages), pages->name, (unsigned long long)gpa,
				  (unsigned long long)got, (unsigned long long)least,
				  (unsigned long long)most, vcpu);
		return;
	}
}

/* What has been done to the memory must not keep the vCPUs from it, nor let them write elsewhere. */
static int judge(struct discard *discard, const char *when)
{
	int result;

	note_witnesses(discard);
	result = wait_for(discard, has_swept);
	if (!result)
		compare(discard, when);
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

	note_witnesses(discard);
	for (uint64_t i = 0; i < pages->count; i++)
		discard->was[i] = read_page(discard, i);
	result = wait_for(discard, has_tried);
	pages->phase->found.pages += pages->count;
	for (uint64_t i = 0; !result && i < pages->count; i++) {
		uint64_t is = read_page(discard, i);

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
 * Only a way that removes the slot lets accesses come to the VMM, and only one that takes rights away has KVM_RUN fail. Each
 * way ends with whole sweeps of all vCPUs, so that none of them still has an exit from before.
 */
int discard_live_take(struct discard *discard, enum discard_how how, discard_way *take)
{
	struct vcpu_set *set = &discard->pages.live->set;
	int result;

	vcpu_set_patience(set, how & (HOW_SLOT_DELETE | HOW_SLOT_MOVE) ? PATIENT_MMIO :
			       how & (HOW_MPROTECT | HOW_THP) ? PATIENT_EFAULT | PATIENT_ANYWHERE : 0);
	result = take(discard);
	/* Otherwise the vCPUs are stopped first. */
	if (!result || result == -ENOTSUP)
		vcpu_set_patience(set, 0);
	return result;
}

int discard_live_begin(struct discard *discard)
{
	struct phase_pages *pages = &discard->pages;
	struct live_run *live = pages->live;

	discard->since = calloc(live->set.count, sizeof(*discard->since));
	discard->was = calloc(pages->count, sizeof(*discard->was));
	if (!discard->since || !discard->was)
		return err_set(&live->run->err, ENOMEM, "no memory for what the pages held");
	discard->deadline = clock_ns() + phase_timeout(live, pages->phase->cfg);
	want_sweeps(discard, UINT64_MAX);
	vcpu_set_tell_all(&live->set, pages->index);
	vcpu_set_start(&live->set);
	return judge(discard, "before its memory is taken back");
}

int discard_live_end(struct discard *discard, int result)
{
	struct vcpu_set *set = &discard->pages.live->set;
	int ended;

	want_sweeps(discard, 0);
	ended = result > 0 ? result : vcpu_set_wait(set, discard->deadline);
	if (ended)
		vcpu_set_stop(set);
	vcpu_set_patience(set, 0);
	free(discard->since);
	free(discard->was);
	return result ? result : ended;
}
