/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another thread that writes down which phase begins, before the phase does anything: what it wrote tells what ran when
 * the kernel crashed, however soon that was.
 */
#ifndef PHASE_WATCH_H
#define PHASE_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct phase_watch {
	pthread_mutex_t lock;
	pthread_cond_t wake;		/* for the watcher: something has happened */
	pthread_cond_t written;		/* for the run: more phases are written down */
	size_t count;			/* how many are */
	bool late;			/* the watcher was stuck once: no phase waits for it again */
};

void phase_watch_init(struct phase_watch *watch);
void phase_watch_destroy(struct phase_watch *watch);
/* Waits until so many phases are written down, but not for long. */
void phase_watch_wait(struct phase_watch *watch, size_t count);

#endif
