// SPDX-License-Identifier: GPL-2.0-only
#include "run/charges_left.h"

#include "base/cpus.h"
#include "model/kernel.h"

/*
 * What this process may itself take of the kernel's memory from one snapshot to the other, for its files, mappings and threads.
 * All shipped configs took 27 KiB at most, in the lab with 2 CPUs on 6.1, 6.12 and 7.3; other hosts may have larger objects.
 */
#define OWN_MEMORY (128ll << 10)

/* These are parts of `kernel` that are not KVM's; vmalloc is judged by itself. */
static const enum cgroup_item others[] = {
	CGROUP_VMALLOC, CGROUP_SLAB_RECLAIMABLE, CGROUP_PAGETABLES, CGROUP_KERNEL_STACK, CGROUP_ZSWAP,
};

static int64_t grown(const struct run *run, const struct snapshot *after, enum cgroup_item item)
{
	const struct figure *was = &run->before.cgroup.items[item], *is = &after->cgroup.items[item];

	return was->known && is->known ? (int64_t)(is->value - was->value) : 0;
}

int64_t charges_lag(const struct cgroup_memory *was, const struct cgroup_memory *is)
{
	return (int64_t)(was->lag > is->lag ? was->lag : is->lag);
}

int64_t charges_late(const struct cgroup_memory *was, const struct cgroup_memory *is)
{
	return was->settled && is->settled ? 0 : charges_lag(was, is);
}

struct charges_left charges_left(const struct run *run, const struct snapshot *after)
{
	struct charges_left left = {
		.tables = grown(run, after, CGROUP_SEC_PAGETABLES),
		.vmalloc = grown(run, after, CGROUP_VMALLOC),
		.slab = grown(run, after, CGROUP_SLAB) - grown(run, after, CGROUP_SLAB_RECLAIMABLE),
		.rest = grown(run, after, CGROUP_KERNEL),
		.late = charges_late(&run->before.cgroup, &after->cgroup),
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		left.rest -= grown(run, after, others[i]);
	left.most = left.late + OWN_MEMORY + (int64_t)kernel_charges_kept(cpus_configured());
	return left;
}

bool charges_given_back(const struct charges_left *left)
{
	return left->tables <= left->late && left->rest <= left->most;
}
