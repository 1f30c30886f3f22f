/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI between minivmm and its guest payload: the one header both include.
 *
 * Entry: each vCPU starts in 64-bit mode at the image's first byte with
 *	RDI = vCPU index, RSI = gpa of the flattened device tree,
 *	RSP = top of its stack, CR3 = an identity map of every memslot, flat
 *	segments, interrupts off, EFER.SVME and CR4.VMXE clear, CR4.OSFXSR set.
 * Everything is identity mapped: in the payload a pointer is a gpa.
 *
 * First a vCPU writes ABI_VERSION to ABI_PORT_VERSION; the other ports are
 * relative to the base that the device tree gives. Then it reads the index of
 * a phase from ABI_PORT_NEXT, runs that phase, and so on, until it reads
 * ABI_NEXT_END or the VM ends. While a vCPU waits for ABI_PORT_NEXT it is
 * stopped, and the VMM takes snapshots.
 *
 * Bump ABI_VERSION for every change to this file that a payload or a VMM of
 * the previous version would misread: a port, a field's place or meaning, a
 * device-tree property that is no longer optional. Additions at the end of
 * struct abi_report or new device-tree properties with a default do not count.
 */
#ifndef MINIVMM_ABI_H
#define MINIVMM_ABI_H

#include <stdint.h>

#define ABI_VERSION 5u

/*
 * This port is the same in all versions, so that a VMM and a payload of different versions
 * notice.
 */
#define ABI_PORT_VERSION 0x4d0	/* out32: ABI_VERSION */

/* Offsets from /minivmm's "port-base" property; all 32 bits wide but CONSOLE. */
#define ABI_PORT_BASE_DEFAULT 0x500
#define ABI_PORT_CONSOLE 0x0	/* out8: a character for the console */
#define ABI_PORT_NEXT 0x4	/* in32: index of the phase to run, or ABI_NEXT_END */
#define ABI_PORT_MARK 0x8	/* out32: enum abi_mark; the VMM records the time */
#define ABI_PORT_REPORT 0xc	/* out32: enum abi_status; struct abi_report is filled */
#define ABI_PORT_RESTORE 0x10	/* out32: the VMM puts the vCPU into L2, see below */
#define ABI_PORT_COUNT 0x14

#define ABI_NEXT_END 0xffffffffu

/*
 * ABI_PORT_RESTORE is the payload's VMRUN or VMLAUNCH in a phase that restores: L2 is ready to
 * be entered: with SVM the VMCB's gpa is in RAX, with VMX the VMCS is the current one. L2's state
 * differs from L1's only in RIP, RSP, RAX and RFLAGS. The VMM sets that state, as a VMM does after
 * a migration, and L2 runs. With SVM its exit leads to the instruction after the OUT, with VMX to
 * the host RIP of the VMCS.
 */

enum abi_mark {
	ABI_MARK_L2_ENTER = 1,	/* just before the phase's first VMRUN/VMLAUNCH */
	ABI_MARK_L2_ENTERED = 2, /* just after L2's first exit */
};

/*
 * What a vCPU reports at the end of a phase. After ABI_OK it asks for the next
 * phase. After anything else it halts, and the VMM does not run it again.
 */
enum abi_status {
	ABI_OK = 0,
	ABI_EXCEPTION = 1,	/* L1 took an exception: vector, error_code, rip, cr2 */
	ABI_L2_EXIT = 2,	/* L2 left with an exit L1 does not expect: exit_* */
	ABI_ENTRY_FAILED = 3,	/* VMRUN/VMLAUNCH failed: exit_*, instruction_error */
	ABI_UNSUPPORTED = 4,	/* the vCPU lacks what the phase needs: message */
	ABI_BAD_TREE = 5,	/* the device tree lacks or contradicts: message */
	ABI_BAD_MEMORY = 6,	/* memory read back wrong: rip = gpa, exit_info = want, got */
};

enum abi_vendor { ABI_VENDOR_NONE = 0, ABI_VENDOR_SVM = 1, ABI_VENDOR_VMX = 2 };

/* How entries of a leaf table change. */
enum abi_leaf_change {
	ABI_LEAF_MOVED = 0,	/* all: each maps another page */
	ABI_LEAF_CLEARED = 1,	/* one maps no page any more */
	ABI_LEAF_READ_ONLY = 2,	/* one's page can't be written any more */
	ABI_LEAF_EXCHANGED = 3,	/* none; the table above the leaf tables has each in the other's place */
	ABI_LEAF_VIEWED = 4,	/* none; L2 writes where the way down to the same tables only lets it read */
};

