// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernels with frame pointers: /proc/vmallocinfo names vmalloc's own wrappers instead of KVM. Its
 * areas are this VM's arrays if they fit the prediction. Else the checks skip: nothing is 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "host/rmap_state.h"
#include "run/measure.h"

#define HOSTS "tests/fixtures/hosts/6.12-fp-"
#define GIB (1ull << 30)
#define WRAPPER "__vmalloc_array_noprof"

/* The VM of the fixtures: before it, lazy, allocated, and after it. */
struct world {
	struct config config;
	struct slot slots[2];
	struct phase_result phases[3];
	struct run run;
};

static void read_host(const char *state, struct snapshot *snapshot)
{
	struct sources sources;
	char root[128];

	snprintf(root, sizeof(root), HOSTS "%s", state);
	sources_open(&sources, root, SOURCES_ALL);
	snapshot_take(&sources, snapshot);
	assert_true(snapshot->status[SOURCE_VMALLOCINFO].ok);
	sources_close(&sources);
	snapshot->status[SOURCE_CGROUP].ok = false;
}

static void set_world(struct world *w)
{
	static const struct kernel_facts lazy = {
		.major = 6, .minor = 12, .tdp_mmu = ANSWER_YES, .tdp = ANSWER_YES,
	};
	static const char *const names[] = { "create", "l2", "teardown" };
	static const char *const states[] = { "lazy", "allocated", "before" };

	*w = (struct world){
		.slots = { { .base = 0, .size = 3 * GIB }, { .base = 4 * GIB, .size = 61 * GIB } },
	};
	w->run.config = &w->config;
	w->run.layout = (struct layout){ .slots = w->slots, .count = 2 };
	w->run.phases = w->phases;
	w->run.phase_count = 3;
	w->run.stage = STAGE_RAN;
	model_choose(&lazy, &w->run.model);
	model_layout(&w->run.model, &w->run.layout, &w->run.at_creation, &w->run.at_transition);
	read_host("before", &w->run.before);
	for (size_t i = 0; i < 3; i++) {
		w->phases[i].name = w->phases[i].what = names[i];
		w->phases[i].done = true;
		read_host(states[i], &w->phases[i].snapshot);
	}
}

static void free_world(struct world *w)
{
	snapshot_free(&w->run.before);
	for (size_t i = 0; i < 3; i++)
		snapshot_free(&w->phases[i].snapshot);
}

static void measure(struct world *w)
{
	for (size_t i = 0; i < 3; i++)
		measure_phase(&w->run, &w->phases[i]);
	w->phases[2].state = RMAP_UNKNOWN;
	measure_transition(&w->run);
}

static void says(const struct world *w, judge *one,
		 enum result result, const char *words)
{
	struct check check = { 0 };

	one(&w->run, &check);
	if (check.result != result || !strstr(check.reason, words))
		fail_msg("%d, %s", (int)check.result, check.reason);
	/* To be root does not help against it. */
	if (strstr(words, "does not name KVM") && !strstr(check.remedy, "CONFIG_UNWINDER_FRAME_POINTER"))
		fail_msg("remedy: %s", check.remedy);
}

static void areas_that_fit_are_the_arrays(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	measure(&w);
	assert_int_equal(w.phases[0].state, RMAP_LAZY);
	assert_int_equal(w.phases[1].state, RMAP_ALLOCATED);
	assert_int_equal(w.phases[1].state_source, SOURCE_VMALLOCINFO);
	assert_int_equal(w.run.transition, 1);
	says(&w, judge_rmap_exact, RESULT_PASS, "134750208 bytes");
	says(&w, judge_tracking_exact, RESULT_PASS, "33619968 bytes");
	says(&w, judge_arrays_exact, RESULT_PASS, "143360 bytes");
	says(&w, judge_teardown, RESULT_PASS, "back to where they were");
	free_world(&w);
}

