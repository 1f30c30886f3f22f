// SPDX-License-Identifier: GPL-2.0-only
#include "model/plan.h"

#include <stdio.h>
#include <string.h>

#define PAGE 4096ull
/* kvm_mmu_calculate_default_mmu_pages(): never more shadow pages than 2 % of the VM's, or 64. */
#define SHADOW_PERMILLE 20
#define SHADOW_LEAST 64

/* One kernel of each model, in the order of mainline. Text fits the table of report_text_plan.c. */
static const struct {
	const char *release, *distributions;
} examples[] = {
	{ "5.10", "Debian 11" },
	{ "5.10.100", "5.10.y before 5.10.210" },
	{ "5.15", "Ubuntu 22.04, UEK 7" },
	{ "5.15.149", "5.15.149 and newer, WSL2" },
	{ "4.18.0-553.el8", "RHEL 8.7 to 8.10" },
	{ "5.17", "5.16 and 5.17" },
	{ "5.14.0-570.el9", "RHEL 9.3 and newer" },
	{ "6.1-cloud-amd64", "Debian 12 cloud, Amazon 2023" },
	{ "6.1-amd64", "Debian 12, Ubuntu 24.04, SUSE 15 SP6, Proxmox 8" },
	{ "6.12", "Debian 13, RHEL 10, UEK 8, Proxmox 9" },
	{ "newest", "mainline" },
};
_Static_assert(sizeof(examples) / sizeof(examples[0]) == PLAN_KERNELS, "PLAN_KERNELS");

bool plan_kernel_parse(const char *text, struct plan_kernel *kernel)
{
	*kernel = (struct plan_kernel){ .assumed = true };
	if (strlen(text) >= sizeof(kernel->name))
		return false;
	strcpy(kernel->name, text);
	return kernel_assumed(strcmp(text, "newest") ? text : "7.3", &kernel->facts);
}

void plan_kernels(struct plan_kernel kernels[PLAN_KERNELS])
{
	for (size_t i = 0; i < PLAN_KERNELS; i++) {
		plan_kernel_parse(examples[i].release, &kernels[i]);
		kernels[i].distributions = examples[i].distributions;
	}
}

void plan_kernel_running(const struct kernel_facts *facts, const char *release,
			 struct plan_kernel *kernel)
{
	*kernel = (struct plan_kernel){ .facts = *facts };
	snprintf(kernel->name, sizeof(kernel->name), "%.63s", release);
	switch (kernel_eager_cause(facts)) {
	case EAGER_WITHOUT_TDP:
		kernel->remark = "this machine's kvm has two-dimensional paging off, and the plan is "
				 "for such a host: for another say --kernel";
		break;
	case EAGER_WITHOUT_TDP_MMU:
		if (!(facts->assumed & ASSUMED_TDP_MMU))
			kernel->remark = "this machine's kvm has the TDP MMU off, and the plan is for "
					 "such a host: for one that has it on say --tdp-mmu on";
		break;
	default:
		break;
	}
}

void plan_say_tdp_mmu(struct plan_kernel *kernel, bool on)
{
	kernel_say_tdp_mmu(&kernel->facts, on);
	if (kernel->facts.tdp != ANSWER_NO)
		kernel->remark = NULL;
}

void plan_worst_last(struct plan_kernel *kernels, struct plan_cost *costs, size_t count)
{
	size_t worst = 0;
	struct plan_kernel kernel;
	struct plan_cost cost;

	for (size_t i = 1; i < count; i++)
		if (costs[i].headroom_bytes >= costs[worst].headroom_bytes)
			worst = i;
	kernel = kernels[worst];
	cost = costs[worst];
	for (; worst + 1 < count; worst++) {
		kernels[worst] = kernels[worst + 1];
		costs[worst] = costs[worst + 1];
	}
	kernels[worst] = kernel;
	costs[worst] = cost;
}

/* Tables that map every page of space normal, without the root: one for each 2M, 1G, 512G, ... */
static uint64_t table_pages(const struct layout *layout)
{
	uint64_t pages = 0;

	for (unsigned int shift = 21; shift <= 39; shift += 9)
		pages += layout_regions(layout, shift, SLOT_PLUGGED);
	if (layout->top > 1ull << 48)
		pages += layout_regions(layout, 48, SLOT_PLUGGED);
	return pages;
}

/* How many sets of nested tables the guest has. */
static uint64_t table_sets(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (config->phases[i].own_tables)
			return config->vm.vcpus;
	return 1;
}

/* An indirect shadow page has a page of gfns beside it: kvm_mmu_alloc_shadow_page(). */
uint64_t plan_shadow_bytes(const struct layout *layout, uint64_t sets)
{
	uint64_t tables = table_pages(layout) * sets, pages = 0, most;

	for (size_t i = 0; i < layout->count; i++)
		pages += layout->slots[i].size / PAGE;
	most = pages * SHADOW_PERMILLE / 1000;
	if (most < SHADOW_LEAST)
		most = SHADOW_LEAST;
	return 2 * (tables < most ? tables : most) * PAGE + PAGE;
}

void plan_cost(const struct layout *layout, const struct plan_kernel *kernel,
	       struct plan_cost *cost)
{
	struct footprint at_creation, at_transition;

	*cost = (struct plan_cost){ .memory = layout_memory(layout) };
	model_choose(&kernel->facts, &cost->model);
	model_layout(&cost->model, layout, &cost->creation, &cost->transition);
	model_charged(&cost->model, layout, &at_creation, &at_transition);
	cost->tdp_bytes = (table_pages(layout) + 1) * PAGE;
	cost->shadow_bytes = plan_shadow_bytes(layout, table_sets(layout->config));
	cost->first_entry_bytes = footprint_total(&at_transition) + cost->model.transition_slab +
				  layout->config->vm.vcpus * PLAN_VCPU_BYTES;
	cost->headroom_bytes = cost->first_entry_bytes + cost->shadow_bytes;
	cost->creation_charge = footprint_total(&at_creation);
	cost->common_reserve = cost->memory / 512;
	if (!faults_refused(&cost->model, layout, &cost->refusal))
		cost->refusal.slot = NULL;
}