/* At the start of each vCPU's block. The payload fills it, the VMM reads it, except where said otherwise. */
struct abi_report {
	uint32_t status;	/* enum abi_status */
	uint32_t vendor;	/* enum abi_vendor, as CPUID says */
	uint32_t vector;	/* of an exception, in L1 or in L2 */
	uint32_t instruction_error; /* VMX: VM-instruction error, else 0 */
	uint64_t error_code;
	uint64_t rip;		/* of L1 or, ABI_L2_EXIT and ABI_ENTRY_FAILED, of L2 */
	uint64_t cr2;
	uint64_t exit_code;	/* VMCB EXITCODE or VMX exit reason, whole */
	uint64_t exit_info[2];	/* EXITINFO1/2, or exit qualification and gpa */
	uint64_t l1_pages;	/* pages L1 has written, all phases */
	uint64_t l2_pages;	/* pages L2 has written, all phases */
	uint64_t l2_entries;	/* VMRUN/VMLAUNCH/VMRESUME that came back from L2 */
	char message[96];	/* NUL-terminated, may be empty */
	uint64_t failed_entries; /* VMRUN/VMLAUNCH that failed, as do = "failed-entry" wants it */
	uint64_t pass;		/* of the phase that it ran last: see abi_page_value() */
	uint64_t table_writes, table_writes_seen; /* of do = "tables", all phases */
	uint64_t sweeps;	/* of a phase that rewrites: how often all pages were written, all phases */
	uint64_t sweeps_wanted;	/* the VMM writes it: a phase that rewrites ends once sweeps is not below it */
	uint64_t alias;		/* the VMM writes it, for alias-counts: L2 writes each page by this one alias, or its last, alone; see below */
	uint64_t l1_table_writes, l1_table_writes_seen; /* of do = "tables", all phases */
	uint64_t leaf_changes, leaf_changes_seen; /* of do = "tables" with small-pages, all phases */
	uint64_t leaf_gpa;	/* of L2's page, the first where all were moved, whose entry was changed when that was not seen */
	uint32_t leaf_change;	/* enum abi_leaf_change: how */
	uint32_t leaf_by_l2;	/* by whom: 1 L2, 0 L1 */
};

/* A vCPU's block: the report's page, L1's stack, then pages that the payload uses as it likes. */
#define ABI_PAGE_SIZE 4096u
#define ABI_VCPU_PAGES 16u
#define ABI_VCPU_STACK_TOP (5u * ABI_PAGE_SIZE)	/* page 0: report, 1-4: L1 stack */
#define ABI_VCPU_FREE 5u	/* the first page that the payload uses as it likes */

#define ABI_REWRITE_CYCLES 4000000ull	/* do = "l2-rewrite": some milliseconds at most */
#define ABI_REWRITE_PASS (1ull << 32)	/* what sweep n of it writes is that of pass ABI_REWRITE_PASS + n */
#define ABI_ALIAS_PAGES 512u	/* do = "alias" */
#define ABI_LEAF_TABLES 5u	/* do = "tables" with small-pages: pages of tables, */
#define ABI_LEAF_FIRST 3u	/* the index of the first leaf table, */
#define ABI_LEAF_PAGES 8u	/* and how many pages it takes at least */
#define ABI_COUNTED_PAGES 31u	/* do = "alias-counts": page k has k + 1 aliases, 496 in all */

