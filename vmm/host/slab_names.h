/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names that KVM's slab caches may have in /proc/slabinfo. SLUB merges caches of a size
 * (mm/slab_common.c, find_mergeable) and lists them under one of their names; links in
 * /sys/kernel/slab then lead all of them to the same folder.
 */
#ifndef SLAB_NAMES_H
#define SLAB_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "host/snapshot.h"

struct slab_names {
	struct {
		char **list;	/* the cache's own name is the first */
		size_t count;	/* more than one: it is merged */
	} caches[SLAB_CACHES];
};

/*
 * Reads every link: once for a run, as nothing is merged while kvm.ko is loaded. 0 or -errno, then there is
 * nothing to free.
 */
int slab_names_read(struct slab_names **names, const char *root);
void slab_names_free(struct slab_names *names);

/* The cache that a line of /proc/slabinfo is about, or SLAB_CACHES: another one. */
enum slab_cache slab_names_find(const struct slab_names *names, const char *name, size_t length);

#endif
