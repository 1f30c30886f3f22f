/* SPDX-License-Identifier: GPL-2.0-only */
/* What a layout costs on a kernel, the running one or any other. Pure arithmetic. */
#ifndef PLAN_H
#define PLAN_H

#include "config/layout.h"
#include "model/faults.h"
#include "model/model.h"

/*
 * What a vCPU adds when it first runs L2: shadow pages and their gfn arrays are allocated 40
 * ahead (KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE), and the nested state takes some pages.
 */
#define PLAN_VCPU_BYTES (256ull << 10)

struct plan_kernel {
	char name[64];			/* "6.1-amd64" */
	bool assumed;			/* not the running one */
	const char *distributions;	/* which have kernels of this model, NULL: nobody asked */
	const char *remark;		/* what the planner should know, NULL: nothing */
	struct kernel_facts facts;
};

struct plan_cost {
	struct model model;
	uint64_t memory;		/* layout_memory() */
	struct footprint creation, transition;
	/* Page tables, where every page of the VM is mapped as 4K. */
	uint64_t tdp_bytes;
	uint64_t shadow_bytes;		/* of an L2 that maps as much as the VM has */
	/* What the cgroup pays when L2 runs first: arrays without page-pointer arrays, slab, vCPUs. */
	uint64_t first_entry_bytes;
	uint64_t headroom_bytes;	/* and while L2 maps all: plus shadow_bytes */
	uint64_t creation_charge;	/* what a cgroup is charged for with the slots */
	uint64_t common_reserve;	/* memory / 512, what orchestrators set aside for page tables */
	struct refusal refusal;		/* its slot is NULL: the kernel refuses nothing */
};

/* "newest", or what kernel_assumed() takes. False: neither. */
bool plan_kernel_parse(const char *text, struct plan_kernel *kernel);
/* One kernel of each model, and who has such kernels: what --kernel all stands for. */
#define PLAN_KERNELS 11
void plan_kernels(struct plan_kernel kernels[PLAN_KERNELS]);
/* The running kernel, by its facts. Says so if they are of a host whose VMs are not lazy. */
void plan_kernel_running(const struct kernel_facts *facts, const char *release,
			 struct plan_kernel *kernel);
/* Somebody knows the parameter kvm.tdp_mmu. */
void plan_say_tdp_mmu(struct plan_kernel *kernel, bool on);

void plan_cost(const struct layout *layout, const struct plan_kernel *kernel,
	       struct plan_cost *cost);

/* Moves the kernel that needs the most headroom to the end. Others keep their order. */
void plan_worst_last(struct plan_kernel *kernels, struct plan_cost *costs, size_t count);

/*
 * Shadow pages of an L2 that maps as much as the VM has, by the layout's slots and by_base alone. sets: of nested
 * tables, which map the same.
 */
uint64_t plan_shadow_bytes(const struct layout *layout, uint64_t sets);

#endif
