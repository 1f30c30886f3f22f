/* SPDX-License-Identifier: GPL-2.0-only */
/* What runs in L2: code of the same image, with its own stack and a job. */
#ifndef L2_H
#define L2_H

#include <stdbool.h>
#include <stdint.h>

#include "leaf_table.h"
#include "minivmm_abi.h"
#include "touch.h"
#include "tree.h"

/* RAX of L2's VMMCALL or VMCALL. */
enum l2_call {
	L2_HELLO = 0x6c32,	/* L2 runs; by this first exit the transition is timed */
	L2_DONE,		/* job.pages is filled */
};

struct l2_job {
	enum abi_vendor vendor;	/* which instruction calls L1 */
	bool ud2;		/* BREAK_L2_UD2 */
	const struct tree *tree;
	struct touch touch;
	uint32_t index;
	struct abi_report *report; /* of the vCPU */
	uint64_t beside;	/* not 0: gpa of a page to write before that */
	uint64_t clear;		/* not 0: gpa of an entry of its own tables to clear */
	struct leaf *leaf;	/* not NULL: what to do with the pages of a leaf table, again and again */
	uint64_t aliases;	/* not 0: gpa of the aliases to write instead: ABI_ALIAS_PAGES, */
	bool counted;		/* or those of ABI_COUNTED_PAGES */
	uint64_t pages;		/* L2's answer: how many it wrote, */
	uint64_t seen;		/* and what it then read from the first alias */
	bool stale;		/* a page did not hold what the VMM wrote, and L2 wrote none: */
	struct touch_error error;
};

/*
 * The registers that VMRUN and VMLAUNCH do not load; SVM keeps RAX in the VMCB.
 * entry.S has the offsets.
 */
struct l2_registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
};

/* L2's entry point. */
_Noreturn void l2_main(struct l2_job *job);

#endif
