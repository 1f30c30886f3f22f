/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the host itself take pages away, or put them elsewhere: /proc/vmstat? Where it does, KVM loses mappings that nobody asked it
 * to lose (the MMU notifiers).
 */
#ifndef MEMORY_MOVES_H
#define MEMORY_MOVES_H

#include <stdint.h>

#define MEMORY_MOVES 8

/* What the kernel has counted since it started; 0 as well where it counts no such thing, or can't be asked. */
struct memory_moves {
	uint64_t counts[MEMORY_MOVES];
};

/* root: "" or a fixture folder. */
void memory_moves_read(const char *root, struct memory_moves *moves);
/* The first that went on between the two, as "pages were swapped out (pswpout)". NULL: none did. */
const char *memory_moves_between(const struct memory_moves *before, const struct memory_moves *after);

#endif
