// SPDX-License-Identifier: GPL-2.0-only
#include "host/snapshot.h"

#include <errno.h>
#include <unistd.h>

#include "host/source.h"

#define NOT_ASKED_FOR "not asked for (report.sources = cheap)"

static const struct source_kind {
	const char *name, *remedy;
	bool dear;			/* left out of cheap snapshots */
} kinds[SOURCE_COUNT] = {
	[SOURCE_VMALLOCINFO] = { "vmallocinfo", "run as root", true },
	[SOURCE_MEMINFO] = { "meminfo", "mount /proc: mount -t proc none /proc", false },
	[SOURCE_RMAPS_STAT] = { "rmaps_stat", "run as root with debugfs mounted: "
				"mount -t debugfs none /sys/kernel/debug", true },
	[SOURCE_KLOG] = { "klog", "run as root, or as root allow it to all: "
			  "sysctl kernel.dmesg_restrict=0", false },
	[SOURCE_CGROUP] = { "cgroup", "run in a cgroup of its own: systemd-run --user --scope "
			    "minivmm ...", false },
	[SOURCE_KVM_STATS] = { "kvm_stats", "boot Linux 5.14 or newer", false },
	[SOURCE_KVM_DEBUGFS] = { "kvm_debugfs", "run as root with debugfs mounted: "
				 "mount -t debugfs none /sys/kernel/debug", false },
	[SOURCE_SLABINFO] = { "slabinfo", "run as root", true },
	[SOURCE_PROCESS] = { "process", "mount /proc: mount -t proc none /proc", true },
};

const char *source_name(enum source source)
{
	return kinds[source].name;
}

const char *source_remedy(enum source source)
{
	return kinds[source].remedy;
}

void sources_open(struct sources *sources, const char *root, bool cheap)
{
	*sources = (struct sources){ .cheap = cheap };
	snprintf(sources->root, sizeof(sources->root), "%s", root);
	klog_open(sources);
	cgroup_open(sources);
}

void sources_close(struct sources *sources)
{
	sources_unwatch(sources);
	if (sources->klog >= 0)
		close(sources->klog);
	sources->klog = -1;
	sources->klog_error = EBADF;
}

/* A file for each counter that kvm_stats has all of. */
static bool is_repetition(enum source source, const struct snapshot *snapshot)
{
	return source == SOURCE_KVM_DEBUGFS && snapshot->status[SOURCE_KVM_STATS].ok;
}

static int read_source(struct sources *sources, enum source source, struct snapshot *snapshot)
{
	char *why = snapshot->status[source].why;

	if (sources->cheap && (kinds[source].dear || is_repetition(source, snapshot))) {
		snprintf(why, SOURCE_WHY, NOT_ASKED_FOR);
		return -ECANCELED;
	}
	switch (source) {
	case SOURCE_VMALLOCINFO:
		return vmallocinfo_read(sources, snapshot, why);
	case SOURCE_MEMINFO:
		return meminfo_read(sources, snapshot, why);
	case SOURCE_RMAPS_STAT:
		return rmaps_stat_read(sources, snapshot, why);
	case SOURCE_KLOG:
		return klog_read(sources, snapshot, why);
	case SOURCE_CGROUP:
		return cgroup_read(sources, snapshot, why);
	case SOURCE_KVM_STATS:
		return kvm_stats_read(sources, snapshot, why);
	case SOURCE_KVM_DEBUGFS:
		return kvm_debugfs_read(sources, snapshot, why);
	case SOURCE_SLABINFO:
		return slabinfo_read(sources, snapshot, why);
	case SOURCE_PROCESS:
		return process_read(sources, snapshot, why);
	case SOURCE_COUNT:
		break;
	}
	return -EINVAL;
}

void snapshot_take(struct sources *sources, struct snapshot *snapshot)
{
	*snapshot = (struct snapshot){ 0 };
	for (int source = 0; source < SOURCE_COUNT; source++)
		snapshot->status[source].ok = !read_source(sources, source, snapshot);
}

void snapshot_free(struct snapshot *snapshot)
{
	tally_free(&snapshot->vmalloc);
}
