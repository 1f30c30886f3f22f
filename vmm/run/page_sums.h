/* SPDX-License-Identifier: GPL-2.0-only */
/* Which pages of a memslot have changed since the last look, of a guest of which nobody knows where it writes. */
#ifndef PAGE_SUMS_H
#define PAGE_SUMS_H

#include <stdint.h>

#include "vm/signals.h"

#define PAGE_WORDS 512u

/* A sum over a page's first words, 0 if they are all 0. Words that differ in one have another sum. */
uint64_t page_sum(const volatile void *page, unsigned int words);

struct page_sums {
	const uint8_t *memory;
	uint64_t pages;
	uint64_t *sums;
	int pagemap;		/* -1: every page is read */
	int fd;			/* of a file whose holes are not read, or -1 */
	uint64_t offset;	/* of the memory in it */
};

/*
 * A page that does not exist is one of zeros, and is not read: that would take long, and a file would get the page. fd: the
 * memfd that the memory is, from offset on; -1: a page exists if the process has it, as of anonymous memory and hugetlbfs.
 * 0 or -ENOMEM. No look was taken yet. The fd stays the caller's.
 */
int page_sums_open(struct page_sums *sums, const uint8_t *memory, uint64_t pages, int fd, uint64_t offset);
void page_sums_close(struct page_sums *sums);
/*
 * Sets the bit of each page that has changed since the last look, and clears the others'. Nobody writes meanwhile.
 * 0; -EINTR: a signal came, which is not taken; -ETIMEDOUT: it is past the deadline (clock_ns()).
 */
int page_sums_look(struct page_sums *sums, const struct signals *signals, uint64_t deadline_ns, uint64_t *changed);

#endif
