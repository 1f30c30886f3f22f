/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a phase while all vCPUs write them again and again, without leaving L2. Each vCPU counts its sweeps over its
 * pages in a page of its own (minivmm_abi.h): the witness that it goes on. Only for the files of such phases.
 */
#ifndef LIVE_PAGES_H
#define LIVE_PAGES_H

#include "run/phase_pages.h"

struct live_pages {
	struct phase_pages *pages;
	uint64_t deadline;		/* of the phase, clock_ns() */
	struct witness *since;		/* what each vCPU had counted at live_pages_note() */
};

/* What live_pages_wait() waits for, of each vCPU since live_pages_note(). */
enum live_wait {
	LIVE_SWEPT,			/* a sweep that began after it has ended */
	LIVE_TRIED,			/* the same, or a write of its was refused */
};

/*
 * The vCPUs begin to write; live_pages_end() must follow, also after a failure. 0, or -ENOMEM with run->err. live_pages_end()
 * has them come to their end. result: how it went between. It returns that or, if it is 0, as vcpu_set_wait().
 */
int live_pages_begin(struct live_pages *live, struct phase_pages *pages);
int live_pages_end(struct live_pages *live, int result);

/* Notes what each vCPU has counted up to now. */
void live_pages_note(struct live_pages *live);
/* 0: all vCPUs have; otherwise as vcpu_set_wait(), also -EIO if one came to an end before it was told to. */
int live_pages_wait(struct live_pages *live, enum live_wait wait);
/* The vCPUs go on for so long. As live_pages_wait(). */
int live_pages_pass_time(struct live_pages *live, uint64_t ns);
/* How many sweeps the slowest vCPU has made since live_pages_note(). */
uint64_t live_pages_sweeps(const struct live_pages *live);
/* What page i holds now. */
uint64_t live_page_read(const struct live_pages *live, uint64_t i);
/* After LIVE_SWEPT: each page must hold what a sweep since live_pages_note() wrote. */
void live_pages_compare(struct live_pages *live, const char *when);

#endif
