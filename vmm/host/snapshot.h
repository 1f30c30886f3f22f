/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The figures of every source at one moment, and the parsers. A source that cannot be read says why
 * and leaves its figures alone: it never reads as 0. Parsers take a FILE *, and files a root prefix,
 * so that captured fixtures replay in unit tests. What a figure means is decided in later rooms.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "config/config.h"
#include "host/klog_watch.h"
#include "host/sources.h"
#include "host/tally.h"

#define SOURCE_ENUMERATOR(id, name, expensive, open, remedy) SOURCE_##id,
enum source { SOURCES(SOURCE_ENUMERATOR) SOURCE_COUNT };
#undef SOURCE_ENUMERATOR

/* Bytes, or a count; not every kernel has every one. */
struct figure {
	bool known;
	uint64_t value;
};

#define SOURCE_PATH 384
#define SOURCE_WHY 256
struct source_status {
	bool ok;
	char why[SOURCE_WHY];	/* "unavailable: REASON", the reason; "" when ok */
	const char *remedy;	/* where the source's own does not help; else NULL */
};

struct meminfo {
	uint64_t vmalloc_used, mem_available, slab;	/* bytes */
};

/* The counters of a level add up to its rmap heads: sum of lpages(level) over all slots. */
#define RMAPS_COLUMNS 11	/* RMAP_LOG_SIZE */
struct rmaps_stat {
	bool allocated;		/* an empty file: lazy */
	uint64_t heads[3];	/* 4K, 2M, 1G */
	uint64_t mapped[3];	/* heads with at least one mapping */
	uint64_t columns[3][RMAPS_COLUMNS]; /* heads by how many: 0, 1, 2-3, 4-7, ... */
};

/* Items of memory.stat, by bytes charged. */
enum cgroup_item {
	CGROUP_VMALLOC,		/* 5.17+ */
	CGROUP_KERNEL,		/* 5.18+ */
	CGROUP_SLAB,
	CGROUP_SEC_PAGETABLES,	/* KVM's page tables, not rmaps; 6.2+ */
	CGROUP_SLAB_RECLAIMABLE, /* of CGROUP_SLAB: dentries and inodes, no objects of KVM's */
	CGROUP_PAGETABLES,	/* the processes' */
	CGROUP_KERNEL_STACK,	/* the threads' */
	CGROUP_ZSWAP,		/* compressed pages of processes, 5.19+ */
	CGROUP_ITEMS
};
struct cgroup_memory {
	struct figure items[CGROUP_ITEMS];
	uint64_t parts;		/* bytes of the items that memory.current is the sum of */
	uint64_t lag;		/* what the kernel may not have added up yet, bytes */
	bool settled;		/* it has added up all: two readings gave the same of vmalloc and KVM's page tables */
	bool alone;		/* nobody else is charged here: no child cgroup, no process but those that wait for this one */
};

/* Where the kernel charges cgroups with its memory at all, a process that runs a VM has some: its vCPUs, page tables. */
bool cgroup_charges_nothing(const struct cgroup_memory *memory);

/* KVM's own counters of a VM, those of its vCPUs added up. */
enum kvm_counter {
	COUNTER_NESTED_RUN,	/* VM entries of nested guests, under NPT/EPT or not; 5.14+ */
	COUNTER_MMU_CACHE_MISS,	/* shadow pages made: none without rmaps */
	COUNTER_PAGES_4K,	/* mapped for the guest, by size; 5.13+ */
	COUNTER_PAGES_2M,
	COUNTER_PAGES_1G,
	COUNTER_MAX_RMAP,	/* the longest chain so far, less its first element; 5.15+ */
	COUNTERS
};
struct kvm_counters {
	struct figure counters[COUNTERS];
};

/* Two slab caches of KVM's. SLUB may have merged one with others of its size. */
enum slab_cache { SLAB_PTE_LIST_DESC, SLAB_MMU_PAGE_HEADER, SLAB_CACHES };
struct slab_figures {
	bool known;
	bool merged;		/* the figures are of all caches it was merged with */
	char listed_as[64];	/* name in slabinfo */
	uint64_t objects, object_size; /* in use, as far as SLUB knows */
};

/* The VMs on this host that no thread of this process made. */
struct other_vms {
	bool known;
	uint64_t running;	/* those with vCPUs */
	uint64_t set;		/* another number when one came or went, those without vCPUs included */
	struct figure events;	/* uevents since the boot: KVM sends one for each VM made and destroyed */
};

/* The arrays of this VM's memslots, by their addresses: bytes as /proc/vmallocinfo counts them. */
struct memslots {
	uint64_t count;		/* memslots, those that KVM made included */
	uint64_t rmap, tracking, lpage_info, dirty_bitmap;
	bool left_known;	/* the VM is gone, was asked for before, and all of left is surely its */
	uint64_t left;		/* of its arrays those that are still there and that no other VM has */
	bool others_known;
	uint64_t others;	/* bytes of all arrays of the VMs that this process did not make */
};

