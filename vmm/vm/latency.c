// SPDX-License-Identifier: GPL-2.0-only
#include "vm/latency.h"

#define SUB_BITS 6
#define SUBS (1u << SUB_BITS)

/* Each time below 64 ns has its own bucket; above, its highest seven bits choose one. */
static unsigned int bucket_of(uint64_t ns)
{
	unsigned int shift;

	if (ns < SUBS)
		return (unsigned int)ns;
	shift = 63 - SUB_BITS - (unsigned int)__builtin_clzll(ns);
	return (shift + 1) * SUBS + (unsigned int)(ns >> shift & (SUBS - 1));
}

/* The time in the middle of a bucket. */
static uint64_t bucket_ns(unsigned int bucket)
{
	unsigned int shift = bucket / SUBS;

	if (!shift)
		return bucket;
	shift--;
	return ((uint64_t)(SUBS + bucket % SUBS) << shift) + ((1ull << shift) >> 1);
}

void latency_add(struct latency *latency, uint64_t ns)
{
	if (!latency->count || ns < latency->min_ns)
		latency->min_ns = ns;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
	/* The only figure that other threads read meanwhile: the progress line shows passes. */
	__atomic_store_n(&latency->count, latency->count + 1, __ATOMIC_RELAXED);
	latency->sum_ns += ns;
	latency->buckets[bucket_of(ns)]++;
}

void latency_merge(struct latency *into, const struct latency *from)
{
	if (!from->count)
		return;
	if (!into->count || from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	into->count += from->count;
	into->sum_ns += from->sum_ns;
	for (unsigned int i = 0; i < LATENCY_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

/* The rank-th smallest time, counted from 1. */
static uint64_t at_rank(const struct latency *latency, uint64_t rank)
{
	uint64_t seen = 0, ns;
	unsigned int bucket = 0;

	while (bucket < LATENCY_BUCKETS - 1 && (seen += latency->buckets[bucket]) < rank)
		bucket++;
	ns = bucket_ns(bucket);
	if (ns < latency->min_ns)
		return latency->min_ns;
	return ns > latency->max_ns ? latency->max_ns : ns;
}

void latency_summarize(const struct latency *latency, struct latency_summary *summary)
{
	uint64_t n = latency->count;

	*summary = (struct latency_summary){ 0 };
	if (!n)
		return;
	*summary = (struct latency_summary){
		.n = n, .min_ns = latency->min_ns, .mean_ns = latency->sum_ns / n, .max_ns = latency->max_ns,
		.median_ns = at_rank(latency, (n + 1) / 2),
		.p99_ns = at_rank(latency, n - n / 100),
	};
}
