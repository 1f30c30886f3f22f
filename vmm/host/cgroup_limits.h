/* SPDX-License-Identifier: GPL-2.0-only */
/* What a process's cgroups allow it: limits of memory, what is used of them, and what the OOM killer did there. */
#ifndef CGROUP_LIMITS_H
#define CGROUP_LIMITS_H

#include "host/cgroup.h"

/* One limit on the memory of a cgroup. */
struct cgroup_limit {
	const char *file, *folder;	/* "memory.max", and the cgroup */
	bool hard;		/* the OOM killer enforces it; else it only throttles */
	uint64_t limit, used;	/* bytes */
	uint64_t spare;		/* of what is used, what the kernel can reclaim without swap */
	uint64_t room;		/* what may still be charged, if the kernel reclaims that */
	uint64_t swap;		/* what may still be swapped out here; UINT64_MAX: all that the host has */
};
typedef void cgroup_visit(const struct cgroup_limit *limit, void *data);

/*
 * Visits the limits of one cgroup: memory.max and memory.high of version 2, memory.limit_in_bytes of
 * version 1. Of what is charged, the page cache that is clean and slab that can be reclaimed do not
 * count (mm/memcontrol.c, try_charge_memcg() reclaims before it fails). 0 or -errno: not all of it
 * could be read.
 */
int cgroup_limits(const char *root, const struct cgroup_place *place, cgroup_visit *visit, void *data);

/*
 * Visits the limits of each memory cgroup of a process (cgroup_each_place()). False: not all that may limit the process could be read. unseen: "", or which
 * limits are not seen from here, so that nobody can tell whether there are any.
 */
bool cgroup_each_limit(const char *root, pid_t pid, cgroup_visit *visit, void *data, char unseen[SOURCE_WHY]);

/* The tightest limit up this process's cgroups, as far as they are seen. */
struct memory_room {
	bool known;		/* its cgroups are seen, and all that may limit it there could be read */
	char unseen[SOURCE_WHY]; /* which limits are not seen from here, in words; "": none */
	bool limited;		/* else no cgroup that is seen limits this process's memory */
	uint64_t limit;		/* bytes */
	uint64_t room;		/* bytes that may still be charged, if the kernel reclaims what it can */
	char where[SOURCE_PATH + 32]; /* "memory.max of /sys/fs/cgroup/NAME" */
};

void cgroup_memory_room(const char *root, struct memory_room *room);

/* A file of one number, in which "max" is UINT64_MAX. 0 or -errno; -ENOENT: there is no such file. */
int cgroup_number(const char *root, const char *folder, const char *name, uint64_t *number);
/*
 * Adds up some items, a list that ends with NULL, of a file like "name 123\nother 4\n": 0 if it has
 * none. 0 or -errno.
 */
int cgroup_items(const char *root, const char *folder, const char *name, const char *const *items,
		 uint64_t *sum);

/* How many processes of this process's cgroups the OOM killer has killed; unknown before 4.13. */
struct figure cgroup_oom_kills(const char *root);

#endif