/*
 * The device tree.
 *
 * / { #address-cells = <2>; #size-cells = <2>;
 *   memory@BASE { device_type = "memory"; reg = <base size> ...;
 *	one node per [memslot.NAME], a reg entry per slot of the row; in gpa order,
 *	the nodes as well as their entries: a row that other slots interrupt is
 *	split into several nodes of the same minivmm,slot;
 *	minivmm,slot = "NAME";
 *	minivmm,read-only;	the guest must not write here
 *	minivmm,alias;		the same memory as another slot: a touch writes it only with touch-aliases
 *	minivmm,tables;		the table pool is there: no touch writes it
 *	minivmm,lossy;		workers take pages away, which then read back as 0: see struct abi_losses
 *	minivmm,same;		each pass is to write the same values, those of pass 0: other VMs write here, too
 *   };
 *   minivmm {
 *	abi = <ABI_VERSION>; port-base = <0x500>; vcpus = <n>;
 *	payload = <base size>;	image, tree, tables, vCPU blocks: no touch writes it
 *	vcpu-blocks = <base>;	ABI_VCPU_PAGES pages each
 *	table-pool = <base size>; pages for NPT/EPT tables, zeroed
 *	losses = <base size>;	a struct abi_losses, zeroed; only where workers take pages away
 *	page-level = <1..3>;	largest page to map with: 1 = 4K, 2 = 2M, 3 = 1G
 *	break = "skip-vmrun";	optional, on purpose: see ABI_BREAKS
 *   };
 *   scenario { phase@INDEX { reg = <index>; (#address-cells 1, #size-cells 0)
 *	do = "boot" | "l2" | "touch" | "enable" | "failed-entry" | "restore" |
 *	     "l2-rewrite" | "npt-churn" | "alias" | "alias-counts" | "tables";	these are "l2", see below
 *	nested-paging;		present: NPT/EPT on
 *	small-pages;		L2's nested tables map 4K pages; else pages of page-level
 *	own-tables;		each vCPU's L2 has nested tables of its own, which begin as the shared ones do
 *	touch = /bits/ 64 <bytes>; stride = /bits/ 64 <bytes>;	default 0, 4096
 *	pattern = /bits/ 64 <value>; touch-base = /bits/ 64 <gpa>; default 0, 0
 *	touch-aliases;		alias memory is written as well: touch-base is in there
 *	read-first;		before its pages are written, each must hold the value of
 *				ABI_PASS_VMM, which the VMM has written there
 *	rewrite;		its pages are written again and again, without a way out of L2, until
 *				the VMM has it end: see sweeps_wanted. The pass of what is written
 *				is the number of the sweep, from 1 on
 *   }; };
 * };
 *
 * l2-rewrite: L2 writes its pages again and again, without a way out, until ABI_REWRITE_CYCLES of the TSC have passed.
 *
 * npt-churn: L2 runs under nested tables of the vCPU's own. L1 takes their entries away while
 * L2 does not run, and gives each back when L2 misses it. alias: ABI_ALIAS_PAGES of L2's pages
 * are one page of L1's; L2 writes to each of them, and L1 must find what L2 wrote last. They begin
 * at the first 2M boundary at or above touch-base, plus 2M for each vCPU before this one.
 *
 * alias-counts: vCPU 0 alone. Of the ABI_COUNTED_PAGES pages from touch-base on, the one with index k is k + 1 of L2's
 * pages, one after another from where aliases begin. L2 first reads by each alias what the VMM has written (read-first),
 * and then writes by each, or where the report's alias is not 0, by the alias of that number alone, from 1 on, of a page
 * that has fewer by its last. L1 must find in each page what L2 wrote.
 *
 * tables: vCPU 0 alone. L2 writes its pages as data; L1 makes them L2's nested tables, of a single page, or the second of two, their
 * root. Once L2 runs by them, L1 clears the root's first entry (l1_table_writes), L2 must miss its own code at once
 * (l1_table_writes_seen), and L1 gives the entry back. Then L2 clears it (table_writes) through the mapping that it had before, of two
 * pages after it has written the first, and must miss its code as well (table_writes_seen). All that is done twice, the second time
 * after L1 has written to the root several times in a row.
 *
 * tables with small-pages: the first 5 pages become L2's tables down to two leaf tables, which map the others, up to 1024, in turn, elsewhere in the GiB.
 * Once L2 uses them, first L1 and then L2, by the mapping that it had before, changes the leaf tables (leaf_changes), L1 flushes the TLB, and L2
 * must go by what they say then (leaf_changes_seen): each page is another one, three times; a page is missed; a page can't be written; the
 * table above has each leaf table in the other's place. L2 has all that twice: it reads the pages also in another GiB, if L1 maps one that L2
 * does not need, whose entry is for the same tables and lets L2 only read. Once (a leaf change, too) L2 must miss a write there.
 *
 * touch: `touch / 4096` pages are written. The first is the lowest page >= touch-base
 * of the memory nodes (payload, read-only memory, tables and, without touch-aliases, alias memory left out), the next
 * always the lowest such page >= the last one + `stride` (whole pages), wrapping
 * to the lowest of all at the end; a page met again is written and counted again.
 * Each gets the 64-bit value abi_page_value() at its start. Page k of the walk
 * belongs to vCPU k mod vcpus. But where the walk may wrap (the memory from touch-base on is
 * shorter than its steps), a page belongs to vCPU abi_page_owner(): it is always the same one that
 * comes to it again.
 */
static inline uint32_t abi_page_owner(uint64_t gpa, uint32_t vcpus)
{
	return (uint32_t)((gpa / 4096 * 0x9e3779b97f4a7c15ull >> 32) * vcpus >> 32);
}

/*
 * What a page holds after a pass. A vCPU counts its passes, the phases that it has begun, from 1 on:
 * so a page that KVM should not reach any more never holds what was written last. Pass 0 is that of
 * minivmm,same memory.
 */
static inline uint64_t abi_page_value(uint64_t pattern, uint64_t gpa, uint64_t pass)
{
	return pattern + gpa + pass * 0x9e3779b97f4a7c15ull;
}
#define ABI_PASS_VMM (~0ull)	/* the VMM wrote the page: see read-first */

/* do = "tables": the page that becomes the root, of `pages` pages from base on: the last of one or two, of more the first. */
static inline uint64_t abi_tables_root(uint64_t base, uint64_t pages)
{
	return pages == 2 ? base + ABI_PAGE_SIZE : base;
}

