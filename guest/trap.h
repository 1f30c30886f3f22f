/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions in L1: each is reported to the VMM and ends the vCPU. */
#ifndef TRAP_H
#define TRAP_H

struct cpu;

/* GDT, TSS and IDT of this vCPU, in its block, and the segment registers to match. */
void trap_init(struct cpu *cpu);
/* Goes about an exception without the IDT it needs. */
_Noreturn void trap_triple_fault(void);

#endif
