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
	const volatile uint64_t *at[LOG_SAMPLE_MAX];	/* where each page begins */
	uint64_t was[LOG_SAMPLE_MAX];
	bool changed[LOG_SAMPLE_MAX];
	uint64_t stride;		/* pages of the slot from one to the next */
	unsigned int count;
};

/* The first look: at the slot's first page, and at further ones `stride` pages apart. */
void log_sample_begin(struct log_sample *sample, const uint8_t *memory, unsigned int count,
		      uint64_t stride);
/*
 * Notes which pages hold something else now; how many. A page that holds 0 may be one that the host has
 * taken back: it does not count.
 */
unsigned int log_sample_changed(struct log_sample *sample);
/* How many of those are not in the log (KVM_GET_DIRTY_LOG), and the first such page of the slot. */
unsigned int log_sample_missing(const struct log_sample *sample, const uint8_t *log, uint64_t *page);

#endif
