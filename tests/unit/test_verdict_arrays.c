// SPDX-License-Identifier: GPL-2.0-only
/* KVM's arrays have the bytes predicted and are gone with the VM; those of other VMs are not taken for this one's. */
#include "verdict_scenes.h"

#include "run/measure.h"

static void test_wrong_bytes(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].held.bytes[ARRAY_RMAP] += 4096;
	w->phases[TRANSITION].held.bytes[ARRAY_TRACKING] -= 4096;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "(+4096)");
	expect(&verdict, "tracking.exact", RESULT_FAIL, "(-4096)");
	expect_end(&verdict, RESULT_FAIL, 1);
}

/* Bytes that may be another VM's are no FAIL; by address they are this VM's own, and are. */
static void test_other_vms(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct verdict verdict;

	phase->held.bytes[ARRAY_RMAP] += 4096;
	phase->held_source = SOURCE_VMALLOCINFO;
	phase->mixed = true;
	w->phases[BOOT].snapshot.other_vms = (struct other_vms){ true, 2, 1, { 0 } };
	snprintf(phase->snapshot.status[SOURCE_MEMSLOTS].why, SOURCE_WHY, "/proc/kcore: no");
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_SKIP, "2 other VMs are on this host");
	expect(&verdict, "rmap.exact", RESULT_SKIP, "/proc/kcore: no");
	expect(&verdict, "tracking.exact", RESULT_PASS, "as predicted");
	phase->held_source = SOURCE_MEMSLOTS;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "by the addresses of this VM's own arrays");
}

static void test_wrong_heads(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[TRANSITION].snapshot.rmaps.heads[0]--;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "mmu_rmaps_stat counts 511999");
}

/* Two witnesses, lazy and not: bytes held while KVM says lazy. */
static void test_bytes_while_lazy(void **state)
{
	struct world *w = *state;
	struct verdict verdict;

	w->phases[BOOT].held.bytes[ARRAY_RMAP] = 4096;
	verdict = judge_all(w);
	expect(&verdict, "rmap.exact", RESULT_FAIL, "phase p0");
}

static void test_leak(void **state)
{
	struct world *w = *state;
	struct snapshot *last = &w->phases[TEARDOWN].snapshot;
	struct verdict verdict;

	assert_int_equal(tally_add(&last->vmalloc, "memslot_rmap_alloc", 512, 1), 0);
	tally_sort(&last->vmalloc);
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "+2097152 bytes");
	expect(&verdict, "teardown.clean", RESULT_FAIL, "memslot_rmap_alloc");
	expect_end(&verdict, RESULT_FAIL, 1);
	tally_free(&last->vmalloc);
}

/* The bytes of a VM that is allocated do not explain one that KVM calls lazy: a neighbour's may. */
static void test_bytes_of_another_state(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];

	phase->state_source = SOURCE_RMAPS_STAT;
	assert_true(measure_explained(&w->run, phase));
	phase->state = RMAP_LAZY;
	assert_false(measure_explained(&w->run, phase));
	/* Where they are all that tells, they tell both. */
	phase->state_source = SOURCE_VMALLOCINFO;
	assert_true(measure_explained(&w->run, phase));
}

/*
 * Where the rmaps come with the slots: tracking before any nested guest is not a shadow root's, but
 * another VM's. And where there was one, another VM's tracking may have gone.
 */
static void test_a_nested_guest_makes_a_shadow_root(void **state)
{
	struct world *w = *state;
	struct run *run = &w->run;

	bring_rmaps_with_slots(w);
	for (int i = CREATE; i <= TRANSITION; i++) {
		struct phase_result *phase = &w->phases[i];

		assert_int_equal(measure_explained(run, phase), i != TRANSITION);
		phase->held.bytes[ARRAY_TRACKING] = run->at_transition.bytes[ARRAY_TRACKING];
		assert_int_equal(measure_explained(run, phase), i == TRANSITION);
	}
	/* What a guest of the user's does is not known here. */
	w->cfgs[2].goes_on = true;
	assert_true(measure_explained(run, &w->phases[TRANSITION]));
	w->phases[TRANSITION].held = run->at_creation;
	assert_true(measure_explained(run, &w->phases[TRANSITION]));
}

