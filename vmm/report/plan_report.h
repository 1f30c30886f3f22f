/* SPDX-License-Identifier: GPL-2.0-only */
/* A plan as a report: the same schema as a run's, with "plan" for what was run. */
#ifndef PLAN_REPORT_H
#define PLAN_REPORT_H

#include <jansson.h>
#include <stdbool.h>

#include "host/snapshot.h"
#include "model/plan.h"

/* What the planner knows beside the layout, and wants. */
struct plan_scale {
	uint64_t vms;		/* equal ones */
	struct figure vmm;	/* bytes that a VMM was seen to have for itself */
	/* "config" as well: of 32,764 sections it is a third of the plan's memory, and no text shows it. */
	bool echo;
};

/*
 * One entry of "plan" per cost; "slots" and "predicted" are by the last one's model. host NULL:
 * no kernel but assumed ones. NULL: out of memory.
 */
json_t *plan_report(const struct layout *layout, const struct host *host,
		    const struct plan_kernel *kernels, const struct plan_cost *costs, size_t count,
		    const struct plan_scale *scale);
/* Nothing was run: it has no result, no checks and no phases. */
bool plan_report_is(const json_t *report);

#endif
