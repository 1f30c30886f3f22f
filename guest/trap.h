/* SPDX-License-Identifier: GPL-2.0-only */
/* Exceptions in L1: each is reported to the VMM, and the vCPU halts. */
#ifndef TRAP_H
#define TRAP_H

struct cpu;

/* Loads a GDT, TSS and IDT of the vCPU's own; exceptions are reported from then on. */
void trap_init(struct cpu *cpu);
/* Causes an exception while there is no IDT. */
_Noreturn void trap_triple_fault(void);

#endif
