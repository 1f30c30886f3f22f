/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every source says at one moment. A source that can't be read says why and
 * leaves its figures alone: it never reads as 0. Parsers take a FILE * and the
 * files a root prefix, so that captured fixtures replay in unit tests.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "tally.h"

enum source {
	SOURCE_VMALLOCINFO,	/* /proc/vmallocinfo: KVM's arrays by function; root */
	SOURCE_MEMINFO,		/* /proc/meminfo: VmallocUsed, MemAvailable, Slab */
	SOURCE_RMAPS_STAT,	/* debugfs mmu_rmaps_stat of this VM: lazy or allocated; root, 5.15+ */
	SOURCE_KLOG,		/* /dev/kmsg: BUG, WARNING, Oops; root or dmesg_restrict=0 */
	SOURCE_COUNT
};

#define SOURCE_WHY 160
struct source_status {
	bool ok;
	char why[SOURCE_WHY];	/* "unavailable: REASON", the reason; "" when ok */
};

struct meminfo {
	uint64_t vmalloc_used, mem_available, slab;	/* bytes */
};

/* The counters of a level add up to its rmap heads: sum of lpages(level) over all slots. */
struct rmaps_stat {
	bool allocated;		/* an empty file: lazy */
	uint64_t heads[3];	/* 4K, 2M, 1G */
	uint64_t mapped[3];	/* heads with at least one mapping */
};

struct snapshot {
	struct source_status status[SOURCE_COUNT];
	struct tally vmalloc;		/* only lines whose caller is in a kvm* module */
	struct meminfo meminfo;
	struct rmaps_stat rmaps;
	struct {
		unsigned int alarms;	/* BUG, WARNING, Oops... since sources_open() */
		char first[160];	/* the first such line */
	} klog;
};

/* Where to look; opened once per run. */
struct sources {
	char root[256];		/* "" or a fixture folder */
	bool cheap;		/* leave out vmallocinfo and rmaps_stat */
	int klog;		/* /dev/kmsg positioned at the start of the run, or -1 */
	int klog_error;		/* errno when klog is -1 */
	unsigned int klog_alarms;
	bool klog_lost;		/* records were overwritten before they were read */
	char klog_first[160];
	pid_t vm_pid;		/* creating thread of the VM to look at in debugfs, 0: none */
	int vm_fd;
};

const char *source_name(enum source source); /* "vmallocinfo", "meminfo", "rmaps_stat", "klog" */
const char *source_remedy(enum source source); /* how to make it readable */

void sources_open(struct sources *sources, const char *root, bool cheap);
void sources_close(struct sources *sources);

/* Overwrites the snapshot: free an old one first. */
void snapshot_take(struct sources *sources, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* Of any VM on this host: vm is its folder "PID-FD" in /sys/kernel/debug/kvm. 0, or -errno and why. */
int rmaps_stat_of(const char *root, const char *vm, struct rmaps_stat *stat, char why[SOURCE_WHY]);

/*
 * Parsers; 0 or -errno (-EINVAL: not the expected format), then nothing is changed.
 * vmallocinfo_parse() takes an empty tally and returns it sorted.
 */
int vmallocinfo_parse(FILE *file, struct tally *tally);
int meminfo_parse(FILE *file, struct meminfo *meminfo);
int rmaps_stat_parse(FILE *file, struct rmaps_stat *stat);
/* One /dev/kmsg record ("prio,seq,time,flags;text"): is it a BUG, WARNING, Oops, soft lockup, RCU stall...? */
bool klog_is_alarm(const char *record);

#endif
