/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A multiset of kernel arrays: how many vmalloc areas of how many pages each
 * kernel function holds. What /proc/vmallocinfo says and what the model predicts
 * have this one shape, so they can be compared line by line.
 */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>
#include <stdint.h>

struct tally_entry {
	char function[48];	/* the caller, without offset and module */
	uint64_t pages;		/* of one area, without its guard page */
	int64_t count;		/* areas; negative only in differences */
};

struct tally {
	struct tally_entry *entries;	/* sorted by function, pages once tally_sort() ran */
	size_t count, room;
};

int tally_add(struct tally *tally, const char *function, uint64_t pages, int64_t count);
/* Sorts, merges equal keys and drops zero counts. */
void tally_sort(struct tally *tally);
/* after - before, sorted. Returns 0 or -ENOMEM. */
int tally_diff(const struct tally *after, const struct tally *before, struct tally *out);
/* Sum of pages * count * 4096 of one function, NULL: of all. */
int64_t tally_bytes(const struct tally *tally, const char *function);
void tally_free(struct tally *tally);

#endif
