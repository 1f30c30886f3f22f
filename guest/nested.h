/* SPDX-License-Identifier: GPL-2.0-only */
/* Entering L2, whichever way the vCPU has: svm.c or vmx.c. */
#ifndef NESTED_H
#define NESTED_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"
#include "minivmm_pt.h"
#include "tree.h"

struct cpu;

/* How L2 is to run. */
struct l2_start {
	uint64_t rip, rsp;
	bool nested_paging;
	uint64_t root;		/* of the NPT/EPT tables */
	bool bad;		/* BREAK_BAD_ENTRY */
};

enum l2_exit_kind {
	L2_CALLED,		/* VMMCALL, VMCALL; L2's RIP is already behind it */
	L2_INTERRUPTED,		/* nothing of L2's doing: enter again */
	L2_MISSED,		/* a page its NPT/EPT tables don't map: info[1] is the gpa */
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
	/* What this vCPU lacks for it, or NULL; touches nothing. */
	const char *(*lacks)(bool nested_paging, int page_level);
	/* EFER.SVME or VMXON, once per vCPU; what went wrong, or NULL. */
	const char *(*enable)(struct cpu *cpu);
	/* Fills the VMCB or VMCS; false: this failed, VMX only. */
	bool (*prepare)(struct cpu *cpu, const struct l2_start *start, struct l2_exit *exit);
	/* NPT/EPT entries were taken away: L2 must not use them any more. */
	void (*flush)(void);
	/* Runs L2 until its next exit. */
	void (*enter)(struct cpu *cpu, struct l2_exit *exit);
};

/* Each returns false when CPUID does not show it. */
bool svm_detect(struct nested_ops *ops);
bool vmx_detect(struct nested_ops *ops);

/* The one the vCPU has; vendor is ABI_VENDOR_NONE when it has neither. */
struct nested_ops nested_detect(void);
/* do = "l2", "restore", "failed-entry", "enable". */
enum abi_status nested_phase(struct cpu *cpu, const struct phase *phase);

#endif
