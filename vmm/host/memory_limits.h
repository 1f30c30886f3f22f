/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What limits the memory of the VMs on this host: the host's own memory, and every cgroup that has a limit. Each
 * is in the list once, however many VMs are below it.
 */
#ifndef MEMORY_LIMITS_H
#define MEMORY_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/cgroup.h"
#include "host/snapshot.h"

struct memory_limit {
	char where[SOURCE_PATH + 32];	/* "memory.max of /sys/fs/cgroup/NAME", or "MemAvailable" */
	struct figure limit;		/* bytes; MemAvailable has none, as it only says what is left */
	uint64_t room;			/* how many bytes may still be charged */
	uint64_t swap;			/* how many bytes may still be swapped out to make more room */
};

/* A cgroup that has been read. VMs share most of theirs. */
struct memory_group {
	char folder[SOURCE_PATH];
	bool known;			/* whether its limit could be read */
	size_t limit;			/* its index in the list of limits, or LIMIT_NONE */
};
#define LIMIT_NONE SIZE_MAX

struct memory_limits {
	struct memory_limit *list;
	size_t count, room;
	struct memory_group *groups;	/* each is read once */
	size_t group_count, group_room;
	bool lost;			/* whether memory was lacking for one of the limits or groups */
	bool mounts_known;
	struct cgroup_mounts mounts;	/* they are read once */
	struct figure available, swap;	/* the host's MemAvailable and SwapFree */
};

/* The limits of one VM, as indices into the list: first the host's, then those of its cgroups, from its own up. */
#define LIMITS_OF_VM 24
struct vm_limits {
	bool known;			/* whether all that may limit it could be read */
	char why[SOURCE_WHY];		/* which file of a limit could not be read, and why; or "" */
	char cgroup[SOURCE_PATH];	/* its process's cgroup, as /proc/PID/cgroup has it, or "" */
	size_t count;
	size_t index[LIMITS_OF_VM];
};

/* root is "", or the folder of a fixture. The list begins with the host's memory. */
void memory_limits_open(const char *root, struct memory_limits *limits);
/* Finds the hard limits of a process, and adds those that are not in the list yet. */
void memory_limits_of(const char *root, pid_t pid, struct memory_limits *limits,
		      struct vm_limits *own);
void memory_limits_free(struct memory_limits *limits);

#endif
