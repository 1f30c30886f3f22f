// SPDX-License-Identifier: GPL-2.0-only
/* Phases with a memslot of their own: its pages are logged, taken back, mapped, aged and shadowed as they should be. */
#include "verdict_scenes.h"

/* What phases with a slot of their own have found. */
static void test_found(void **state)
{
	struct world *w = *state;
	struct found *log = &w->phases[BOOT].found, *memory = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[0].what = DO_DIRTY_LOG;
	w->cfgs[2].what = DO_DISCARD;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].touch = 4096;
	w->phases[TRANSITION].l2_pages = 3;
	w->phases[TRANSITION].repeats = 2;
	log->pages = 12;
	memory->pages = 34;
	snprintf(memory->ways, sizeof(memory->ways), "madvise, not thp");
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_PASS, "12 pages compared with the log in 1 phase");
	expect(&verdict, "discard.fresh", RESULT_PASS,
	       "34 pages compared with the VMM's mapping in 1 phase: madvise, not thp");
	expect(&verdict, "l2.ran", RESULT_PASS, "");

	snprintf(log->wrong, sizeof(log->wrong), "a page is missing");
	snprintf(memory->wrong, sizeof(memory->wrong), "a page is old");
	w->phases[TRANSITION].repeats = 1;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_FAIL, "a page is missing");
	expect(&verdict, "discard.fresh", RESULT_FAIL, "a page is old");
	expect(&verdict, "l2.ran", RESULT_FAIL, "3 of 2 pages");

	log->wrong[0] = memory->wrong[0] = '\0';
	w->phases[BOOT].done = w->phases[TRANSITION].done = false;
	verdict = judge_all(w);
	expect(&verdict, "dirty.complete", RESULT_SKIP, "no such phase was completed");
	expect(&verdict, "discard.fresh", RESULT_SKIP, "no such phase was completed");
}

/* L2 wrote 600 pages, 16K apart or side by side: KVM had a mapping of each, of whatever size. */
static void test_mapped(void **state)
{
	static const struct {
		uint64_t stride;
		int64_t small, large, giant, beside;
		enum result result;
	} cases[] = {
		{ 4096, 600, 0, 0, 0, RESULT_PASS }, { 16384, 600, 0, 0, 0, RESULT_PASS },
		{ 4096, 0, 2, 0, 0, RESULT_PASS }, { 4096, 88, 1, 0, 0, RESULT_PASS }, { 16384, 0, 5, 0, 0, RESULT_PASS },
		/* KVM may have prefetched others, and need not. */
		{ 4096, 607, 0, 0, 7, RESULT_PASS }, { 4096, 600, 0, 0, 7, RESULT_PASS }, { 16384, 4800, 0, 0, 4200, RESULT_PASS },
		{ 4096, 608, 0, 0, 7, RESULT_FAIL }, { 4096, 599, 0, 0, 7, RESULT_FAIL },
		/* Nothing was unmapped, too little, too much. */
		{ 4096, 0, 0, 0, 0, RESULT_FAIL }, { 4096, 599, 0, 0, 0, RESULT_FAIL }, { 4096, 601, 0, 0, 0, RESULT_FAIL },
		{ 4096, 0, 1, 0, 0, RESULT_FAIL }, { 4096, 0, 3, 0, 0, RESULT_FAIL }, { 4096, -1, 2, 0, 0, RESULT_FAIL },
		/* A mapping of 1G has them all, or those from its beginning on. */
		{ 4096, 0, 0, 1, 0, RESULT_PASS }, { 4096, 0, 1, 1, 0, RESULT_PASS }, { 4096, 12, 1, 1, 0, RESULT_PASS },
		{ 4096, 0, 0, 2, 0, RESULT_FAIL }, { 4096, 0, 2, 1, 0, RESULT_FAIL }, { 4096, 0, 600, -1, 0, RESULT_FAIL },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[2].what = DO_DISCARD;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].how = HOW_MADVISE;
	w->cfgs[2].touch = 600 * 4096;
	w->cfgs[2].slot = (char *)"data";
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "no phase took L2's pages back");
	found->unmapped_known = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->cfgs[2].stride = cases[i].stride;
		found->unmapped[0] = cases[i].small;
		found->unmapped[1] = cases[i].large;
		found->unmapped[2] = cases[i].giant;
		found->beside = cases[i].beside;
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, "");
	}
	/* Without the TDP MMU L1's mappings are there as well: huge ones, as it has read the pages. */
	w->cfgs[2].stride = 4096;
	w->run.model.rmap_lazy = false;
	for (int64_t small = 598; small < 602; small++) {
		found->unmapped[0] = small;
		found->unmapped[1] = 2;
		found->unmapped[2] = found->beside = 0;
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", small == 600 ? RESULT_PASS : RESULT_FAIL, "");
	}
	found->unmapped[0] = 600;
	found->unmapped[1] = 3;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "");
	w->run.model.rmap_lazy = true;
	snprintf(found->unmapped_why, sizeof(found->unmapped_why), "no such file");
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "no such file");
}