struct snapshot {
	struct source_status status[SOURCE_COUNT];
	struct tally vmalloc;		/* only lines whose caller is in a kvm* module */
	struct tally wrapped;		/* lines that name vmalloc's own wrappers, whoever called them */
	struct meminfo meminfo;
	struct rmaps_stat rmaps;
	struct {
		unsigned int alarms;	/* BUG, WARNING, Oops... since sources_open() */
		unsigned int concerning; /* those of them that concern KVM or this process */
		char first[KLOG_TEXT], first_concerning[KLOG_TEXT];
	} klog;
	struct cgroup_memory cgroup;
	struct kvm_counters kvm_stats, kvm_debugfs;
	struct slab_figures slabs[SLAB_CACHES];
	struct {
		uint64_t descriptors, kvm_mappings;
	} process;
	struct memslots memslots;
	struct other_vms other_vms;
};

/* A memslot of this VM by which the kernel's memory is searched for it. npages 0: none. */
struct vm_mark {
	uint64_t base_gfn, npages, hva;
};

/* Where to look; opened once per run. */
struct sources {
	char root[256];		/* "" or a fixture folder */
	enum source_set set;	/* what snapshots read */
	int klog;		/* /dev/kmsg positioned at the start of the run, or -1 */
	int klog_error;		/* errno when klog is -1 */
	struct klog_watch klog_watch;
	bool klog_lost;		/* records were overwritten before they were read */
	char cgroup[SOURCE_PATH]; /* folder of the cgroup of the start, unless cgroup_error */
	int cgroup_error;
	char cgroup_why[SOURCE_WHY];
	pid_t vm_pid;		/* creating thread of the VM to look at in debugfs, 0: none */
	int vm_fd;
	struct vm_mark vm_mark;
	struct memslots_witness *memslots; /* NULL until it was asked for */
	struct slab_names *slab_names;	/* NULL until slabinfo was read */
	int *stats_fds;		/* of sources_watch() */
	size_t stats_count;
	int stats_error;	/* errno of the first that could not be had */
};

const char *source_name(enum source source); /* "vmallocinfo", "meminfo", ... */
const char *source_remedy(enum source source); /* how to make it readable */
/* The same where it was not: by what kept it from being read. */
const char *snapshot_remedy(const struct snapshot *snapshot, enum source source);
/* Its figures in a snapshot, null where it could not be read. NULL: out of memory. */
json_t *source_figures(enum source source, const struct snapshot *snapshot);

void sources_open(struct sources *sources, const char *root, enum source_set set);
void sources_close(struct sources *sources);

/*
 * Snapshots read the counters of this VM or vCPU from now on (KVM_GET_STATS_FD). The descriptors
 * hold a reference on the VM: unwatch before the VM is to be destroyed.
 */
void sources_watch(struct sources *sources, int fd);
void sources_unwatch(struct sources *sources);

/* Overwrites the snapshot: free an earlier one first. */
void snapshot_take(struct sources *sources, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
/*
 * Asks the source memslots, too, which a snapshot leaves out: for a VM whose memslots do not change
 * meanwhile; with vm_pid 0 for what is left of one that it was asked for before. And for the arrays
 * of all other VMs.
 */
void snapshot_ask_memslots(struct sources *sources, struct snapshot *snapshot);
/* Reads the source cgroup again, into a snapshot that has it; what can't be read stays as it was. */
void snapshot_read_charges(struct sources *sources, struct snapshot *snapshot);
/*
 * Before a VM goes: notes the addresses of its arrays, so that snapshot_ask_memslots() can tell
 * what is left of them.
 */
void sources_note_memslots(struct sources *sources);

/* For any VM on this host; vm: its folder "PID-FD" in /sys/kernel/debug/kvm. 0, or -errno and why. */
int rmaps_stat_of(const char *root, const char *vm, struct rmaps_stat *stat, char why[SOURCE_WHY]);

/* For a VM that a thread of this process created, by its descriptor. */
int rmaps_stat_own(const char *root, pid_t creator, int fd, struct rmaps_stat *stat,
		   char why[SOURCE_WHY]);

int kvm_debugfs_of(const char *root, const char *vm, struct kvm_counters *counters,
		   char why[SOURCE_WHY]);

/* Reads the counters of one VM or vCPU and adds them to those in counters. 0 or -errno. */
int kvm_stats_of(int fd, struct kvm_counters *counters);
/* The folder of our own cgroup (v2), which any user may read. 0, or -errno and why. */
int cgroup_own_folder(char *folder, size_t size, char why[SOURCE_WHY]);

const char *cgroup_item_name(enum cgroup_item item);		/* as in memory.stat */
const char *kvm_counter_name(enum kvm_counter counter);		/* as in debugfs */
const char *slab_cache_name(enum slab_cache cache);

/*
 * Parsers; 0 or -errno (-EINVAL: not the expected format), then nothing is changed.
 * vmallocinfo_parse() takes empty tallies and returns them sorted.
 */
int vmallocinfo_parse(FILE *file, struct tally *kvm, struct tally *wrapped);
int meminfo_parse(FILE *file, struct meminfo *meminfo);
int rmaps_stat_parse(FILE *file, struct rmaps_stat *stat);
int cgroup_parse(FILE *file, struct cgroup_memory *memory);
/* Objects in use and their size. A cache that the file does not name is not known. */
int slabinfo_parse(FILE *file, const struct slab_names *names,
		   struct slab_figures slabs[SLAB_CACHES]);
/* A whole file of binary statistics; adds to the values in counters. */
int kvm_stats_parse(const void *data, size_t size, struct kvm_counters *counters);

#endif
