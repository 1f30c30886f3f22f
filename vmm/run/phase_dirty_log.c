// SPDX-License-Identifier: GPL-2.0-only
/*
 * do = dirty-log: the guest writes pages while they are logged, and stops; the log must then name each
 * page written, and no other. A guest of the user's writes where it likes, for a moment: the log must then
 * name each page that holds something else than before, and no page that was not written since. Every
 * way in which KVM begins to log a page is taken: logging turned on, the log gotten, cleared, cleared in
 * part, a ring reset. While a page is logged, KVM maps it by 4K; when logging is turned
 * off, it must map by huge pages again what it mapped so before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "host/huge_memory.h"
#include "minivmm_abi.h"
#include "run/page_sums.h"
#include "run/phase_pages.h"
#include "vm/kvm.h"

#define WORD 64			/* pages in a word of a log; KVM_CLEAR_DIRTY_LOG takes whole words */

enum action { END, GUEST_WRITES, WRITES_BY, LOG_ON, LOG_OFF, GET, CLEAR_ALL, CLEAR_PART, CLEAR_EVERY_OTHER, UNMAP, COUNT_HUGE, COUNT_HUGE_AGAIN };
/* What GET must give. REST: those written that the last CLEAR_PART or CLEAR_EVERY_OTHER has left. */
enum wanted { NOTHING, WRITTEN, REST, WHOLE_SLOT };

struct step {
	enum action action;
	enum wanted wanted;		/* of GET */
	const char *when;		/* of GET */
	uint64_t alias;			/* of WRITES_BY: its number, from 1 on; of a page that has fewer its last */
};

#define DOES(what) { .action = (what) }
#define BY(number) { .action = WRITES_BY, .alias = (number) }
#define GETS(what, since) { .action = GET, .wanted = (what), .when = (since) }

/* GET also resets rings, so these steps are those of rings as well. */
static const struct step by_get[] = {
	DOES(COUNT_HUGE), DOES(GUEST_WRITES), DOES(LOG_ON),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after logging was turned on"),
	GETS(NOTHING, "gotten again, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after the log was gotten"),
	DOES(UNMAP), DOES(GUEST_WRITES), GETS(WRITTEN, "after the log was gotten and KVM's mappings were taken away"),
	DOES(LOG_OFF), DOES(COUNT_HUGE_AGAIN), DOES(END)
};

static const struct step manual[] = {
	DOES(COUNT_HUGE), DOES(GUEST_WRITES), DOES(LOG_ON),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after logging was turned on"),
	GETS(WRITTEN, "gotten again, not cleared"),
	DOES(CLEAR_ALL), GETS(NOTHING, "after all was cleared, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after all was cleared"),
	DOES(CLEAR_PART), GETS(REST, "after a part was cleared, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after a part was cleared"),
	DOES(CLEAR_EVERY_OTHER), GETS(REST, "after every other page was cleared, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after every other page was cleared"),
	DOES(CLEAR_ALL), DOES(UNMAP), DOES(GUEST_WRITES), GETS(WRITTEN, "after all was cleared and KVM's mappings were taken away"),
	DOES(LOG_OFF), DOES(COUNT_HUGE_AGAIN), DOES(END)
};

static const struct step initially_set[] = {
	DOES(COUNT_HUGE), DOES(GUEST_WRITES), DOES(LOG_ON), GETS(WHOLE_SLOT, "initially set"),
	DOES(CLEAR_ALL), GETS(NOTHING, "after all was cleared, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after all was cleared"),
	DOES(CLEAR_PART), GETS(REST, "after a part was cleared, nothing written since"),
	DOES(GUEST_WRITES), GETS(WRITTEN, "after a part was cleared"),
	DOES(LOG_OFF), DOES(COUNT_HUGE_AGAIN), DOES(END)
};

/*
 * L2 reads each page by all its aliases, and so has KVM map them, and writes it by one: the first, the last, or one between
 * them. Whichever that is, KVM must have write-protected it, which it does alias by alias.
 */
#define LOGS_ALIAS(number, name) \
	BY(number), DOES(LOG_ON), BY(number), GETS(WRITTEN, "after logging was turned on, by the " name " alias"), \
	BY(number), GETS(WRITTEN, "after the log was gotten, by the " name " alias"), DOES(LOG_OFF)