/* What DAMON saw of a phase's pages, in percent. */
static void see(struct world *w, int index, unsigned int running, unsigned int stopped)
{
	struct aging *aging = &w->phases[index].found.aging;

	*aging = (struct aging){
		.known = true, .samples = 20, .sweeps = 120, .flushes = 60, .running = { running, 100 - running },
		.stopped = { stopped, 100 - stopped },
	};
}

/* In phase p0 L1 writes the pages that L2 writes in phase p2. */
static void set_aging(struct world *w)
{
	w->cfgs[0].what = w->cfgs[2].what = DO_AGE;
	w->cfgs[0].load = LOAD_L1;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[0].slot = w->cfgs[2].slot = (char *)"data";
	w->cfgs[0].touch = w->cfgs[2].touch = 1 << 20;
}

static void test_aging(void **state)
{
	static const struct {
		unsigned int control[2], l2[2];
		enum result result;
		const char *text;
	} cases[] = {
		{ { 100, 0 }, { 100, 0 }, RESULT_PASS,
		  "accesses in 100 % of what it looked at while L2 wrote its pages, and in 0 %" },
		{ { 80, 10 }, { 50, 25 }, RESULT_PASS, "50 %" },
		/* L1's phase is no more than what L2's is compared with. */
		{ { 0, 0 }, { 100, 0 }, RESULT_PASS, "100 %" }, { { 100, 100 }, { 100, 0 }, RESULT_PASS, "100 %" },
		{ { 100, 0 }, { 0, 0 }, RESULT_FAIL, "phase p2: while L2 wrote 256 pages of memslot.data 120 times, DAMON saw "
						     "accesses in 0 % of what it looked at, and in 0 % while all vCPUs were "
						     "stopped; of L1's, in phase p0, 100 % and 0 %: KVM does not tell the "
						     "kernel what L2 accesses" },
		{ { 100, 0 }, { 100, 100 }, RESULT_FAIL, "what L2 does not access any more still counts as accessed" },
		{ { 100, 0 }, { 25, 0 }, RESULT_FAIL, "25 %" }, { { 100, 0 }, { 100, 50 }, RESULT_FAIL, "50 %" },
		/* Neither yes nor no. */
		{ { 100, 0 }, { 26, 0 }, RESULT_SKIP, "26 % of L2's pages that it looked at, and in 0 %" },
		{ { 100, 0 }, { 100, 49 }, RESULT_SKIP, "49 %" },
		/* This host's DAMON sees nothing of a guest, or always something. */
		{ { 0, 0 }, { 0, 0 }, RESULT_SKIP, "there is no phase in which it saw L1's of the same pages as they were" },
		{ { 100, 100 }, { 100, 100 }, RESULT_SKIP, "there is no phase in which it saw L1's" },
		{ { 49, 0 }, { 0, 0 }, RESULT_SKIP, "there is no phase in which it saw L1's" },
	};
	struct world *w = *state;
	struct verdict verdict;

	set_aging(w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		see(w, BOOT, cases[i].control[0], cases[i].control[1]);
		see(w, TRANSITION, cases[i].l2[0], cases[i].l2[1]);
		verdict = judge_all(w);
		expect(&verdict, "aging.seen", cases[i].result, cases[i].text);
	}
	/* Other pages say nothing of these. */
	see(w, BOOT, 100, 0);
	see(w, TRANSITION, 0, 0);
	w->cfgs[0].slot = (char *)"other";
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "there is no phase in which it saw L1's");
	w->cfgs[0].slot = (char *)"data";
	w->cfgs[0].touch = 2 << 20;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "there is no phase in which it saw L1's");
}

