/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cgroups that a process is in, and the memory that they leave it. What KVM allocates for a VM is
 * charged there.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <sys/types.h>

#include "host/snapshot.h"

enum cgroup_version { CGROUP_V1_MEMORY, CGROUP_V2, CGROUP_VERSIONS };

/* A process's cgroups, as /proc/PID/cgroup has them; "": it is in none of that version. */
struct cgroup_paths {
	char of[CGROUP_VERSIONS][SOURCE_PATH];
};

/*
 * pid 0: this process's. root: "" or a fixture folder. 0, or -errno with the reason in why;
 * -ESRCH: there is no such process.
 */
int cgroup_paths_read(const char *root, pid_t pid, struct cgroup_paths *paths,
		      char why[SOURCE_WHY]);
/* The same of one version. -ENOENT: it is in none of that version. */
int cgroup_path(const char *root, pid_t pid, enum cgroup_version version, char path[SOURCE_PATH],
		char why[SOURCE_WHY]);

/* The one of the memory controller: of version 1, if that has a hierarchy of its own, else of version 2. */
int cgroup_memory_path(const char *root, pid_t pid, char path[SOURCE_PATH], char why[SOURCE_WHY]);

/* The same of paths that are read; "": neither. */
const char *cgroup_memory_path_of(const struct cgroup_paths *paths);

/*
 * Where each version is mounted, for all processes: what part of its tree, and where; "": it is not. In a
 * cgroup namespace the part is as seen from its root: "/..", if the mount is of the level above.
 */
struct cgroup_mounts {
	struct cgroup_mount {
		char part[SOURCE_PATH], where[SOURCE_PATH];
		bool whole;	/* all of the tree is mounted there */
	} of[CGROUP_VERSIONS];
	bool may_limit;		/* false: this kernel has no memory controller, so no cgroup limits memory */
	bool namespace_whole;	/* the path / is the top of the tree, also where nothing is mounted */
};

/* 0, or -errno with the reason in why. */
int cgroup_mounts_read(const char *root, struct cgroup_mounts *mounts, char why[SOURCE_WHY]);

/* A cgroup in the file system: folder begins with mount. */
struct cgroup_place {
	enum cgroup_version version;
	char mount[SOURCE_PATH], folder[SOURCE_PATH];
};

/*
 * root: "" or a fixture folder, which the paths do not include. In a cgroup namespace, or where a
 * part of the tree is mounted, the path is the one that is seen here. 0, or -errno with the reason
 * in why; -EXDEV: the other process's cgroup is not seen here.
 */
int cgroup_find(const char *root, pid_t pid, enum cgroup_version version,
		struct cgroup_place *place, char why[SOURCE_WHY]);

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

/* Returns false if not all that may limit this cgroup could be read. */
typedef bool cgroup_place_visit(const struct cgroup_place *place, void *data);
/*
 * Visits each memory cgroup of a process from its own up to the top. False: not all of them are seen
 * from here, with the reason in why, or visit returned false, and why is "".
 */
bool cgroup_each_place(const struct cgroup_mounts *mounts, pid_t pid,
		       const struct cgroup_paths *paths, cgroup_place_visit *visit, void *data,
		       char why[SOURCE_WHY]);
/*
 * True: the top of the tree is mounted, so no limit above it is hidden, or nothing there can limit memory. False: why
 * says what is not seen.
 */
bool cgroup_tops_seen(const struct cgroup_mounts *mounts, const struct cgroup_paths *paths,
		      char why[SOURCE_WHY]);
/*
 * Visits the limits of all of these. False: not all that may limit the process could be read. unseen: "", or which
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