/* The pass of a value that a page at gpa holds, if it is one of abi_page_value()'s. */
static inline uint64_t abi_page_pass(uint64_t pattern, uint64_t gpa, uint64_t value)
{
	/* The inverse of its factor, modulo 2^64. */
	return (value - pattern - gpa) * 0xf1de83e19937733dull;
}

/*
 * Which pages workers take away, in minivmm,lossy memory, and when. A page that was taken away reads 0 until
 * it is written again. That, and only then, is a 0 right where something else was written; nothing else ever is.
 *
 * Who takes pages away marks their entries before (active + 1), and after: a new number (count + 1) becomes the
 * entry's `last` if that is lower, and only then active - 1. Who writes a page reads `count` before (`since`). Who reads
 * it back, and gets 0, reads `active` after that, and then `last`. The 0 is right if active is not 0, or last > since.
 *
 * Why that never blames a host which is right: let the 0 come from a removal.
 * - Its first mark was made before the page was gone, so the reader, which comes after, sees active, or the removal has
 *   ended, and `last`, which was set before active went down, is its number or a later one. Two that remove the same
 *   page at once have two counts in active, and of their numbers the higher one stays.
 * - Its number is not above `since` only if count had that number when `since` was read, before the page was written.
 *   The removal was over by then: from KVM's and the kernel's calls that the writer's page was new, no mapping of the
 *   old one was left. What is written then must stay. A write that was under way when the page went, or one that
 *   the VMM does for a vCPU (a slot is missing, mprotect()), comes after `since` all the same.
 * - Whole pages are marked, as they are in each slot that shows the memory. The kernel takes away no more than it is asked
 *   for: of a huge page it splits, or clears, the part. What else workers do (mprotect(), huge pages made and split, reclaim,
 *   slots that go, come, move or can't be written) loses nothing: the VMM does the accesses to a slot that is missing,
 *   and those that are refused again and again until they are not.
 * - Pages of one entry, ABI_LOSS_ENTRIES pages apart, answer for each other: that excuses more, and blames none.
 * - Each VM has its own. In memory that is minivmm,same as well other VMs, of which this one knows nothing, may take
 *   pages away: there 0 is always right.
 * All accesses to it are atomic. What is read is read in that order (acquire; loads stay in order on x86, and no store comes
 * before an earlier load); what is marked is a locked instruction, so a full barrier.
 */
#define ABI_LOSS_ENTRIES 16384u
struct abi_loss {
	uint64_t last;		/* the number of the last removal that has ended */
	uint32_t active;	/* removals that have not */
	uint32_t unused;
};
struct abi_losses {
	uint64_t count;		/* removals that have ended */
	uint64_t unused[ABI_PAGE_SIZE / 8 - 1];
	struct abi_loss pages[ABI_LOSS_ENTRIES]; /* a page's: its number, gpa / ABI_PAGE_SIZE, modulo so many */
};

static inline void abi_loss_begin(struct abi_loss *loss)
{
	__atomic_add_fetch(&loss->active, 1, __ATOMIC_SEQ_CST);
}

/* number: a new one of count's, for all pages of the removal. */
static inline void abi_loss_end(struct abi_loss *loss, uint64_t number)
{
	uint64_t last = __atomic_load_n(&loss->last, __ATOMIC_RELAXED);

	while (last < number &&
	       !__atomic_compare_exchange_n(&loss->last, &last, number, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	__atomic_sub_fetch(&loss->active, 1, __ATOMIC_SEQ_CST);
}

static inline int abi_loss_since(const struct abi_loss *loss, uint64_t since)
{
	return __atomic_load_n(&loss->active, __ATOMIC_ACQUIRE) || __atomic_load_n(&loss->last, __ATOMIC_ACQUIRE) > since;
}

#define ABI_PATH_MINIVMM "/minivmm"
#define ABI_PATH_SCENARIO "/scenario"

/* What the payload does wrong on purpose, so that each check is seen to fail. */
#define ABI_BREAKS(X)                                                        \
	X(SKIP_VMRUN, "skip-vmrun") /* says L2 ran, without entering it */    \
	X(HANG, "hang")		    /* never comes back from the l2 phase */ \
	X(UD2, "ud2")		    /* #UD in L1 */                           \
	X(L2_UD2, "l2-ud2")	    /* #UD in L2 */                           \
	X(BAD_ENTRY, "bad-entry")   /* a VMCB/VMCS that must be refused */    \
	X(TRIPLE_FAULT, "triple-fault")                                      \
	X(WRONG_ABI, "wrong-abi")   /* reports another ABI version */        \
	X(CORRUPT_PAGE, "corrupt-page") /* a page does not hold what was written */ \
	X(CONTROL_NPT, "control-npt") /* enters L2 under NPT/EPT where told not to */ \
	X(NO_TABLE_WRITE, "no-table-write") /* L2 does not write to its tables */

#endif
