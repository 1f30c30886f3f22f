/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What limits the memory of the VMs on this host: the host's own, and every limited cgroup, each once
 * however many VMs are below it.
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
	struct figure limit;		/* bytes; not known of MemAvailable, which is only what is left */
	uint64_t room;			/* bytes that may still be charged */
	uint64_t swap;			/* bytes that may still be swapped out to make more room */
};

/* A cgroup that was read. */
struct memory_group {
	char folder[SOURCE_PATH];
	bool known;			/* its limit could be read */
	size_t limit;			/* index into the list of limits; LIMIT_NONE: it has none */
};
#define LIMIT_NONE SIZE_MAX

struct memory_limits {
	struct memory_limit *list;
	size_t count, room;
	struct memory_group *groups;	/* VMs share most of them, and each is read once */
	size_t group_count, group_room;
	bool lost;			/* there was no memory for one of them */
	bool mounts_known;
	struct cgroup_mounts mounts;	/* read once for all */
	struct figure available, swap;	/* MemAvailable and SwapFree of the host */
};

/* A VM's, as indices into the list: the host's, then from its own cgroup up. */
#define LIMITS_OF_VM 24
struct vm_limits {
	bool known;			/* all that may limit it could be read */
	char why[SOURCE_WHY];		/* why not, or "": a file of a limit can't be read */
	char cgroup[SOURCE_PATH];	/* its process's, as /proc/PID/cgroup has it; "": not known */
	size_t count;
	size_t index[LIMITS_OF_VM];
};

/* root: "" or a fixture folder. Begins the list with the host's memory. */
void memory_limits_open(const char *root, struct memory_limits *limits);
/* Finds the hard limits of a process, and adds those that are not in the list yet. */
void memory_limits_of(const char *root, pid_t pid, struct memory_limits *limits,
		      struct vm_limits *own);
void memory_limits_free(struct memory_limits *limits);

#endif
