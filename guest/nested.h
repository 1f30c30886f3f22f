/* SPDX-License-Identifier: GPL-2.0-only */
/* The phases in which L1 uses SVM or VMX, whichever the vCPU has. */
#ifndef NESTED_H
#define NESTED_H

#include "nested_ops.h"
#include "tree.h"

/* Which of them the vCPU has; vendor is ABI_VENDOR_NONE when it has neither. */
struct nested_ops nested_detect(void);
/* do = "l2", "l2-rewrite", "restore", "failed-entry", "enable", "npt-churn", "alias", "alias-counts", "tables". */
enum abi_status nested_phase(struct cpu *cpu, const struct phase *phase);

#endif