static void test_others_keep_still(void **state)
{
	struct stress_result stress = { .vms.made = 1 };
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];

	w->run.before.other_vms = (struct other_vms){ true, 1, 7, { true, 100 } };
	phase->snapshot.other_vms = (struct other_vms){ true, 1, 7, { true, 101 } };
	assert_false(measure_others_kept_still(&w->run, phase));	/* not asked */
	phase->snapshot.status[SOURCE_MEMSLOTS].ok = phase->snapshot.memslots.others_known = true;
	assert_true(measure_others_kept_still(&w->run, phase));
	phase->snapshot.memslots.others = 4096;
	assert_false(measure_others_kept_still(&w->run, phase));
	/* The other VMs had as many bytes before. */
	assert_int_equal(tally_add(&w->run.before.vmalloc, "memslot_rmap_alloc", 1, 1), 0);
	tally_sort(&w->run.before.vmalloc);
	assert_true(measure_arrays_before(&w->run));
	assert_false(measure_others_kept_still(&w->run, phase));
	w->run.before.status[SOURCE_MEMSLOTS].ok = w->run.before.memslots.others_known = true;
	w->run.before.memslots.others = 4096;
	assert_true(measure_others_kept_still(&w->run, phase));
	/* One lived for a moment. */
	phase->snapshot.other_vms.events.value = 103;
	assert_false(measure_others_kept_still(&w->run, phase));
	/* It was this run's own, of a stress phase. */
	phase->stress = &stress;
	assert_true(measure_others_kept_still(&w->run, phase));
	phase->snapshot.other_vms.events.value = 105;
	assert_false(measure_others_kept_still(&w->run, phase));
	phase->stress = NULL;
	phase->snapshot.other_vms.events.value = 101;
	/* One came or went. */
	phase->snapshot.other_vms.set = 8;
	assert_false(measure_others_kept_still(&w->run, phase));
	tally_free(&w->run.before.vmalloc);
}

/* A VM that left KVM's list while its arrays were still there takes them away later, with no event of its own. */
static void test_baseline_with_an_ending_vm(void **state)
{
	struct world *w = *state;
	struct snapshot *before = &w->run.before;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct phase_result *teardown = &w->phases[TEARDOWN];
	int64_t ownerless;

	w->run.model.whole_pages = true;
	before->other_vms = (struct other_vms){ true, 1, 7, { true, 100 } };
	phase->snapshot.other_vms = (struct other_vms){ true, 1, 7, { true, 101 } };
	phase->snapshot.status[SOURCE_MEMSLOTS].ok = phase->snapshot.memslots.others_known = true;
	before->status[SOURCE_MEMSLOTS].ok = before->memslots.others_known = true;
	assert_true(measure_ownerless(&w->run, &ownerless) && !ownerless);
	assert_true(measure_others_kept_still(&w->run, phase));
	assert_int_equal(tally_add(&before->vmalloc, "memslot_rmap_alloc", 2, 1), 0);
	tally_sort(&before->vmalloc);
	assert_true(measure_ownerless(&w->run, &ownerless));
	assert_int_equal(ownerless, 8192);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* No ending VM makes the arrays more than this one's. */
	assert_int_equal(tally_add(&phase->snapshot.vmalloc, "memslot_rmap_alloc", 1u << 30, 1), 0);
	tally_sort(&phase->snapshot.vmalloc);
	assert_true(measure_others_kept_still(&w->run, phase));
	/* The others got slots after vmallocinfo was read. */
	before->memslots.others = phase->snapshot.memslots.others = 12288;
	assert_true(measure_ownerless(&w->run, &ownerless));
	assert_int_equal(ownerless, -4096);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* No VM was there, and nobody can say whose they were. */
	before->status[SOURCE_MEMSLOTS].ok = phase->snapshot.status[SOURCE_MEMSLOTS].ok = false;
	assert_false(measure_ownerless(&w->run, &ownerless));
	before->other_vms.set = phase->snapshot.other_vms.set = 0;
	before->memslots.others = 0;
	assert_true(measure_ownerless(&w->run, &ownerless) && ownerless == 8192);
	assert_false(measure_other_vms(&w->run));
	assert_true(measure_arrays_before(&w->run));
	assert_true(measure_others_kept_still(&w->run, phase));
	/* Without debugfs nobody says that there was none. */
	before->other_vms.known = false;
	assert_false(measure_ownerless(&w->run, &ownerless));
	before->other_vms.known = true;
	/* An array for which there was no room in slab is more than what is predicted. */
	w->run.model.whole_pages = false;
	assert_false(measure_others_kept_still(&w->run, phase));
	w->run.model.whole_pages = true;
	tally_free(&phase->snapshot.vmalloc);
	assert_false(measure_others_kept_still(&w->run, phase));
	/* After the teardown one page more than before is a leak, and one less is not. */
	teardown->snapshot.other_vms = (struct other_vms){ true, 0, 0, { true, 102 } };
	assert_int_equal(tally_add(&teardown->snapshot.vmalloc, "memslot_rmap_alloc", 1, 3), 0);
	tally_sort(&teardown->snapshot.vmalloc);
	assert_true(measure_others_kept_still(&w->run, teardown));
	teardown->snapshot.vmalloc.entries[0].count = 1;
	assert_false(measure_others_kept_still(&w->run, teardown));
	tally_free(&teardown->snapshot.vmalloc);
	tally_free(&before->vmalloc);
}

