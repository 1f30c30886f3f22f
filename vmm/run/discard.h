/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What do = discard takes back, and how. Only for its files: phase_discard.c takes memory back while all
 * vCPUs are stopped, discard_live.c while they write.
 */
#ifndef DISCARD_H
#define DISCARD_H

#include "run/live_pages.h"
#include "vm/backing.h"

struct discard {
	struct phase_pages pages;
	const struct memslot_cfg *cfg;	/* of the memslot that has the memory */
	const struct backing *backing;
	uint64_t span;			/* bytes of its memory that are taken back */
	/* With live = yes: */
	struct live_pages live;
	uint64_t *was;			/* what each page held when it could not be written any more */
};

/* All return 0; -ENOTSUP: this host can't; as vcpu_set_wait(), or another -errno with run->err. */
typedef int discard_way(struct discard *discard);

/* Notes in run->err what failed, with the slot's name. Returns -code. */
int discard_failed(struct discard *discard, int code, const char *what);
/* MADV_DONTNEED, of files MADV_REMOVE. */
int discard_advise(struct discard *discard);
int discard_map_again(struct discard *discard);	/* mmap() */
int discard_collapse(struct discard *discard);	/* into huge pages */
int discard_split(struct discard *discard);	/* of a huge page */
int discard_page_out(struct discard *discard);	/* swaps it out, as far as it goes */
int discard_put_slot(struct discard *discard, uint64_t base);
int discard_delete_slot(struct discard *discard);
int discard_move_slot(struct discard *discard);	/* above all others */

/*
 * Has the vCPUs begin to write, and end that; the end is needed after each begin. 0, or as vcpu_set_wait();
 * -ENOMEM with run->err. result: how it went between.
 */
int discard_live_begin(struct discard *discard);
int discard_live_end(struct discard *discard, int result);
/* Does one way between the two, with what the vCPUs have to tolerate in it, and in no other. */
int discard_live_take(struct discard *discard, enum discard_how how, discard_way *take);
discard_way live_madvise, live_mmap, live_mprotect, live_thp, live_slot_delete, live_slot_move, live_reclaim;

#endif
