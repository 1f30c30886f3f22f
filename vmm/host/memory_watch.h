/* SPDX-License-Identifier: GPL-2.0-only */
/* Does somebody else take pages away from this process, or put them elsewhere: the host itself, or another process? */
#ifndef MEMORY_WATCH_H
#define MEMORY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "host/memory_moves.h"

struct memory_watch {
	struct memory_moves moves;	/* when the watch began */
	uint8_t *page;			/* nobody else writes it; NULL: there is none */
	bool is_dirty;			/* its soft-dirty bit was set when the watch began */
};

/* A watch that begins for the first time is { 0 }. */
void memory_watch_begin(struct memory_watch *watch);
/*
 * What was done since then, as memory_moves_between() says it; NULL: nothing that is known. Begins the watch again.
 * No figure tells that another process cleared soft-dirty bits (/proc/PID/clear_refs): the kernel write-protects all pages
 * for it, and KVM loses its mappings (clear_refs_write(), fs/proc/task_mmu.c). But a page that was written has that bit.
 */
const char *memory_watch_moved(struct memory_watch *watch);
void memory_watch_end(struct memory_watch *watch);

#endif
