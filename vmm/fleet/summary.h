/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a report that is compared with the reports of other hosts. It has copies of its
 * texts, so that hundreds of reports need not stay in memory.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include <jansson.h>

#include "base/amount.h"

/* Reports that have the same value of each are one group. */
enum fact {
	FACT_RESULT, FACT_REASON, FACT_KERNEL, FACT_VENDOR, FACT_CPU, FACT_TDP_MMU, FACT_TDP,
	FACT_NESTED, FACT_POLICY, FACT_VM, FACT_COUNT
};

struct summary {
	char *file, *hostname;
	char *facts[FACT_COUNT];	/* "-" if it is unknown */
	/* Bytes of all arrays, allocated with the slots and with the first shadow root. */
	struct amount creation, creation_predicted;
	struct amount transition, transition_predicted;
	struct amount duration;		/* ns of the entry that allocated the rmaps */
};

enum exactness { EXACT_UNKNOWN, EXACT_YES, EXACT_NO };

/* "tdp_mmu": its name in JSON and tables. */
const char *fact_name(enum fact fact);

/* 0 or -ENOMEM; call summary_free() in either case. */
int summary_read(const json_t *report, const char *file, struct summary *summary);
void summary_free(struct summary *summary);

/* "64 GiB in 2 slots"; "-" if there are none. NULL: no memory. The caller frees it. */
char *summary_vm(const json_t *report);
/* Its text, or null if it is unknown. NULL: no memory. */
json_t *summary_fact(const struct summary *summary, enum fact fact);

/* Are the measured bytes those predicted, at creation and at the transition? */
enum exactness summary_exact(const struct summary *summary);

#endif
