/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs made by hand, on which test_verdict*.c see every check green, red and skipped, and how to look at their verdicts. */
#ifndef VERDICT_SCENES_H
#define VERDICT_SCENES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"

#define T(name) cmocka_unit_test_setup_teardown(name, setup, cleanup)

enum { CREATE, BOOT, CONTROL, TRANSITION, TEARDOWN, PHASES };

/* A run as configs/transition.ini makes it on a lazy host where all is well. */
struct world {
	struct config config;
	struct phase_cfg cfgs[3];
	struct phase_result phases[PHASES];
	struct run run;
};

static inline void all_sources_ok(struct snapshot *snapshot)
{
	for (int source = 0; source < SOURCE_COUNT; source++)
		snapshot->status[source].ok = true;
	snapshot->other_vms.known = true;
	/* It is asked only where the others leave something unexplained. */
	snapshot->status[SOURCE_MEMSLOTS].ok = false;
	snprintf(snapshot->status[SOURCE_MEMSLOTS].why, SOURCE_WHY, "not needed");
}

static inline void set_phase(struct world *w, int index, const char *what, struct phase_cfg *cfg)
{
	struct phase_result *phase = &w->phases[index];

	phase->cfg = cfg;
	phase->what = what;
	phase->name = cfg ? cfg->name : what;
	phase->done = phase->measured = true;
	phase->state = index < TRANSITION ? RMAP_LAZY : RMAP_ALLOCATED;
	all_sources_ok(&phase->snapshot);
}

static inline void good_host(struct run *run)
{
	snprintf(run->host.kernel, sizeof(run->host.kernel), "6.12.0-test");
	snprintf(run->host.module, sizeof(run->host.module), "kvm_amd");
	run->host.tdp_mmu = run->host.tdp = run->host.nested = ANSWER_YES;
	run->stage = STAGE_RAN;
	run->nesting = true;
	run->policy = RMAP_LAZY;
	run->transition = TRANSITION;
	run->model.rmap_lazy = run->model.tracking_lazy = true;
	run->at_transition.bytes[ARRAY_RMAP] = 1000 * 4096;
	run->at_transition.bytes[ARRAY_TRACKING] = 100 * 4096;
	run->heads[0] = 512000;
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	for (int i = 0; i < 3; i++)
		snprintf(w->cfgs[i].name, sizeof(w->cfgs[i].name), "p%d", i);
	w->cfgs[0].what = DO_BOOT;
	w->cfgs[1].what = w->cfgs[2].what = DO_L2;
	w->cfgs[0].expect = w->cfgs[1].expect = EXPECT_LAZY;
	w->cfgs[2].expect = EXPECT_ALLOCATED;
	w->cfgs[2].nested_paging = true;
	w->cfgs[2].touch = 2 * 4096;
	w->config.phases = w->cfgs;
	w->config.phase_count = 3;
	set_phase(w, CREATE, "create", NULL);
	set_phase(w, BOOT, "boot", &w->cfgs[0]);
	set_phase(w, CONTROL, "l2", &w->cfgs[1]);
	set_phase(w, TRANSITION, "l2", &w->cfgs[2]);
	set_phase(w, TEARDOWN, "teardown", NULL);
	w->phases[CONTROL].l2_entries = w->phases[TRANSITION].l2_entries = 2;
	w->phases[TRANSITION].l2_pages = 2;
	w->phases[TRANSITION].snapshot.rmaps.allocated = true;
	w->phases[TRANSITION].snapshot.rmaps.heads[0] = 512000;
	w->run.config = &w->config;
	w->run.phases = w->phases;
	w->run.phase_count = PHASES;
	all_sources_ok(&w->run.before);
	good_host(&w->run);
	w->phases[TRANSITION].held = w->run.at_transition;
	*state = w;
	return 0;
}

static inline int cleanup(void **state)
{
	free(*state);
	return 0;
}

static inline struct verdict judge_all(const struct world *w)
{
	struct verdict verdict;

	verdict_judge(&w->run, &verdict);
	return verdict;
}

static inline const struct check *find(const struct verdict *verdict, const char *name)
{
	for (size_t i = 0; i < verdict->count; i++)
		if (!strcmp(verdict->checks[i].name, name))
			return &verdict->checks[i];
	fail_msg("no check %s", name);
	return NULL;
}

static inline void expect(const struct verdict *verdict, const char *name, enum result result, const char *reason)
{
	const struct check *check = find(verdict, name);

	if (check->result != result || !strstr(check->reason, reason))
		fail_msg("%s: %s: %s", name, result_name(check->result), check->reason);
}

static inline void expect_end(const struct verdict *verdict, enum result result, int exit_status)
{
	assert_string_equal(result_name(verdict->result), result_name(result));
	assert_int_equal(verdict->exit_status, exit_status);
}

static inline void make_eager(struct world *w)
{
	for (int i = CREATE; i <= TRANSITION; i++) {
		w->phases[i].state = RMAP_ALLOCATED;
		w->phases[i].held = w->run.at_transition;
	}
	w->run.at_creation = w->run.at_transition;
	w->run.at_transition = (struct footprint){ 0 };
	w->run.policy = RMAP_ALLOCATED;
	w->run.transition = -1;
	w->run.host.tdp_mmu = ANSWER_NO;
}

/* kvm.tdp_mmu = 0, 5.16 or newer: the rmaps come with the slots, tracking with the shadow root. */
static inline void bring_rmaps_with_slots(struct world *w)
{
	struct run *run = &w->run;

	w->config.expect.policy = POLICY_ANY;
	run->policy = RMAP_ALLOCATED;
	run->transition = -1;
	run->model.rmap_lazy = false;
	run->at_creation.bytes[ARRAY_RMAP] = run->at_transition.bytes[ARRAY_RMAP];
	run->at_transition.bytes[ARRAY_RMAP] = 0;
	for (int i = CREATE; i <= TRANSITION; i++) {
		w->phases[i].state = RMAP_ALLOCATED;
		w->phases[i].held = run->at_creation;
	}
}

#endif
