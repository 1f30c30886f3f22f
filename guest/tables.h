/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that L2 has written as data become L1's nested tables, which L1 and L2 change. */
#ifndef TABLES_H
#define TABLES_H

#include "nested_ops.h"
#include "tree.h"

/* do = "tables". */
enum abi_status tables_phase(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase);

#endif
