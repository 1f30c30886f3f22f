/* SPDX-License-Identifier: GPL-2.0-only */
/* What a layout costs on a kernel, the running one or any other. Pure arithmetic. */
#ifndef PLAN_H
#define PLAN_H

#include "config/layout.h"
#include "host/host.h"
#include "model/model.h"

struct plan_kernel {
	char name[64];			/* "6.1-amd64" */
	bool assumed;			/* not the running one */
	struct kernel_facts facts;
};

struct plan_cost {
	struct model model;
	uint64_t memory;		/* bytes of guest memory, aliases counted once */
	struct footprint creation, transition;
	/* Page tables, where every page of the VM is mapped as 4K. */
	uint64_t tdp_bytes;
	uint64_t shadow_bytes;		/* of an L2 that maps as much as the VM has */
	/* What the cgroup pays when L2 runs first: arrays without page-pointer arrays, slab, vCPUs. */
	uint64_t first_entry_bytes;
	uint64_t headroom_bytes;	/* and while L2 maps all: plus shadow_bytes */
	uint64_t common_reserve;	/* memory / 512, what orchestrators set aside for page tables */
};

/* "newest", or what kernel_assumed() takes. False: neither. */
bool plan_kernel_parse(const char *text, struct plan_kernel *kernel);
/* One kernel of each model: what --kernel all stands for. */
#define PLAN_KERNELS 8
extern const char *const plan_kernels[PLAN_KERNELS];

void plan_cost(const struct layout *layout, const struct plan_kernel *kernel,
	       struct plan_cost *cost);

#endif
