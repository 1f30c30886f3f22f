/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the user asked for: an ini file, its includes and the overrides of the command line, parsed
 * strictly into const data. Sizes and addresses are in bytes, times in nanoseconds.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CONFIG_NAME_MAX 32	/* of a section's NAME, with its NUL */

/* Where the config sets something; line 0: on the command line. */
struct origin {
	const char *file;
	unsigned int line;
};

enum vm_quirk { QUIRK_SLOT_ZAP_ALL = 1 };
enum slot_space { SPACE_NORMAL, SPACE_SMM };
enum slot_backing {
	BACKING_ANON, BACKING_MEMFD, BACKING_HUGETLB_2M, BACKING_HUGETLB_1G,
	BACKING_FILE, BACKING_GUEST_MEMFD,
};
enum slot_kind { SLOT_RAM, SLOT_DEVICE };
enum slot_thp { THP_DEFAULT, THP_ALWAYS, THP_NEVER };
enum slot_flag { SLOT_READONLY = 1, SLOT_DIRTY_LOG = 2 };

/* [memslot.NAME]: one slot, or with count > 1 a row of equal slots. */
struct memslot_cfg {
	char name[CONFIG_NAME_MAX];
	struct origin at;
	uint64_t base, size;
	uint64_t count;		/* >= 1 */
	uint64_t stride;	/* between the bases of a row; default: size */
	int64_t id;		/* of the first slot; -1: the next free one */
	int space;		/* enum slot_space */
	unsigned int flags;	/* enum slot_flag */
	int backing;		/* enum slot_backing */
	char *path;		/* of BACKING_FILE */
	char *alias;		/* NAME of the slot whose memory this one shows, or NULL */
	uint64_t alias_offset;	/* where in that memory it begins */
	int kind;		/* enum slot_kind */
	uint64_t plugged;	/* of each slot, from its base on; default: size */
	int thp;		/* enum slot_thp */
	bool populate;
	int64_t node;		/* NUMA node, -1: any */
};

enum phase_do {
	DO_BOOT, DO_L2, DO_TOUCH, DO_STRESS, DO_SLOT_DELETE, DO_ENABLE, DO_FAILED_ENTRY, DO_RESTORE,
	DO_DIRTY_LOG, DO_DISCARD, DO_TABLES, DO_RUN, DO_SLOT_MOVE, DO_ALIAS_COUNTS, DO_AGE,
};
enum phase_expect { EXPECT_NOTHING, EXPECT_LAZY, EXPECT_ALLOCATED };
enum nested_pages { NESTED_LARGE, NESTED_4K };	/* what L1's NPT/EPT tables map L2's memory by */
enum phase_load { LOAD_L1, LOAD_L2 }; /* what the vCPUs do in a stress phase */
/* What write-protects logged pages anew, with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 or without. */
enum log_protect { PROTECT_BY_GET, PROTECT_MANUAL, PROTECT_INITIALLY_SET };
/* Ways in which the host takes memory back from a guest. */
enum discard_how {
	HOW_MADVISE = 1, HOW_MMAP = 2, HOW_MPROTECT = 4, HOW_THP = 8, HOW_SLOT_DELETE = 16,
	HOW_SLOT_MOVE = 32, HOW_RECLAIM = 64,
};

/* What ends a phase in which a guest of the user's goes on. */
enum phase_until { UNTIL_AUTO, UNTIL_MARK, UNTIL_CONSOLE, UNTIL_EXIT, UNTIL_TIME, UNTIL_COMMAND };

