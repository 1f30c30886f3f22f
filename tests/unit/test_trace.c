// SPDX-License-Identifier: GPL-2.0-only
/* Entries and returns of several threads become times; a sweep's points become configs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cmd/sweep.h"
#include "run/trace.h"

struct event {
	enum trace_event what;
	int64_t tid;
	uint64_t ns, pages;
};

static void replay(const struct event *events, size_t count, struct trace *trace)
{
	struct trace_reader reader = { .trace = trace };

	*trace = (struct trace){ 0 };
	for (size_t i = 0; i < count; i++)
		trace_take(&reader, events[i].what, events[i].tid, events[i].ns, events[i].pages);
	assert_int_equal(reader.error, 0);
	free(reader.threads);
}
#define REPLAY(events, trace) replay(events, sizeof(events) / sizeof((events)[0]), trace)

/* One vCPU makes them while another waits in its own load; then both load again. */
static void the_load_that_made_them_counts(void **state)
{
	static const struct event events[] = {
		{ TRACE_LOAD, 7, 10, 0 }, { TRACE_LOAD_END, 7, 20, 0 },
		{ TRACE_LOAD, 7, 100, 0 }, { TRACE_LOAD, 8, 101, 0 },
		{ TRACE_RMAP, 7, 110, 786432 }, { TRACE_RMAP_END, 7, 150, 0 },
		{ TRACE_TRACKING, 7, 151, 0 }, { TRACE_TRACKING_END, 7, 161, 0 },
		{ TRACE_RMAP, 7, 170, 15990784 }, { TRACE_RMAP_END, 7, 370, 0 },
		{ TRACE_TRACKING, 7, 371, 0 }, { TRACE_TRACKING_END, 7, 391, 0 },
		{ TRACE_LOAD_END, 7, 400, 0 }, { TRACE_LOAD_END, 8, 405, 0 },
		{ TRACE_LOAD, 7, 900, 0 }, { TRACE_LOAD_END, 7, 901, 0 },
	};
	struct trace trace;

	(void)state;
	REPLAY(events, &trace);
	assert_int_equal(trace.load_ns, 300);
	assert_int_equal(trace.rmap.count, 2);
	assert_int_equal(trace.rmap.total_ns, 240);
	assert_int_equal(trace.rmap.max_ns, 200);
	assert_int_equal(trace.tracking.count, 2);
	assert_int_equal(trace.tracking.total_ns, 30);
	assert_int_equal(trace.slot_count, 2);
	assert_int_equal(trace.slots[0].pages, 786432);
	assert_int_equal(trace.slots[1].rmap_ns, 200);
	trace_free(&trace);
}

/* An eager host makes them in an ioctl; a full buffer loses entries, never invents calls. */
static void outside_a_load_and_half_calls(void **state)
{
	static const struct event events[] = {
		{ TRACE_RMAP_END, 7, 5, 0 }, { TRACE_TRACKING_END, 7, 6, 0 },
		{ TRACE_LOAD_END, 7, 7, 0 },
		{ TRACE_RMAP, 7, 10, 16 }, { TRACE_RMAP_END, 7, 12, 0 },
		{ TRACE_LOAD, 7, 20, 0 }, { TRACE_LOAD_END, 7, 30, 0 },
		{ TRACE_RMAP, 7, 40, 16 },
	};
	struct trace trace;

	(void)state;
	REPLAY(events, &trace);
	assert_int_equal(trace.load_ns, 0);
	assert_int_equal(trace.rmap.count, 1);
	assert_int_equal(trace.tracking.count, 0);
	assert_int_equal(trace.slot_count, 1);
	trace_free(&trace);
}

static void the_floor_grows_with_the_bytes(void **state)
{
	(void)state;
	assert_int_equal(trace_floor(0), 0);
	assert_true(trace_floor(1 << 20) > 0);
	assert_true(trace_floor(256 << 20) > trace_floor(1 << 20));
}

static void assert_config(uint64_t size, uint64_t slots, const char *words)
{
	char *text = sweep_config(size, slots);

	assert_non_null(text);
	if (!strstr(text, words))
		fail_msg("no \"%s\" in:\n%s", words, text);
	free(text);
}

static void points_become_configs(void **state)
{
	(void)state;
	assert_config(1ull << 30, 1, "base = 0\nsize = 1073741824\n[phase");
	/* One slot that would lie over the hole below 4 GiB begins above it. */
	assert_config(64ull << 30, 1, "base = 4294967296\nsize = 68719476736\n[phase");
	/* 1 GiB in 3: half of it in two equal slots. */
	assert_config(1ull << 30, 3, "base = 0\nsize = 536870912\n[memslot.row]\n"
				     "base = 4294967296\nsize = 268435456\ncount = 2\n");
	/* What does not divide goes to the first. */
	assert_config(64ull << 20, 1000, "size = 34373632\n[memslot.row]\nbase = 4294967296\n"
					 "size = 32768\ncount = 999\n");
	assert_null(sweep_config(64ull << 20, 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_load_that_made_them_counts),
		cmocka_unit_test(outside_a_load_and_half_calls),
		cmocka_unit_test(the_floor_grows_with_the_bytes),
		cmocka_unit_test(points_become_configs),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