static const struct step by_alias[] = {
	LOGS_ALIAS(1, "first"), LOGS_ALIAS(ABI_COUNTED_PAGES, "last"), LOGS_ALIAS(ABI_COUNTED_PAGES / 2, "15th or last"), DOES(END)
};

static const struct {
	const struct step *steps;
	uint64_t cap;			/* of KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 */
} protects[] = {
	[PROTECT_BY_GET] = { by_get, 0 },
	[PROTECT_MANUAL] = { manual, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE },
	[PROTECT_INITIALLY_SET] = { initially_set, KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE |
						   KVM_DIRTY_LOG_INITIALLY_SET },
};

struct log {
	struct phase_pages pages;
	bool ring;
	uint64_t slot_pages, part;	/* part: so many pages CLEAR_PART clears, whole words */
	uint64_t words;
	uint64_t *got, *want;		/* a bit for each page of the slot */
	uint64_t *cleared;		/* what the last CLEAR_PART or CLEAR_EVERY_OTHER left no bit of */
	uint64_t *may;			/* what may be in got: `want`, and what can't be known */
	bool goes_on;			/* the guest writes where it likes: */
	struct page_sums sums;
	uint64_t *changed;		/* since it went on last */
	struct dirty_pages ringed;	/* what the rings have named since the last GET */
};

static void set_bit(uint64_t *bitmap, uint64_t page)
{
	bitmap[page / WORD] |= 1ull << page % WORD;
}

static bool sums_make(struct log *log)
{
	const struct vm *vm = &log->pages.live->vm;
	const struct slot *slot = log->pages.slot;
	const struct backing *backing = &vm->backings[vm->layout->memory_of[slot->cfg]];
	bool memfd = vm->layout->config->memslots[slot->cfg].backing == BACKING_MEMFD;

	log->changed = calloc(log->words, sizeof(uint64_t));
	return !page_sums_open(&log->sums, log->pages.memory, log->slot_pages, memfd ? backing->fd : -1,
			       (uint64_t)(log->pages.memory - backing->hva)) && log->changed;
}

static bool log_make(struct log *log)
{
	uint64_t span;

	log->slot_pages = log->pages.slot->size / ABI_PAGE_SIZE;
	span = log->goes_on ? log->slot_pages : phase_pages_span(&log->pages) / ABI_PAGE_SIZE;
	log->part = span / 2 / WORD * WORD;
	log->words = (log->slot_pages + WORD - 1) / WORD;
	log->got = calloc(log->words, sizeof(uint64_t));
	log->want = calloc(log->words, sizeof(uint64_t));
	log->cleared = calloc(log->words, sizeof(uint64_t));
	log->may = calloc(log->words, sizeof(uint64_t));
	log->ringed = (struct dirty_pages){
		.slot = log->pages.slot->id, .count = log->slot_pages,
		.bitmap = calloc(log->words, sizeof(uint64_t)),
	};
	return log->got && log->want && log->cleared && log->may && log->ringed.bitmap && (!log->goes_on || sums_make(log));
}

static void log_free(struct log *log)
{
	free(log->got);
	free(log->want);
	free(log->cleared);
	free(log->may);
	free(log->ringed.bitmap);
	free(log->changed);
	if (log->goes_on)
		page_sums_close(&log->sums);
}

/* While the phase lasts, the rings say which pages they name. */
static void note_rings(struct log *log, struct dirty_pages *pages)
{
	const struct vcpu_set *set = &log->pages.live->set;

	vcpu_set_note_rings(set, 0, set->count, pages);
}

static int set_logging(struct log *log, bool on)
{
	struct live_run *live = log->pages.live;
	const struct slot *slot = log->pages.slot;
	uint32_t flags = slot->kvm_flags & ~(uint32_t)KVM_MEM_LOG_DIRTY_PAGES;
	int code = vm_slot_set(&live->vm, slot, slot->base, on ? flags | KVM_MEM_LOG_DIRTY_PAGES : flags);

	return code ? err_errno(&live->run->err, -code, "KVM_SET_USER_MEMORY_REGION(memslot.%s: dirty "
				"logging %s)", log->pages.name, on ? "on" : "off") : 0;
}