/* [phase.NAME], in file order. */
struct phase_cfg {
	char name[CONFIG_NAME_MAX];
	struct origin at;
	int what;		/* enum phase_do, key "do" */
	int expect;		/* enum phase_expect */
	bool nested_paging;	/* L2 under NPT/EPT; default on */
	int nested_pages;	/* enum nested_pages */
	bool own_tables;	/* the nested tables of each vCPU's L2 are its own; default off */
	uint64_t touch;		/* bytes that L2 or L1 writes; default 0, of touch and stress 64M */
	uint64_t stride;	/* between written pages, default 4K */
	uint64_t pattern;	/* default 0x6d696e69766d6d00 */
	char *slot;		/* NAME of the memslot where the writing begins; NULL: the lowest */
	uint64_t timeout;	/* ns, 0: the run's */
	uint64_t duration;	/* ns of do = stress, 0: until iterations are done; of each part of do = dirty-log */
	uint64_t iterations;	/* rounds of each thread of a worker, 0: any number */
	int load;		/* enum phase_load */
	uint64_t vms;		/* of do = stress, with the scenario's own; default 1 */
	uint64_t vcpus;		/* of each further VM; 0: as many as the scenario's has */
	int fails;		/* errno that KVM_RUN must fail with, 0: it must not fail */
	uint64_t mmu_pages;	/* KVM's limit from this phase on, 0: as it is */
	int protect;		/* enum log_protect, of do = dirty-log */
	unsigned int how;	/* enum discard_how, of do = discard */
	bool aliases;		/* of do = dirty-log: L2 has its pages as in do = alias-counts, and writes each by one alias */
	bool live;		/* of do = discard: the guest writes on meanwhile */
	bool goes_on;		/* the guest is a kernel of the user's, which goes on in the phase */
	int until;		/* enum phase_until. config_check() replaces auto, except in do = stress and do = dirty-log */
	char *until_text;	/* what follows its ':', or NULL */
	uint64_t until_value;	/* of mark: its number; of time: ns */
	char *command;		/* for the guest's shell, or NULL */
	int64_t status;		/* the expected exit status, -1: any */
};

/* [worker.NAME]: threads that run beside the vCPUs of a stress phase, or what these vCPUs do. */
struct worker_cfg {
	char name[CONFIG_NAME_MAX];
	struct origin at;
	int op;			/* enum worker_op of ops.h */
	char *slot;		/* NAME of the memslot it works on, or NULL */
	uint64_t rate;		/* rounds a second of each thread, 0: as fast as it can */
	uint64_t threads;	/* >= 1 */
	uint64_t first_round;	/* number of its first round; default 0, else to replay a round */
};

enum payload_kind { PAYLOAD_NESTED, PAYLOAD_LINUX, PAYLOAD_MULTIBOOT };
enum console_kind { CONSOLE_NONE, CONSOLE_LOG, CONSOLE_STDOUT, CONSOLE_FILE };
enum rmap_policy { POLICY_LAZY, POLICY_EAGER, POLICY_ANY };
/* cheap: without long walks in the kernel; log: the kernel log alone */
enum source_set { SOURCES_ALL, SOURCES_CHEAP, SOURCES_LOG };

/* [selftest] break = ...: what goes wrong on purpose, so that a check is seen to fail. */
enum selftest_break {
	BREAK_NOTHING,
	/* In the payload, named as in the ABI (ABI_BREAKS). */
	BREAK_SKIP_VMRUN, BREAK_HANG, BREAK_UD2, BREAK_L2_UD2, BREAK_BAD_ENTRY,
	BREAK_TRIPLE_FAULT, BREAK_WRONG_ABI, BREAK_CORRUPT_PAGE, BREAK_CONTROL_NPT,
	BREAK_NO_TABLE_WRITE,
	/* In the VMM. */
	BREAK_WRONG_MODEL,	/* predicts one page more per rmap array, and one rmap head */
	BREAK_WRONG_TRACKING,	/* the same for write tracking */
	BREAK_LEAK_VM,		/* keeps the VM past teardown */
	BREAK_SLOT_FAILS,	/* has KVM refuse the last memslot */
	BREAK_NO_FAULT,		/* makes no failure happen in a phase that should fail */
	BREAK_WRONG_KEPT,	/* predicts that a failed allocation leaves nothing */
	BREAK_STUCK_WORKER,	/* the first worker's thread does not end its round */
	BREAK_KLOG,		/* sees a WARNING in the kernel log */
	BREAK_LOG_MISSES,	/* drops a page from the dirty log that KVM gave */
	BREAK_STAYS_SMALL,	/* counts no huge mapping after pages were logged */
	BREAK_UNSEEN_ACCESS,	/* leaves out what DAMON saw of L2's accesses */
	BREAK_STALE_PAGE,	/* leaves in a page what was there before it was taken back */
	BREAK_UNTOLD_LOSS,	/* takes pages away in a stress phase without telling the guest which */
	BREAK_DENIED_CALL,	/* makes a system call that a vCPU's thread must not make */
	BREAK_CONSOLE_FULL,	/* takes no more than 4 KiB on the guest's console */
};

