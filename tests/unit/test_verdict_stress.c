// SPDX-License-Identifier: GPL-2.0-only
/* What a run with a stress phase is held to: its workers, its further VMs, its memory and the log read meanwhile. */
#include "verdict_scenes.h"

/* What workers compared with the log while the guest wrote on counts for it as well. */
static void test_live_log(void **state)
{
	struct world *w = *state;
	struct worker_cfg cfg = { .name = "get", .op = OP_dirty_log_get };
	struct worker_result workers[2] = { { .cfg = &cfg }, { .cfg = &cfg, .rounds = 7 } };
	struct stress_result stress = { .workers = workers, .count = 2 };
	struct verdict verdict;

	w->cfgs[2].what = DO_STRESS;
	w->phases[TRANSITION].stress = &stress;
	verdict = judge_all(w);
	for (size_t i = 0; i < verdict.count; i++)
		assert_string_not_equal(verdict.checks[i].name, "dirty.complete");
	w->config.workers = &cfg;
	w->config.worker_count = 1;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_SKIP, "no such phase was completed");
	workers[0].logged = 2;
	workers[1].logged = 3;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "5 pages compared with the log while the guest wrote on");
	w->cfgs[0].what = DO_DIRTY_LOG;
	w->phases[BOOT].found.pages = 12;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "12 pages compared with the log in 1 phase, and 5 while");

	workers[1].failures = 1;
	workers[1].unlogged = true;
	snprintf(workers[1].failure, sizeof(workers[1].failure), "of 4 pages 1 is missing");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "worker.get: of 4 pages 1 is missing");
	expect(&verdict, "stress.clean", RESULT_FAIL, "of 4 pages 1 is missing");
	snprintf(w->phases[BOOT].found.wrong, sizeof(w->phases[BOOT].found.wrong), "a page too many");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "phase p0: a page too many");
	w->config.worker_count = 0;
}

/* What a run with a stress phase is held to, besides. */
static void test_stress(void **state)
{
	struct world *w = *state;
	struct worker_cfg cfg = { .name = "move" };
	struct worker_result worker = { .cfg = &cfg, .rounds = 7 };
	struct stress_result stress = { .workers = &worker, .count = 1, .vms.made = 3,
					.vms.transitions = 2 };
	struct slab_figures *slab = &w->phases[TEARDOWN].snapshot.slabs[0];
	struct verdict verdict;

	w->cfgs[2].what = DO_STRESS;
	w->cfgs[2].load = LOAD_L2;
	w->phases[TRANSITION].stress = &stress;
	w->run.before.slabs[0] = *slab = (struct slab_figures){ .known = true, .objects = 64,
								.object_size = 128 };
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_PASS, "7 rounds");
	expect(&verdict, "vms.transition", RESULT_PASS, "3 VMs made, 2 of them");
	expect(&verdict, "memory.intact", RESULT_PASS, "2 pages");
	expect(&verdict, "slab.clean", RESULT_PASS, "");
	assert_null(find(&verdict, "stress.clean")->command);

	/* The run ended in the pass that comes before the workers. */
	worker.rounds = 0;
	stress.workers = (struct worker_result[]){ worker, { .guest = true, .rounds = 1 } };
	stress.count = 2;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_SKIP, "no worker was started");
	stress.started_ns = 1;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_PASS, "0 rounds of workers, 1 passes");
	worker.rounds = 7;
	stress.workers = &worker;
	stress.count = 1;

	slab->objects = 64 + 10000000;
	w->config.command = (char *)"minivmm stress.ini";
	worker.failures = 2;
	snprintf(worker.failure, sizeof(worker.failure), "no such slot");
	snprintf(stress.replay, sizeof(stress.replay), "--seed 1 worker.move.first-round=6");
	stress.vms.wrong = 1;
	snprintf(stress.vms.first, sizeof(stress.vms.first), "allocated before");
	w->run.guest.trouble = GUEST_REPORTED;
	w->run.guest.report.status = ABI_BAD_MEMORY;
	verdict = judge_all(w);
	expect(&verdict, "stress.clean", RESULT_FAIL, "worker.move failed 2 times in 7 rounds, "
	       "first: no such slot");
	assert_string_equal(find(&verdict, "stress.clean")->replay, stress.replay);
	assert_string_equal(find(&verdict, "stress.clean")->command, "minivmm stress.ini");
	assert_string_equal(find(&verdict, "memory.intact")->command, "minivmm stress.ini");
	assert_null(find(&verdict, "memory.intact")->replay);
	expect(&verdict, "vms.transition", RESULT_FAIL, "allocated before");
	expect(&verdict, "memory.intact", RESULT_FAIL, "");
	expect(&verdict, "slab.clean", RESULT_FAIL, "10000000 objects more");
	assert_string_equal(find(&verdict, "slab.clean")->remedy, "");

	slab->merged = true;
	stress.vms.wrong = 0;
	stress.vms.untold = 1;
	verdict = judge_all(w);
	expect(&verdict, "slab.clean", RESULT_SKIP, "merged");
	assert_string_equal(find(&verdict, "slab.clean")->remedy, "boot with slab_nomerge");
	expect(&verdict, "vms.transition", RESULT_SKIP, "no source");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_stress), T(test_live_log),
	};

	return cmocka_run_group_tests_name("verdict_stress", tests, NULL, NULL);
}
