/* SPDX-License-Identifier: GPL-2.0-only */
/* What SVM and VMX have in common: how a vCPU turns them on, and how it enters L2. */
#ifndef NESTED_OPS_H
#define NESTED_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"
#include "minivmm_pt.h"

struct cpu;

/* How L2 starts. */
struct l2_start {
	uint64_t rip, rsp;
	bool nested_paging;
	uint64_t root;		/* of the NPT/EPT tables */
	bool bad;		/* the VMCB or VMCS must be one that the CPU refuses */
};

enum l2_exit_kind {
	L2_CALLED,		/* VMMCALL, VMCALL; L2's RIP is already behind it */
	L2_INTERRUPTED,		/* L2 did not cause it: enter again */
	L2_MISSED,		/* its NPT/EPT tables do not map a page: info[1] is the gpa */
	L2_LEFT,		/* anything else */
	L2_NOT_ENTERED,		/* VMRUN, VMLAUNCH or VMRESUME failed */
};

/* Fields as in struct abi_report. */
struct l2_exit {
	enum l2_exit_kind kind;
	uint64_t call;		/* L2_CALLED: RAX */
	uint32_t vector, instruction_error;
	uint64_t error_code, rip, cr2, code, info[2];
};

/* Filled at run time: pointers in static data would need relocation. */
struct nested_ops {
	enum abi_vendor vendor;
	const char *name;
	struct pt_format format;
	/* NULL, or what this vCPU lacks for it; changes nothing. */
	const char *(*lacks)(bool nested_paging, int page_level);
	/* Sets EFER.SVME or executes VMXON, once per vCPU. NULL, or what went wrong. */
	const char *(*enable)(struct cpu *cpu);
	/* Fills the VMCB or VMCS. False: it failed (only on VMX), see exit. */
	bool (*prepare)(struct cpu *cpu, const struct l2_start *start, struct l2_exit *exit);
	/* NPT/EPT entries were taken away: drops what the CPU still holds of them. */
	void (*flush)(void);
	/* Runs L2 until its next exit. */
	void (*enter)(struct cpu *cpu, struct l2_exit *exit);
};

/* svm.c, vmx.c; each returns false when CPUID does not show it. */
bool svm_detect(struct nested_ops *ops);
bool vmx_detect(struct nested_ops *ops);

#endif
