// SPDX-License-Identifier: GPL-2.0-only
#include "report/plan_report.h"

#include "base/value.h"
#include "report/report.h"
#include "report/report_slots.h"

#ifndef MINIVMM_VERSION
#define MINIVMM_VERSION "0.1.0-dev"
#endif

/* As in report_build.c: a NULL anywhere makes json_pack() fail, and with it the whole. */

static json_t *answer_json(enum answer answer)
{
	return answer == ANSWER_UNKNOWN ? json_null() : json_boolean(answer == ANSWER_YES);
}

static json_t *fraction_json(uint64_t part, uint64_t whole)
{
	return whole ? json_real((double)part / (double)whole) : json_null();
}

static json_t *model_json(const struct model *model)
{
	return json_pack("{s:o, s:o, s:b, s:b, s:b}",
			 "name", value_text(model->name),
			 "why", value_text(model->why),
			 "rmap_lazy", model->rmap_lazy,
			 "tracking_lazy", model->tracking_lazy,
			 "whole_pages", model->whole_pages);
}

static json_t *refusal_json(const struct layout *layout, const struct refusal *refusal)
{
	char slot[CONFIG_NAME_MAX + 16], why[256];

	if (!refusal->slot)
		return json_null();
	faults_refusal_text(refusal, why, sizeof(why));
	return json_pack("{s:s, s:s, s:o, s:s, s:b, s:s, s:s}",
			 "slot", slot_name(layout, refusal->slot, slot),
			 "array", array_name(refusal->array.array),
			 "bytes", value_u64(refusal->array.bytes),
			 "at", refusal->at_creation ? "creation" : "transition",
			 "certain", refusal->refused == ANSWER_YES,
			 "why", why,
			 "remedy", faults_refusal_remedy);
}

static json_t *assumptions_json(const struct kernel_facts *facts)
{
	char text[512];

	kernel_assumptions(facts, text, sizeof(text));
	return value_text(*text ? text : NULL);
}

/* What memory.max has to be: everything that is charged, and what is not known as nothing. */
static uint64_t memory_max(const struct plan_cost *cost, const struct plan_scale *scale)
{
	return cost->memory + scale->vmm.value + cost->creation_charge + cost->tdp_bytes +
	       cost->headroom_bytes;
}

static json_t *sum_json(const struct plan_cost *cost, const struct plan_scale *scale)
{
	uint64_t one = memory_max(cost, scale);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "guest_bytes", value_u64(cost->memory),
			 "vmm_bytes", value_known(scale->vmm.known, scale->vmm.value),
			 "creation_bytes", value_u64(cost->creation_charge),
			 "tdp_bytes", value_u64(cost->tdp_bytes),
			 "first_entry_bytes", value_u64(cost->first_entry_bytes),
			 "shadow_bytes", value_u64(cost->shadow_bytes),
			 "memory_max_bytes", value_u64(one),
			 "vms", value_u64(scale->vms),
			 "all_bytes", value_u64(one * scale->vms));
}

static json_t *cost_json(const struct layout *layout, const struct plan_kernel *kernel,
			 const struct plan_cost *cost, const struct plan_scale *scale)
{
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:o, s:o}",
			 "kernel", value_text(kernel->name),
			 "assumed", kernel->assumed,
			 "vendor", value_text(kernel->facts.vendor),
			 "distributions", value_text(kernel->distributions),
			 "assumptions", assumptions_json(&kernel->facts),
			 "remark", value_text(kernel->remark),
			 "refused", refusal_json(layout, &cost->refusal),
			 "model", model_json(&cost->model),
			 "creation", footprint_json(&cost->creation, true),
			 "transition", footprint_json(&cost->transition, true),
			 "creation_bytes", value_u64(footprint_total(&cost->creation)),
			 "transition_bytes", value_u64(footprint_total(&cost->transition)),
			 "transition_slab_bytes", value_u64(cost->model.transition_slab),
			 "tdp_bytes", value_u64(cost->tdp_bytes),
			 "shadow_bytes", value_u64(cost->shadow_bytes),
			 "first_entry_bytes", value_u64(cost->first_entry_bytes),
			 "headroom_bytes", value_u64(cost->headroom_bytes),
			 "headroom_fraction", fraction_json(cost->headroom_bytes, cost->memory),
			 "common_reserve_bytes", value_u64(cost->common_reserve),
			 "vcpus", value_u64(layout->config->vm.vcpus),
			 "sum", sum_json(cost, scale));
}

static json_t *costs_json(const struct layout *layout, const struct plan_kernel *kernels,
			  const struct plan_cost *costs, size_t count,
			  const struct plan_scale *scale)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < count; i++) {
		if (json_array_append_new(list, cost_json(layout, &kernels[i], &costs[i], scale))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The running kernel, or the one assumed: then nothing is known of its host. */
static json_t *host_json(const struct host *host, const struct plan_kernel *kernel)
{
	const struct kernel_facts *facts = &kernel->facts;

	return json_pack("{s:o, s:b, s:o, s:o, s:{s:o, s:o, s:o}, s:s}",
			 "kernel", value_text(kernel->name),
			 "assumed", kernel->assumed,
			 "hostname", value_text(host ? host->hostname : NULL),
			 "cpu_vendor", value_text(host ? host->cpu_vendor : NULL),
			 "kvm",
				 "tdp_mmu", answer_json(facts->tdp_mmu),
				 "tdp", answer_json(facts->tdp),
				 "nested", answer_json(host ? host->nested : ANSWER_UNKNOWN),
			 "rmap_policy", kernel_is_eager(facts) ? "eager" : "lazy");
}

static json_t *predicted_json(const struct layout *layout, const struct plan_cost *cost)
{
	uint64_t heads[3];

	model_rmap_heads(layout, heads);
	return json_pack("{s:o, s:o, s:o, s:[o, o, o]}",
			 "creation", footprint_json(&cost->creation, true),
			 "transition", footprint_json(&cost->transition, true),
			 "transition_slab_bytes", value_u64(cost->model.transition_slab),
			 "rmap_heads", value_u64(heads[0]), value_u64(heads[1]), value_u64(heads[2]));
}

json_t *plan_report(const struct layout *layout, const struct host *host,
		    const struct plan_kernel *kernels, const struct plan_cost *costs, size_t count,
		    const struct plan_scale *scale)
{
	const struct plan_cost *last = &costs[count - 1];
	json_t *config = scale->echo ? config_json(layout->config) : NULL;

	if (scale->echo && !config)
		return NULL;
	return json_pack("{s:s, s:{s:s}, s:o*, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "schema", REPORT_SCHEMA,
			 "tool", "version", MINIVMM_VERSION,
			 "config", config,
			 "host", host_json(host, &kernels[count - 1]),
			 "memory_bytes", value_u64(last->memory),
			 "model", model_json(&last->model),
			 "predicted", predicted_json(layout, last),
			 "slots", report_slots_json(layout, &last->model),
			 "plan", costs_json(layout, kernels, costs, count, scale));
}

bool plan_report_is(const json_t *report)
{
	return json_array_size(value_at(report, "plan")) > 0;
}
