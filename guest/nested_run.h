/* SPDX-License-Identifier: GPL-2.0-only */
/* How a phase runs L2: the steps that phases have in common. */
#ifndef NESTED_RUN_H
#define NESTED_RUN_H

#include <stdbool.h>

#include "l2.h"
#include "nested_ops.h"
#include "tree.h"

/* An identity map in pages of the pool. Returns its root, and leaves in pool what it did not need; 0: the pool is too small. */
uint64_t nested_build_map(const struct tree *tree, struct pt_format format, int page_level, struct range *pool);
/* The root of the tables that all vCPUs share, by the largest pages or by 4K pages. 0: the pool is too small. */
uint64_t nested_map_root(const struct tree *tree, struct pt_format format, bool small_pages);
/* Turns SVM or VMX on, once. */
enum abi_status nested_enable(struct cpu *cpu, const struct nested_ops *ops, bool nested_paging);
/* Prepares everything for the entry into L2. root: of its tables; 0: those of the phase. */
enum abi_status nested_prepare(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase, uint64_t root);
/* What L2 is to do, from its start on. */
void nested_set_job(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase, const struct tree *tree);
/* Enters L2 until an exit that L2 has caused, or an entry that failed. */
void nested_enter(struct cpu *cpu, const struct nested_ops *ops, struct l2_exit *exit);
/* Enters L2 again and again until it calls L1, which must be with `call`. */
enum abi_status nested_enter_until(struct cpu *cpu, const struct nested_ops *ops, enum l2_call call);
/* L2 runs, from its start to its end. restore: the VMM enters it first. */
enum abi_status nested_run_l2(struct cpu *cpu, const struct nested_ops *ops, bool restore);
/* The phase's L2 runs on this vCPU alone, which writes all pages. alone: L1's tree for that, which L2's job points to. */
enum abi_status nested_run_alone(struct cpu *cpu, const struct nested_ops *ops, const struct phase *phase, struct tree *alone);
/* Copies the details of an unexpected exit into the report. */
enum abi_status nested_report_exit(struct cpu *cpu, const struct l2_exit *exit, enum abi_status status, const char *message);

#endif
