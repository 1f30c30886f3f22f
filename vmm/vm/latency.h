/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A distribution of times in fixed memory: 64 buckets per power of two, so that a quantile is
 * within 1 % of the true one. The minimum, the maximum and the mean are exact.
 */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS (59 * 64)

struct latency {
	uint64_t count, sum_ns, min_ns, max_ns;
	uint64_t buckets[LATENCY_BUCKETS];
};

struct latency_summary {
	uint64_t n, min_ns, mean_ns, median_ns, p99_ns, max_ns;	/* all 0 for n = 0 */
};

void latency_add(struct latency *latency, uint64_t ns);
void latency_merge(struct latency *into, const struct latency *from);
void latency_summarize(const struct latency *latency, struct latency_summary *summary);

#endif