/* Somebody else's area of the same name, from the first phase on. */
static void areas_that_do_not_fit_are_nobodys(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tally_add(&w.phases[i].snapshot.wrapped, WRAPPER, 5, 1), 0);
	measure(&w);
	for (size_t i = 0; i < 3; i++) {
		assert_false(w.phases[i].measured);
		assert_int_equal(w.phases[i].state, RMAP_UNKNOWN);
	}
	says(&w, judge_rmap_exact, RESULT_SKIP, "this kernel's vmallocinfo does not name KVM");
	says(&w, judge_tracking_exact, RESULT_SKIP, "this kernel's vmallocinfo does not name KVM");
	says(&w, judge_arrays_exact, RESULT_SKIP, "this kernel's vmallocinfo does not name KVM");
	says(&w, judge_teardown, RESULT_SKIP, "this kernel's vmallocinfo does not name KVM");
	says(&w, judge_sources, RESULT_SKIP, "no two sources");
	free_world(&w);
}

static void set_others(struct world *w, uint64_t running)
{
	const struct other_vms others = { .known = true, .running = running, .set = running };

	w->run.before.other_vms = others;
	for (size_t i = 0; i < 3; i++)
		w->phases[i].snapshot.other_vms = others;
}

/* VmallocUsed supports what the areas say, and never tells alone. Other VMs would move it, too. */
static void what_the_host_uses_is_a_witness(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	set_others(&w, 0);
	measure(&w);
	says(&w, judge_sources, RESULT_PASS, "vmallocinfo, meminfo");
	set_others(&w, 1);
	measure(&w);
	says(&w, judge_sources, RESULT_SKIP, "no two sources showed the state of the rmaps, only vmallocinfo");
	set_others(&w, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tally_add(&w.phases[i].snapshot.wrapped, WRAPPER, 5, 1), 0);
	measure(&w);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(w.phases[i].state, RMAP_UNKNOWN);
	assert_int_equal(measure_state_by(&w.run, &w.phases[0], SOURCE_MEMINFO), RMAP_LAZY);
	assert_int_equal(measure_state_by(&w.run, &w.phases[1], SOURCE_MEMINFO), RMAP_ALLOCATED);
	assert_int_equal(w.run.transition, -1);
	says(&w, judge_rmap_exact, RESULT_SKIP, "this kernel's vmallocinfo does not name KVM");
	says(&w, judge_sources, RESULT_SKIP, "no two sources showed the state of the rmaps");
	/* Rmaps of a small VM are less than what others may take. */
	w.slots[1].size = GIB;
	model_layout(&w.run.model, &w.run.layout, &w.run.at_creation, &w.run.at_transition);
	measure(&w);
	assert_int_equal(measure_state_by(&w.run, &w.phases[1], SOURCE_MEMINFO), RMAP_UNKNOWN);
	free_world(&w);
}

static enum rmap_state used(struct world *w, int64_t change)
{
	struct phase_result *phase = &w->phases[1];

	for (enum array array = 0; array < ARRAY_COUNT; array++)
		if (array != ARRAY_RMAP)
			change += (int64_t)measure_expected(&w->run, phase, array, false);
	phase->snapshot.meminfo.vmalloc_used = w->run.before.meminfo.vmalloc_used + (uint64_t)change;
	return measure_state_by(&w->run, phase, SOURCE_MEMINFO);
}

