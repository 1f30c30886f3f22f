// SPDX-License-Identifier: GPL-2.0-only
/* Quantiles of a histogram are those of the values, within its precision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "vm/latency.h"

static struct latency *make(void)
{
	struct latency *latency = calloc(1, sizeof(*latency));

	assert_non_null(latency);
	return latency;
}

static void assert_near(uint64_t got, uint64_t want)
{
	uint64_t off = got > want ? got - want : want - got;

	if (off > want / 100)
		fail_msg("%llu is not within 1%% of %llu", (unsigned long long)got,
			 (unsigned long long)want);
}

static void nothing_is_all_zero(void **state)
{
	struct latency *latency = make();
	struct latency_summary s;

	(void)state;
	latency_summarize(latency, &s);
	assert_true(!s.n && !s.min_ns && !s.mean_ns && !s.median_ns && !s.p99_ns && !s.max_ns);
	free(latency);
}

static void one_value_is_every_quantile(void **state)
{
	static const uint64_t values[] = { 0, 1, 63, 64, 65, 127, 128, 999, 123456789,
					   1ull << 40, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct latency *latency = make();
		struct latency_summary s;

		latency_add(latency, values[i]);
		latency_summarize(latency, &s);
		assert_true(s.n == 1 && s.min_ns == values[i] && s.mean_ns == values[i] && s.median_ns == values[i] &&
			    s.p99_ns == values[i] && s.max_ns == values[i]);
		free(latency);
	}
}

static void quantiles_of_a_range(void **state)
{
	struct latency *latency = make();
	struct latency_summary s;

	(void)state;
	for (uint64_t i = 1; i <= 100000; i++)
		latency_add(latency, i * 1000);
	latency_summarize(latency, &s);
	assert_int_equal(s.n, 100000);
	assert_int_equal(s.min_ns, 1000);
	assert_int_equal(s.max_ns, 100000000);
	assert_int_equal(s.mean_ns, 50000500);
	assert_near(s.median_ns, 50000000);
	assert_near(s.p99_ns, 99000000);
	free(latency);
}

static void merged_is_as_if_added_to_one(void **state)
{
	struct latency *a = make(), *b = make();
	struct latency_summary s;

	(void)state;
	for (uint64_t i = 0; i < 99; i++)
		latency_add(a, 5000);
	latency_add(b, 7);
	latency_merge(a, b);
	*b = (struct latency){ 0 };
	latency_merge(a, b);	/* of nothing: no change, not even of the least */
	latency_summarize(a, &s);
	assert_true(s.n == 100 && s.min_ns == 7 && s.max_ns == 5000);
	assert_int_equal(s.mean_ns, (99 * 5000 + 7) / 100);
	assert_near(s.median_ns, 5000);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_all_zero),
		cmocka_unit_test(one_value_is_every_quantile),
		cmocka_unit_test(quantiles_of_a_range),
		cmocka_unit_test(merged_is_as_if_added_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