struct config {
	struct {
		uint64_t vcpus;			/* default 1 */
		char *device;			/* default /dev/kvm */
		bool nested;			/* default yes; no: CPUID shows neither SVM nor VMX */
		uint64_t timeout;		/* ns per phase, default 60s; --timeout */
		uint64_t kernel_memory_limit;	/* bytes a run may cost the kernel; 0: half of MemAvailable */
		bool ignore_limits;		/* run although the memory may not suffice */
		unsigned int disable_quirks;	/* enum vm_quirk */
		uint64_t dirty_ring;		/* bytes per vCPU; 0: bitmaps log dirty pages */
	} vm;
	struct memslot_cfg *memslots;
	size_t memslot_count;
	struct {
		int payload;			/* enum payload_kind */
		char *tables;			/* NAME of the memslot of L1's nested tables, or NULL */
		char *kernel, *initrd;		/* files, or NULL */
		char *args;			/* the kernel's command line, or NULL */
		char *environment;		/* NAME=VALUE ..., or NULL */
		int console;			/* enum console_kind */
		char *console_path;		/* of CONSOLE_FILE */
	} guest;
	struct phase_cfg *phases;
	size_t phase_count;
	struct worker_cfg *workers;
	size_t worker_count;
	struct {
		int policy;			/* enum rmap_policy, default lazy */
	} expect;
	struct {
		int sources;			/* enum source_set, default all */
	} report;
	struct {
		int break_what;			/* enum selftest_break, key "break" */
	} selftest;
	uint64_t seed;				/* --seed, default 0 */
	bool trace;				/* --trace */
	char *name;				/* CONFIG and its overrides, as they were written */
	char *command;				/* the command line, to replay the run; or NULL */
	struct ini *ini;			/* config.c's, for config_where() */
};

/*
 * Reads path ("-": standard input), the files that it includes, then the overrides
 * ("section.key=value"). Returns 0; -EINVAL with every error in errors
 * (`file:line: section.key: value: rule`); or -errno when path itself can't be read (also in
 * errors). On failure config is empty.
 */
int config_load(const char *path, char *const *overrides, size_t override_count,
		struct config *config, struct errors *errors);
/* The same for a config of which only the layout matters: it may have no phase. */
int config_load_layout(const char *path, char *const *overrides, size_t override_count,
		       struct config *config, struct errors *errors);
/* The same for text that is in no file; name stands for its path in messages. */
int config_load_text(const char *name, const char *text, char *const *overrides,
		     size_t override_count, struct config *config, struct errors *errors);
void config_free(struct config *config);

/*
 * Where the config sets a key of "memslot.low", or where the section is if it does not set the key.
 * Without a file: the config has no such section. NAME is NULL for [vm] and the like.
 */
struct origin config_where(const struct config *config, const char *kind, const char *name,
			   const char *key);

/* The effective config, with all its keys: {"vm": {...}, "memslot.low": {...}, ...}. */
json_t *config_json(const struct config *config);

/* Do the VM's vCPUs run in the phase? */
bool phase_runs_guest(const struct phase_cfg *phase);
/* Do they enter L2? Of a guest of the user's its own hypervisor does, where expect = allocated. */
bool phase_runs_l2(const struct phase_cfg *phase);
/* Does anyone in the phase run L2, the scenario's VM or one that a worker makes? */
bool phase_needs_nesting(const struct config *config, const struct phase_cfg *phase);
/* May they, though the config does not say so? */
bool phase_may_run_l2(const struct phase_cfg *phase);
/* Are its pages the 31 of do = alias-counts? */
bool phase_counts_aliases(const struct phase_cfg *phase);
/* Does it write to its slot alone, what each page must hold being known, and change the slot meanwhile? */
bool phase_owns_slot(const struct phase_cfg *phase);
/* The memslot that it has for itself; NULL: none, or the config has none of that name. */
const struct memslot_cfg *phase_own_memslot(const struct config *config, const struct phase_cfg *phase);
/* The memslot whose memory this one shows: itself, but for an alias. */
const struct memslot_cfg *memslot_memory(const struct config *config, const struct memslot_cfg *slot);
/* The lowest gpa of [memslot.NAME]'s row; 0 without a name. */
uint64_t memslot_base(const struct config *config, const char *name);
/* The size of the pages that back it, in bytes: only whole ones can be mapped, protected or discarded. */
uint64_t memslot_page_size(const struct memslot_cfg *slot);
/* Is its memory pages of hugetlbfs, of which the host has a pool? */
bool memslot_is_huge_pool(const struct memslot_cfg *slot);
/* Does the memslot hold L1's nested tables (guest.tables)? */
bool memslot_holds_tables(const struct config *config, const struct memslot_cfg *slot);

/* The names of enum values in a config. "?" never occurs for a loaded config. */
const char *phase_do_name(int what);
const char *payload_name(int payload);
const char *phase_expect_name(int expect);
const char *rmap_policy_name(int policy);
const char *selftest_break_name(int break_what);
const char *slot_backing_name(int backing);

#endif