/* Without proof that L2 accessed each page after each sample, and had to look at its tables, nothing is judged as unseen. */
static void test_aging_on_a_busy_host(void **state)
{
	struct world *w = *state;
	struct aging *aging = &w->phases[TRANSITION].found.aging;
	struct verdict verdict;

	set_aging(w);
	see(w, BOOT, 100, 0);
	see(w, TRANSITION, 0, 0);
	aging->sweeps = 40;
	aging->flushes = 20;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_FAIL, "");
	aging->sweeps = 39;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP,
	       "in 20 samples L2 wrote them 39 times, and TLBs were flushed 20 times: that says nothing");
	aging->sweeps = 40;
	aging->flushes = 19;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "that says nothing");
	/* DAMON aggregated nothing. */
	see(w, TRANSITION, 100, 0);
	aging->stopped = (struct damon_seen){ 0 };
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "that says nothing");
	*aging = (struct aging){ .why = "nobody may" };
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "phase p2: nobody may");
	w->phases[TRANSITION].done = false;
	verdict = judge_all(w);
	expect(&verdict, "aging.seen", RESULT_SKIP, "no such phase was completed");
}

/* The phase of the transition does this to pages of L2's. */
static void have_l2(struct world *w, enum phase_do what)
{
	w->cfgs[2].what = what;
	w->cfgs[2].load = LOAD_L2;
	w->cfgs[2].slot = (char *)"data";
}

/* What KVM mapped by huge pages before it was logged, it must map so again. */
static void test_huge_again(void **state)
{
	static const struct {
		bool known;
		int64_t before, after;
		enum result result;
	} cases[] = {
		{ true, 2, 2, RESULT_PASS }, { true, 2, 3, RESULT_PASS }, { true, 2, 1, RESULT_FAIL },
		{ true, 16, 0, RESULT_FAIL },
		/* The host split its huge pages meanwhile, or had none. */
		{ false, 2, 0, RESULT_SKIP }, { false, 0, 0, RESULT_SKIP },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	have_l2(w, DO_DIRTY_LOG);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		found->huge_known = cases[i].known;
		found->huge_before = cases[i].before;
		found->huge_after = cases[i].after;
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, "");
	}
}

/* As seen on 6.1 with kvm.nx_huge_pages=force. */
static void test_huge_with_nx(void **state)
{
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	w->cfgs[1].what = DO_DIRTY_LOG;
	have_l2(w, DO_DIRTY_LOG);
	found->huge_known = true;
	found->huge_before = 2;
	w->run.host.nx_huge_pages = ANSWER_YES;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "");
	w->run.model.nx_keeps_small = true;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "with kvm.nx_huge_pages KVM may go on with 4K mappings");
	w->run.host.nx_huge_pages = ANSWER_NO;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "");
	/* What else was counted is judged. */
	w->run.host.nx_huge_pages = ANSWER_UNKNOWN;
	w->cfgs[1].load = LOAD_L2;
	w->cfgs[1].nested_paging = true;
	w->cfgs[1].slot = (char *)"data";
	w->phases[CONTROL].found = (struct found){ .huge_known = true, .huge_before = 1, .huge_after = 1 };
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_PASS, "1 phase, the last one with 1 huge mappings before its pages were logged, and 1 after; "
	       "not judged: whether the pages of phase p2 are huge again");
	w->phases[CONTROL].found.huge_after = 0;
	w->run.host.nx_huge_pages = ANSWER_NO;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "");
}

/* 31 pages with 1 to 31 mappings, in the columns of their highest bits or, as Linux has it until 7.2, of their lowest. */
static void test_alias_counts(void **state)
{
	static const struct {
		int64_t lost[RMAPS_COLUMNS];
		enum result result;
		const char *reason;
	} cases[] = {
		{ { -31, 1, 2, 4, 8, 16 }, RESULT_PASS, "mapped 1 to 31 times" },
		{ { -31, 16, 8, 4, 2, 1 }, RESULT_PASS, "a bug that Linux has until 7.2" },
		/* A mapping is missing, a page; one is there twice; nothing was lost. */
		{ { -31, 2, 2, 4, 7, 16 }, RESULT_FAIL, "lost -31 2 2 4 7 16 0" },
		{ { -30, 1, 2, 4, 8, 15 }, RESULT_FAIL, "" },
		{ { -31, 16, 8, 4, 1, 1, 1 }, RESULT_FAIL, "" },
		{ { 0 }, RESULT_FAIL, "" },
	};
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	have_l2(w, DO_ALIAS_COUNTS);
	w->phases[TRANSITION].repeats = 1;
	w->phases[TRANSITION].l2_pages = 2 * 496;
	found->pages = 93;
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "");
	found->aliases_known = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(found->aliases, cases[i].lost, sizeof(found->aliases));
		verdict = judge_all(w);
		expect(&verdict, "mapped.exact", cases[i].result, cases[i].reason);
		expect(&verdict, "discard.fresh", RESULT_PASS, "93 pages");
		expect(&verdict, "l2.ran", RESULT_PASS, "");
	}
	snprintf(found->wrong, sizeof(found->wrong), "an alias is old");
	verdict = judge_all(w);
	expect(&verdict, "discard.fresh", RESULT_FAIL, "an alias is old");
}

