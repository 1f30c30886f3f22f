/* SPDX-License-Identifier: GPL-2.0-only */
/* What the own cgroup is charged with once the VM is gone, and was not before the VM was made. Pure. */
#ifndef CHARGES_LEFT_H
#define CHARGES_LEFT_H

#include "run/result.h"

struct charges_left {		/* bytes */
	int64_t tables;		/* counted as KVM's page tables */
	int64_t vmalloc;
	int64_t slab;		/* objects, but those of files */
	int64_t rest;		/* of the kernel's memory, without vmalloc, and what comes and goes with threads, files and swapping */
	int64_t late;		/* the kernel may not have added up so much; 0: it has added up all */
	int64_t most;		/* so much need not be a leak: not added up yet, or this process's own */
};

/* What the kernel may not have added up of one of the two, and so of their difference: at most; and 0 where both are settled. */
int64_t charges_lag(const struct cgroup_memory *was, const struct cgroup_memory *is);
int64_t charges_late(const struct cgroup_memory *was, const struct cgroup_memory *is);
/* Both snapshots have the source cgroup. Items that the kernel does not have are 0. */
struct charges_left charges_left(const struct run *run, const struct snapshot *after);
/* KVM has given back all but what need not be a leak, vmalloc left out. */
bool charges_given_back(const struct charges_left *left);

#endif
