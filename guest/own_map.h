/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NPT/EPT tables of one vCPU alone, which L1 changes while L2 uses them. A copy of the shared
 * ones as far as it has to be: from the root to the 2M pages of one GiB.
 */
#ifndef OWN_MAP_H
#define OWN_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "minivmm_pt.h"

struct cpu;

struct own_map {
	struct pt_format format;
	uint64_t shared_root;
	uint64_t gpa;		/* in the GiB whose 2M pages are its own */
	bool churns;		/* entries come and go */
};

/* False: no memory is mapped at gpa. The root is then at CPU_PAGE_OWN_ROOT. */
bool own_map_make(struct cpu *cpu, struct pt_format format, uint64_t shared_root, uint64_t gpa);
/* Has the 2M at gpa, one page of L1's 512 times. */
void own_map_alias(struct cpu *cpu, uint64_t gpa, uint64_t target);
/* Takes away the GiB's entry, and those of the 2M pages that L2 has used. */
void own_map_forget(struct cpu *cpu);
/* Gives back what L2 missed at gpa; false: nothing was taken away there. */
bool own_map_give(struct cpu *cpu, uint64_t gpa);

#endif
