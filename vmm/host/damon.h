/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a process's memory is accessed, as the kernel's DAMON sees it (CONFIG_DAMON_VADDR, CONFIG_DAMON_SYSFS; "fvaddr"
 * since 6.0). At each sample DAMON clears the accessed bit of one page of each region, and KVM those of its mappings of that
 * page (mmu_notifier_clear_young(), mm/damon/vaddr.c); one sample later it looks whether one is set again.
 *
 * A kernel has one set of kdamonds for all who use its files: this takes them only if there are none, and gives them back.
 */
#ifndef DAMON_H
#define DAMON_H

#include <stdbool.h>
#include <stdint.h>

#include "host/snapshot.h"

struct damon {
	const char *root;	/* prefix of all paths, "" but in tests */
	int lock;		/* nr_kdamonds, against other minivmms; -1: nothing was taken */
	bool on;
};

/* Bytes of regions, added up over all aggregations of a watch. */
struct damon_seen {
	uint64_t accessed, idle;
};

#define DAMON_SAMPLES 4		/* in an aggregation: a region counts as accessed if one of them saw an access */

/*
 * Takes DAMON, also what a minivmm that was killed has left of it. 0, or -errno and why it can't be had; damon_close() may
 * follow either way.
 */
int damon_open(struct damon *damon, const char *root, char why[SOURCE_WHY]);
/*
 * From now on DAMON watches `size` bytes of this process's memory. 0, or -errno and why. After a few aggregations of
 * DAMON_SAMPLES samples damon_end() says what it saw, and has it stop: it waits for the end of an aggregation, deaf to
 * signals. damon_close() does not, and has a watch stop as well.
 */
int damon_begin(struct damon *damon, const void *memory, uint64_t size, uint64_t sample_ns, char why[SOURCE_WHY]);
int damon_end(struct damon *damon, struct damon_seen *seen, char why[SOURCE_WHY]);
void damon_close(struct damon *damon);

extern const char damon_remedy[];

#endif
