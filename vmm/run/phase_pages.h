/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages that the guest writes in a phase that owns its slot (do = dirty-log, discard, alias-counts, age): what each
 * must hold is known, and the VMM reads it through its own mapping. Only for such phases' files.
 */
#ifndef PHASE_PAGES_H
#define PHASE_PAGES_H

#include "run/live_run.h"

struct phase_pages {
	struct live_run *live;
	struct phase_result *phase;
	uint32_t index;			/* of the phase in the config */
	const struct slot *slot;
	uint64_t count, stride;
	uint8_t *memory;		/* of the slot */
	char name[CONFIG_NAME_MAX + 16]; /* the slot's */
	bool begun;			/* the guest has written them once */
	unsigned int counts, alike;	/* of rmaps: all, and the last wrong ones that the host has no part in and that said the same */
	int64_t counted[RMAPS_COLUMNS];	/* what they said */
	const char *when;		/* what was done to them before, for what is found wrong */
};

void phase_pages_init(struct phase_pages *pages, struct live_run *live, uint32_t index,
		      struct phase_result *phase);
/* Bytes from the slot's base to the end of the last page. */
uint64_t phase_pages_span(const struct phase_pages *pages);
uint64_t phase_page_gpa(const struct phase_pages *pages, uint64_t i);
/*
 * How many pages beside those that the guest writes KVM may map as well: when L2 misses a page, it looks at the 8 entries
 * of its own table around that page's, and maps what the host has there (FNAME(pte_prefetch)(), PTE_PREFETCH_NUM, 6.12).
 */
uint64_t phase_pages_beside(const struct phase_pages *pages);
/* The report of a vCPU, in the guest's memory: some of its fields are for the VMM to write. */
struct abi_report *phase_pages_report(const struct phase_pages *pages, unsigned int vcpu);
/* "L1" or "L2": who writes. */
const char *phase_pages_writer(const struct phase_pages *pages);
/* Writes into each page what the guest must find there first: see read-first in minivmm_abi.h. */
void phase_pages_mark(const struct phase_pages *pages);
/* Has the guest write all pages once. Returns what vcpu_set_run() returns. */
int phase_pages_pass(struct phase_pages *pages);
/* Compares what the VMM sees with what the guest wrote last, or where the VMM marked them, with that. */
void phase_pages_compare(struct phase_pages *pages, const char *when);
void phase_pages_compare_marks(struct phase_pages *pages, const char *when);
/* The same where vCPU 0 alone wrote all pages. */
void phase_pages_compare_first(struct phase_pages *pages, const char *when);
/* Are the pages L2's, under nested paging? L1's own mappings have no rmaps where the TDP MMU maps them. */
bool phase_pages_have_rmaps(const struct phase_pages *pages);
/* False, and why is noted: no source shows KVM's rmaps. */
bool phase_pages_rmaps(const struct phase_pages *pages, struct rmaps_stat *stat);
/*
 * Must rmaps be counted again, which were counted wrong or right? The host itself may have taken pages away since they were written:
 * compaction, KSM, swapping. What the rmaps lose is then not what was mapped, and the count says nothing. Three wrong ones without
 * the host's doing that say the same are enough: a walk that KVM skips is wrong in the same way each time. Where they differ, who
 * knows what another process does to this one's memory: one of ten counts will be right, unless KVM is wrong.
 * Where the host had a part in too many of them, found.moved says what it did.
 * counted: what was counted, RMAPS_COLUMNS numbers at most.
 */
bool phase_pages_count_again(struct phase_pages *pages, bool wrong, const int64_t *counted, unsigned int numbers);
/* Has the host take back the slot's memory, the first `size` bytes. 0, or -errno with run->err. */
int phase_pages_take_back(const struct phase_pages *pages, uint64_t size);
/* Notes that the phase found something wrong; only the first is kept. */
void phase_found_wrong(struct phase_result *phase, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What do = dirty-log, discard, alias-counts and age do; as phase_pages_pass(), or -errno with run->err. */
int phase_dirty_log(struct live_run *live, uint32_t index, struct phase_result *phase);
int phase_discard(struct live_run *live, uint32_t index, struct phase_result *phase);
int phase_alias_counts(struct live_run *live, uint32_t index, struct phase_result *phase);
int phase_age(struct live_run *live, uint32_t index, struct phase_result *phase);

#endif