static int set_protect(struct log *log, uint64_t cap)
{
	struct live_run *live = log->pages.live;
	struct kvm_enable_cap enable = { .cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, .args = { cap } };

	/* With a ring it is never turned on. A stress phase may have left it on. */
	if (log->ring)
		return 0;
	return kvm_ioctl(live->vm.fd, KVM_ENABLE_CAP, &enable, &live->run->err,
			 "KVM_ENABLE_CAP(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2: %llu)",
			 (unsigned long long)cap);
}

static int harvest(struct log *log)
{
	struct live_run *live = log->pages.live;
	int code;

	vcpu_set_take_rings(&live->set, 0, live->set.count);
	code = dirty_rings_reset(live->vm.fd);
	memcpy(log->got, log->ringed.bitmap, log->words * sizeof(uint64_t));
	memset(log->ringed.bitmap, 0, log->words * sizeof(uint64_t));
	return code ? err_errno(&live->run->err, -code, "KVM_RESET_DIRTY_RINGS") : 0;
}

static int get(struct log *log)
{
	struct live_run *live = log->pages.live;
	struct kvm_dirty_log get = { .slot = log->pages.slot->id, .dirty_bitmap = log->got };

	if (log->ring)
		return harvest(log);
	memset(log->got, 0, log->words * sizeof(uint64_t));
	return kvm_ioctl(live->vm.fd, KVM_GET_DIRTY_LOG, &get, &live->run->err,
			 "KVM_GET_DIRTY_LOG(memslot.%s)", log->pages.name);
}

/* Clears what `these` names of the slot's first pages. */
static int clear(struct log *log, uint64_t pages, uint64_t *these)
{
	struct live_run *live = log->pages.live;
	struct kvm_clear_dirty_log clear = {
		.slot = log->pages.slot->id, .num_pages = (uint32_t)pages, .dirty_bitmap = these,
	};

	return pages ? kvm_ioctl(live->vm.fd, KVM_CLEAR_DIRTY_LOG, &clear, &live->run->err,
				 "KVM_CLEAR_DIRTY_LOG(memslot.%s)", log->pages.name) : 0;
}

static int clear_part(struct log *log)
{
	for (uint64_t i = 0; i < log->words; i++)
		log->cleared[i] = i < log->part / WORD ? UINT64_MAX : 0;
	return clear(log, log->part, log->got);
}

/* A VMM does not name pages that were written after it got the log: these must stay there. */
static int clear_every_other(struct log *log)
{
	bool named = false;

	for (uint64_t i = 0; i < log->words; i++) {
		log->cleared[i] = 0;
		for (uint64_t left = log->got[i]; left; left &= left - 1) {
			named = !named;
			log->cleared[i] |= named ? left & -left : 0;
		}
	}
	return clear(log, log->slot_pages, log->cleared);
}

/* Which pages has the guest changed? To read them all takes long. */
static int look(struct log *log)
{
	struct live_run *live = log->pages.live;
	const struct signals *signals = live->set.signals;
	int code = page_sums_look(&log->sums, signals, clock_ns() + phase_timeout(live, log->pages.phase->cfg),
				  log->changed);

	if (code == -EINTR)
		return signals_next(signals);
	return code ? err_set(&live->run->err, EBUSY, "memslot.%s: reading its pages takes longer than the timeout",
			      log->pages.name) : 0;
}

/* The guest goes on for a moment. Which pages of the slot does that change? */
static int go_on(struct log *log)
{
	struct live_run *live = log->pages.live;
	struct phase_result *phase = log->pages.phase;
	uint64_t ns = phase_guest_time(phase->cfg, phase_timeout(live, phase->cfg));
	int result;

	phase_guest_begin(live, log->pages.index);
	result = phase_guest_end(live, phase, vcpu_set_run_first(&live->set, clock_ns() + ns, false));
	return result ? result : look(log);
}

static int guest_writes(struct log *log)
{
	return log->goes_on ? go_on(log) : phase_pages_pass(&log->pages);
}

static int write_by(struct log *log, uint64_t alias)
{
	struct abi_report *report = phase_pages_report(&log->pages, 0);
	int result;

	phase_pages_mark(&log->pages);
	report->alias = alias;
	result = phase_pages_pass(&log->pages);
	report->alias = 0;
	return result;
}

/* What a guest that writes where it likes has written with the value that was there may be in the log as well. */
static void fill_changed(struct log *log, enum wanted wanted)
{
	for (uint64_t i = 0; i < log->words && (wanted == WRITTEN || wanted == REST); i++) {
		log->want[i] = log->changed[i];
		log->may[i] = UINT64_MAX;
	}
}