/* What is left after the teardown may be another VM's, unless the addresses tell. */
static void test_leak_beside_other_vms(void **state)
{
	struct world *w = *state;
	struct snapshot *after = &w->phases[TEARDOWN].snapshot;
	struct verdict verdict;

	assert_int_equal(tally_add(&after->vmalloc, "memslot_rmap_alloc", 512, 1), 0);
	tally_sort(&after->vmalloc);
	w->run.before.other_vms = (struct other_vms){ true, 1, 1, { 0 } };
	w->phases[TEARDOWN].mixed = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "1 other VM is on this host");
	after->memslots.left_known = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_PASS, "none of the arrays that this VM had");
	after->memslots.left = 8192;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "8192 bytes of this VM's arrays");
	/* One of the others kept changing: they may be its, at the same addresses. */
	after->memslots.left_known = false;
	after->status[SOURCE_MEMSLOTS] = (struct source_status){ .ok = true };
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "1 other VM is on this host, and whose the arrays are "
	       "can't be told: another VM kept changing while its memslots were read");
	/* The others were read, but the first of them came only when this VM's addresses could no longer be noted. */
	after->memslots.others_known = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "whose the arrays are can't be told: "
	       "the addresses of this VM's arrays were not noted before it ended");
	after->memslots.left_known = true;
	/* The others did nothing, so that all that is left was this VM's, wherever it lies. */
	after->memslots.left = 0;
	w->phases[TEARDOWN].mixed = false;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "bytes of KVM's arrays after the VM was destroyed");
	tally_free(&after->vmalloc);
}

/* Descriptors and vCPUs' pages that outlive the VM; kernel memory, as the own cgroup tells. */
static void test_leftovers(void **state)
{
	struct world *w = *state;
	struct snapshot *after = &w->phases[TEARDOWN].snapshot;
	struct figure *charged = &after->cgroup.items[CGROUP_VMALLOC];
	struct verdict verdict;

	after->process.descriptors = 2;
	after->process.kvm_mappings = 1;
	after->status[SOURCE_VMALLOCINFO].ok = false;
	w->run.before.cgroup.items[CGROUP_VMALLOC] = (struct figure){ true, 4096 };
	*charged = (struct figure){ true, 4096 + (1 << 20) };
	after->cgroup.lag = 1 << 20;
	verdict = judge_all(w);
	expect(&verdict, "process.clean", RESULT_FAIL, "+2 open descriptors, +1 mappings");
	expect(&verdict, "teardown.clean", RESULT_PASS, "own cgroup");
	charged->value = 4096 + (64 << 20);
	w->run.before.cgroup.alone = after->cgroup.alone = true;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_FAIL, "+67108864 bytes");
	/* Another process in the cgroup may have a VM as well. */
	after->cgroup.alone = false;
	verdict = judge_all(w);
	expect(&verdict, "teardown.clean", RESULT_SKIP, "other processes are in it");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_wrong_bytes), T(test_other_vms), T(test_wrong_heads), T(test_bytes_while_lazy), T(test_leak),
		T(test_leak_beside_other_vms), T(test_others_keep_still), T(test_baseline_with_an_ending_vm),
		T(test_bytes_of_another_state), T(test_a_nested_guest_makes_a_shadow_root), T(test_leftovers),
	};

	return cmocka_run_group_tests_name("verdict_arrays", tests, NULL, NULL);
}
