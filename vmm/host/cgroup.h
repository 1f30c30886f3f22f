/* SPDX-License-Identifier: GPL-2.0-only */
/* The cgroups that a process is in, and where they are seen. What KVM allocates for a VM is charged there. */
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

/* Are there cgroups in this folder? Yes, too, where it can't be read. */
bool cgroup_has_children(const char *folder);

#endif
