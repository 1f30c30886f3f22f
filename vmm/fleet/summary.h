/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is compared of a report among reports of many hosts. It owns its texts, so
 * that hundreds of reports need not stay in memory.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <jansson.h>

#include "base/amount.h"

/* Reports that are alike in all of them are one group. */
enum fact {
	FACT_RESULT, FACT_REASON, FACT_KERNEL, FACT_VENDOR, FACT_CPU, FACT_TDP_MMU, FACT_TDP,
	FACT_NESTED, FACT_POLICY, FACT_VM, FACT_COUNT
};

struct summary {
	char *file, *hostname;
	char *facts[FACT_COUNT];	/* "-" where the report does not say */
	/* Bytes of all arrays that the slots, and that the first shadow root brought. */
	struct amount creation, creation_predicted;
	struct amount transition, transition_predicted;
	struct amount duration;		/* ns of the entry that made the rmaps */
};

enum exactness { EXACT_UNKNOWN, EXACT_YES, EXACT_NO };

/* "tdp_mmu": as JSON and tables name it */
const char *fact_name(enum fact fact);

/* 0 or -ENOMEM; free it in either case. */
int summary_read(const json_t *report, const char *file, struct summary *summary);
void summary_free(struct summary *summary);

/* Measured as predicted, both at creation and at the transition? */
enum exactness summary_exact(const struct summary *summary);

#endif