static void fill_want(struct log *log, enum wanted wanted)
{
	memset(log->want, 0, log->words * sizeof(uint64_t));
	for (uint64_t page = 0; wanted == WHOLE_SLOT && page < log->slot_pages; page++)
		set_bit(log->want, page);
	for (uint64_t i = 0; i < log->pages.count && (wanted == WRITTEN || wanted == REST); i++)
		set_bit(log->want, i * log->pages.stride / ABI_PAGE_SIZE);
	memcpy(log->may, log->want, log->words * sizeof(uint64_t));
	if (log->goes_on)
		fill_changed(log, wanted);
	for (uint64_t i = 0; i < log->words && wanted == REST; i++) {
		log->want[i] &= ~log->cleared[i];
		log->may[i] &= ~log->cleared[i];
	}
}

/* selftest.break = log-misses */
static void lose_page(struct log *log)
{
	uint64_t i = 0;

	while (i < log->words && !log->want[i])
		i++;
	if (i < log->words)
		log->got[i] &= ~(log->want[i] & -log->want[i]);
}

static uint64_t count_pages(const struct log *log, const uint64_t *these)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < log->words; i++)
		count += (uint64_t)__builtin_popcountll(these[i]);
	return count;
}

/* How many pages are in `these` but not in `those`, and the gpa of the first. */
static uint64_t count_missing(const struct log *log, const uint64_t *these, const uint64_t *those,
			      uint64_t *gpa)
{
	uint64_t missing = 0;

	for (uint64_t i = 0; i < log->words; i++) {
		uint64_t only = these[i] & ~those[i];

		if (only && !missing)
			*gpa = log->pages.slot->base +
			       (i * WORD + (uint64_t)__builtin_ctzll(only)) * ABI_PAGE_SIZE;
		missing += (uint64_t)__builtin_popcountll(only);
	}
	return missing;
}

static void compare(struct log *log, const struct step *step)
{
	struct phase_result *phase = log->pages.phase;
	const char *source = log->ring ? "the dirty rings" : "KVM_GET_DIRTY_LOG";
	unsigned long long missing, others, wanted;
	uint64_t gpa = 0;

	fill_want(log, step->wanted);
	if (log->pages.live->run->config->selftest.break_what == BREAK_LOG_MISSES)
		lose_page(log);
	wanted = count_pages(log, log->want);
	phase->found.pages += log->goes_on ? wanted : log->pages.count;
	missing = count_missing(log, log->want, log->got, &gpa);
	if (missing)
		phase_found_wrong(phase, "%s: memslot.%s: %llu pages are missing in what %s gave, of "
				  "%llu that %s wrote; first: gpa %#llx", step->when, log->pages.name,
				  missing, source, wanted, log->goes_on ? "the guest" :
				  phase_pages_writer(&log->pages), (unsigned long long)gpa);
	others = count_missing(log, log->got, log->may, &gpa);
	if (others)
		phase_found_wrong(phase, "%s: memslot.%s: %s gave %llu pages that nobody wrote; first: "
				  "gpa %#llx", step->when, log->pages.name, source, others,
				  (unsigned long long)gpa);
}

/* One of 1G counts more than the 512 of 2M that may stand in its place. */
static int64_t huge_in(const struct rmaps_stat *stat)
{
	return (int64_t)(stat->mapped[1] + 513 * stat->mapped[2]);
}

/*
 * KVM takes away its mappings of the slot when the VMM's mapping changes, which costs no data (mprotect() of Linux,
 * mmu_notifier_invalidate_range_start()). False: it can't be changed.
 */
static bool unmap(const struct log *log)
{
	size_t size = log->pages.slot->size;

	return !mprotect(log->pages.memory, size, PROT_READ) && !mprotect(log->pages.memory, size, PROT_READ | PROT_WRITE);
}

/* How many huge pages map what the guest has just written: so many KVM's rmaps lose with all mappings. -1: not known. */
static int64_t count_huge(struct log *log)
{
	struct rmaps_stat before, after;

	if (!phase_pages_rmaps(&log->pages, &before) || !unmap(log))
		return -1;
	return phase_pages_rmaps(&log->pages, &after) ? huge_in(&before) - huge_in(&after) : -1;
}

