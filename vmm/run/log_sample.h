/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of a slot that is logged while the guest writes on: what changed between two looks at its memory,
 * both after the slot began to be logged, must be in the log that is gotten then.
 */
#ifndef LOG_SAMPLE_H
#define LOG_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_SAMPLE_MAX 64u

struct log_sample {
	const uint8_t *memory;			/* of the slot */
	uint64_t page[LOG_SAMPLE_MAX];		/* of the slot: those that are looked at */
	uint64_t was[LOG_SAMPLE_MAX];
	bool changed[LOG_SAMPLE_MAX];
	unsigned int count;
	unsigned int words;			/* of each page that are looked at */
};

/* The first look: at `count` pages, as far as there is room for them: the slot's page `first`, and others `stride` apart. */
void log_sample_begin(struct log_sample *sample, const uint8_t *memory, uint64_t first, uint64_t count,
		      uint64_t stride);
/*
 * The same of a guest that writes where it likes: at the whole of pages that a log has named, as it may well write them
 * again. The slot has so many pages; the search begins at `first`.
 */
void log_sample_begin_logged(struct log_sample *sample, const uint8_t *memory, const uint8_t *log,
			     uint64_t pages, uint64_t first);
/*
 * Notes which pages hold something else now; how many. A page that holds 0 may be one that the host has
 * taken back: it does not count.
 */
unsigned int log_sample_changed(struct log_sample *sample);
/*
 * How many of those are not in the log (KVM_GET_DIRTY_LOG), and the first such page of the slot. The next log is
 * compared with these alone.
 */
unsigned int log_sample_missing(struct log_sample *sample, const uint8_t *log, uint64_t *page);

#endif