/* A quarter of the rmaps is left to others at either end. */
static void what_the_host_uses_has_bounds(void **state)
{
	struct other_vms *first, *now;
	struct world w;
	int64_t rmap;

	(void)state;
	set_world(&w);
	set_others(&w, 0);
	measure(&w);
	first = &w.run.before.other_vms;
	now = &w.phases[1].snapshot.other_vms;
	rmap = (int64_t)measure_expected(&w.run, &w.phases[1], ARRAY_RMAP, true);
	assert_int_equal(used(&w, rmap / 4), RMAP_LAZY);
	assert_int_equal(used(&w, rmap / 4 + 1), RMAP_UNKNOWN);
	assert_int_equal(used(&w, rmap / 4 * 3 - 1), RMAP_UNKNOWN);
	assert_int_equal(used(&w, rmap / 4 * 3), RMAP_ALLOCATED);
	/* Others may have had a part in it. */
	w.phases[1].mixed = true;
	assert_int_equal(used(&w, rmap), RMAP_UNKNOWN);
	w.phases[1].mixed = false;
	first->known = false;
	assert_int_equal(used(&w, rmap), RMAP_UNKNOWN);
	first->known = true;
	now->known = false;
	assert_int_equal(used(&w, rmap), RMAP_UNKNOWN);
	now->known = true;
	now->running = 1;
	assert_int_equal(used(&w, rmap), RMAP_UNKNOWN);
	now->running = 0;
	now->set = 1;
	assert_int_equal(used(&w, rmap), RMAP_UNKNOWN);
	now->set = 0;
	assert_int_equal(used(&w, rmap), RMAP_ALLOCATED);
	free_world(&w);
}

/* It never makes a FAIL: nobody knows whose the memory is. */
static void what_the_host_uses_disproves_nothing(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	set_others(&w, 0);
	w.phases[0].snapshot.meminfo.vmalloc_used += GIB;
	measure(&w);
	assert_int_equal(w.phases[0].state, RMAP_LAZY);
	says(&w, judge_sources, RESULT_PASS, "vmallocinfo, meminfo");
	/* Where nothing else tells, somebody else's memory does not count as rmaps. */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tally_add(&w.phases[i].snapshot.wrapped, WRAPPER, 5, 1), 0);
	measure(&w);
	assert_int_equal(w.phases[0].state, RMAP_UNKNOWN);
	says(&w, judge_lazy_before, RESULT_SKIP, "rmaps_stat unavailable");
	free_world(&w);
}

/* The count fits and a size does not. */
static void an_array_of_another_size_does_not_fit(void **state)
{
	struct world w;

	(void)state;
	set_world(&w);
	w.slots[0].size += 2 << 20;
	measure(&w);
	assert_false(w.phases[1].measured);
	free_world(&w);
}

/* A kernel that does name KVM: others' areas in wrappers are none of its business. */
static void named_arrays_are_measured_by_name(void **state)
{
	struct tally_entry lpage[] = { { "kvm_arch_prepare_memory_region", 1, 2 },
				       { "kvm_arch_prepare_memory_region", 2, 1 },
				       { "kvm_arch_prepare_memory_region", 31, 1 } };
	struct world w;

	(void)state;
	set_world(&w);
	tally_free(&w.phases[0].snapshot.vmalloc);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tally_add(&w.phases[0].snapshot.vmalloc, lpage[i].function,
					   lpage[i].pages, lpage[i].count), 0);
	assert_int_equal(tally_add(&w.phases[2].snapshot.wrapped, WRAPPER, 5, 1), 0);
	measure_phase(&w.run, &w.phases[0]);
	assert_false(w.phases[0].wrapped);
	assert_true(w.phases[0].measured);
	assert_int_equal(w.phases[0].held.bytes[ARRAY_LPAGE_INFO], 143360);
	measure_phase(&w.run, &w.phases[2]);
	assert_true(w.phases[2].measured);
	says(&w, judge_teardown, RESULT_PASS, "back to where they were");
	free_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(areas_that_fit_are_the_arrays),
		cmocka_unit_test(areas_that_do_not_fit_are_nobodys),
		cmocka_unit_test(what_the_host_uses_is_a_witness),
		cmocka_unit_test(what_the_host_uses_disproves_nothing),
		cmocka_unit_test(what_the_host_uses_has_bounds),
		cmocka_unit_test(an_array_of_another_size_does_not_fit),
		cmocka_unit_test(named_arrays_are_measured_by_name),
	};

	return cmocka_run_group_tests_name("wrapped", tests, NULL, NULL);
}
