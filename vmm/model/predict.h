/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the first nested guest of a VM that runs will take: the arrays that are missing, whichever the
 * kernel has left out. And whether it fits: a limit that has less room than that at least kills, but
 * one that has more may kill all the same, once the guest's memory fills up. Pure.
 */
#ifndef PREDICT_H
#define PREDICT_H

#include "host/host_vms.h"
#include "model/model.h"

struct vm_need {
	struct footprint missing;	/* what a cgroup is charged for arrays that are not there */
	uint64_t array_bytes;		/* their sum */
	uint64_t least_bytes;		/* and slab: the first nested guest takes no less */
	uint64_t first_entry_bytes;	/* and what each vCPU adds when it first runs a nested guest */
	uint64_t shadow_bytes;		/* shadow pages of a nested guest that maps as much as the VM has */
	uint64_t absent_bytes;		/* the guest's memory that is not charged yet */
};

/* A verdict's name is of the interface. */
enum room_verdict {
	ROOM_WOULD_BE_KILLED,		/* in the order of what hurts */
	ROOM_TIGHT,			/* room for the arrays, not for all that may come */
	ROOM_UNKNOWN,
	ROOM_ENOUGH,
	ROOM_PAID,			/* nothing is missing */
};

struct vm_prediction {
	bool known;			/* else the VM's memslots are not, and no need either */
	struct vm_need need;
	enum room_verdict verdict;
	const struct memory_limit *limit; /* the tightest of its hard limits; NULL: none is known to be */
	char why[SOURCE_WHY];		/* why the verdict is unknown, or "" */
};

/* All VMs under one limit, should all lazy ones run a nested guest. */
struct limit_prediction {
	size_t vms, lazy, unknown;	/* unknown: VMs whose need is unknown */
	bool needs_known, known;	/* every VM's under it; and how much of their memory is there */
	uint64_t array_bytes, least_bytes, full_bytes, absent_bytes; /* full: with shadow pages */
	enum room_verdict verdict;
};

struct host_prediction {
	struct vm_prediction *vms;	/* of each of the host's VMs */
	struct limit_prediction *limits; /* of each memory limit */
	uint64_t array_bytes;		/* of all VMs whose need is known */
	size_t unknown;			/* VMs whose need is unknown */
	bool complete;			/* a VM that is not in the list needs nothing, or there is none */
};

/*
 * why: why the memslots could not be read, or "" if they were. Returns 0 or -ENOMEM; free with
 * prediction_free() in either case.
 */
int predict(const struct model *model, const struct host_vms *vms, const struct memory_limits *limits,
	    const char *why, struct host_prediction *prediction);
void prediction_free(struct host_prediction *prediction);

const char *room_verdict_name(enum room_verdict verdict);	/* "would-be-killed" */

#endif