/* What L2 has of this memory from before, by another memslot that shows it, is not of this phase. */
static int count_huge_first(struct log *log)
{
	int code;

	if (!phase_pages_have_rmaps(&log->pages) || !unmap(log))
		return 0;
	code = phase_pages_pass(&log->pages);
	if (!code)
		log->pages.phase->found.huge_before = count_huge(log);
	return code;
}

/* Logs the pages once more, so that KVM maps them by 4K: counting has taken those mappings away. */
static int log_again(struct log *log)
{
	int code = set_logging(log, true);

	if (!code && log->pages.phase->cfg->protect != PROTECT_BY_GET) {
		code = get(log);
		if (!code)
			code = clear(log, log->slot_pages, log->got);
	}
	if (!code)
		code = phase_pages_pass(&log->pages);
	return code ? code : set_logging(log, false);
}

/*
 * A walk that KVM skips leaves 4K mappings each time. Where the host has split a huge page of this memory, KVM can't map it as one.
 */
static int count_huge_again(struct log *log)
{
	struct found *found = &log->pages.phase->found;
	bool again = found->huge_before > 0;
	int code = 0;

	while (!code && again) {
		code = phase_pages_pass(&log->pages);
		if (!code)
			found->huge_after = count_huge(log);
		if (log->pages.live->run->config->selftest.break_what == BREAK_STAYS_SMALL)
			found->huge_after = 0;
		again = !code && phase_pages_count_again(&log->pages, found->huge_after < found->huge_before, &found->huge_after, 1);
		if (again)
			code = log_again(log);
	}
	found->huge_known = !code && found->huge_before > 0 && found->huge_after >= 0 &&
			    (found->huge_after >= found->huge_before ||
			     huge_memory_is_whole("", (uintptr_t)log->pages.memory, log->pages.slot->size));
	return code;
}

static int do_step(struct log *log, const struct step *step)
{
	int code;

	switch (step->action) {
	case GUEST_WRITES:
		return guest_writes(log);
	case UNMAP:
		/* A guest of the user's may be paused within L2, of which KVM holds pages: a kernel may then copy them (before 5.19). */
		return log->goes_on || unmap(log) ? 0 : err_errno(&log->pages.live->run->err, errno, "mprotect(memslot.%s)",
						  log->pages.name);
	case WRITES_BY:
		return write_by(log, step->alias);
	case GET:
		code = get(log);
		if (!code)
			compare(log, step);
		return code;
	case CLEAR_ALL:
		return clear(log, log->slot_pages, log->got);
	case CLEAR_PART:
		return clear_part(log);
	case CLEAR_EVERY_OTHER:
		return clear_every_other(log);
	case COUNT_HUGE:
		return count_huge_first(log);
	case COUNT_HUGE_AGAIN:
		return count_huge_again(log);
	default:
		return set_logging(log, step->action == LOG_ON);
	}
}

/* A slot that the config has logged always is not logged at first, so that it can be turned on. */
static int do_steps(struct log *log, const struct step *steps)
{
	const struct slot *slot = log->pages.slot;
	int code = set_logging(log, false);

	for (; !code && steps->action != END; steps++)
		code = do_step(log, steps);
	if (!code && slot->kvm_flags & KVM_MEM_LOG_DIRTY_PAGES)
		code = set_logging(log, true);
	return code;
}

int phase_dirty_log(struct live_run *live, uint32_t index, struct phase_result *phase)
{
	struct log log = { .ring = live->run->config->vm.dirty_ring, .goes_on = phase->cfg->goes_on };
	int code, off;

	phase_pages_init(&log.pages, live, index, phase);
	if (!log_make(&log)) {
		log_free(&log);
		return err_set(&live->run->err, ENOMEM, "no memory for the dirty log");
	}
	note_rings(&log, &log.ringed);
	code = set_protect(&log, protects[phase->cfg->protect].cap);
	if (!code)
		code = do_steps(&log, phase->cfg->aliases ? by_alias : protects[phase->cfg->protect].steps);
	/* The guest ended, or found a page wrong: the slot is as it was before, so that its arrays are those predicted. */
	if (code == -EPROTO || code == -EIO)
		vm_slot_set(&live->vm, log.pages.slot, log.pages.slot->base, log.pages.slot->kvm_flags);
	off = set_protect(&log, 0);
	note_rings(&log, NULL);
	log_free(&log);
	return code ? code : off;
}