/* Without the TDP MMU each page is mapped for L1 as well, as seen on 6.12 with kvm.tdp_mmu=0. */
static void test_mapped_by_l1(void **state)
{
	static const int64_t with_l1[RMAPS_COLUMNS] = { -31, 15, 8, 4, 2, 1, 1 }, one_twice[RMAPS_COLUMNS] = { -31, 15, 9, 4, 2, 1, 0 };
	struct world *w = *state;
	struct found *found = &w->phases[TRANSITION].found;
	struct verdict verdict;

	have_l2(w, DO_ALIAS_COUNTS);
	found->aliases_known = true;
	memcpy(found->aliases, with_l1, sizeof(with_l1));
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "lost -31 15 8 4 2 1 1");
	bring_rmaps_with_slots(w);
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_PASS, "mapped 1 to 31 times");
	memcpy(found->aliases, one_twice, sizeof(one_twice));
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_FAIL, "lost -31 15 9 4 2 1 0");
	/* The host moves pages all the time: nobody knows. */
	found->moved = "pages were swapped out (pswpout)";
	verdict = judge_all(w);
	expect(&verdict, "mapped.exact", RESULT_SKIP, "no count was right: pages were swapped out (pswpout)");
}

/* Each write of L2 to L1's nested tables must be one that KVM saw. */
static void test_tables(void **state)
{
	struct world *w = *state;
	struct phase_result *phase = &w->phases[TRANSITION];
	struct verdict verdict;

	w->cfgs[2].what = DO_TABLES;
	w->cfgs[2].slot = (char *)"pool";
	w->cfgs[2].touch = 4096;
	phase->table_writes = phase->table_writes_seen = 3;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_PASS, "3 of 3 changes");
	phase->table_writes_seen = 2;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "the first page of memslot.pool");
	w->cfgs[2].touch = 8192;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "the second page of memslot.pool");
	phase->l1_table_writes = 1;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "L1 cleared the first entry");
	phase->table_writes_seen = phase->table_writes;
	phase->l1_table_writes_seen = 1;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_PASS, "4 of 4 changes that L1 and L2 made");
	phase->leaf_changes = 3;
	phase->leaf_changes_seen = 2;
	phase->unseen_leaf = (struct unseen_leaf){ .how = ABI_LEAF_READ_ONLY, .by_l2 = true, .gpa = 0x5000 };
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "L2 changed two leaf tables");
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "L2's gpa 0x5000 does not let L2 write, L1 flushed");
	phase->unseen_leaf.how = ABI_LEAF_MOVED;
	phase->unseen_leaf.by_l2 = false;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "gpa 0x5000 and the others map other pages");
	phase->unseen_leaf.how = ABI_LEAF_EXCHANGED;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "L1 exchanged two entries of L1's nested table of level 2, the page of memslot.pool at gpa 0x");
	phase->unseen_leaf.how = ABI_LEAF_VIEWED;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_FAIL, "L2 wrote to its gpa 0x5000, which L1's nested table of level 3, the page of memslot.pool at gpa 0x");
	phase->leaf_changes_seen = 3;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_PASS, "7 of 7 changes");
	phase->leaf_changes = phase->leaf_changes_seen = 0;
	phase->table_writes = phase->table_writes_seen = phase->l1_table_writes = 0;
	verdict = judge_all(w);
	expect(&verdict, "tables.shadowed", RESULT_SKIP, "no such phase was completed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_found), T(test_tables), T(test_mapped), T(test_mapped_by_l1), T(test_huge_with_nx), T(test_aging), T(test_aging_on_a_busy_host),
		T(test_huge_again), T(test_alias_counts),
	};

	return cmocka_run_group_tests_name("verdict_memory", tests, NULL, NULL);
}
