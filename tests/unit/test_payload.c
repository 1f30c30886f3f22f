// SPDX-License-Identifier: GPL-2.0-only
/* What the payload is given in guest memory: its place, page tables and device tree. */
#include "memory_scenes.h"

#include <errno.h>
#include <glob.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "config/ops.h"
#include "minivmm_abi.h"
#include "vm/device_tree.h"
#include "vm/guest_nested.h"
#include "vm/payload.h"

static struct payload place(const struct layout *layout, unsigned int vcpus, int page_level)
{
	struct payload payload;
	struct err err = { 0 };

	if (payload_place(layout, vcpus, page_level, &payload, &err))
		fail_msg("%s", err.text);
	return payload;
}

/* Parts follow one another, none is empty, and what is left of the run of memory is not too little. */
static void the_payload_has_room(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("rom", .size = 2 * M, .flags = SLOT_READONLY),
		SLOT("small", .base = 4 * M, .size = 64 * K),
		SLOT("big", .base = 16 * M, .size = 8 * M), SLOT("high", .base = 4 * G, .size = 1024 * G),
	};
	struct payload one, three, small_pages;
	struct stage stage;

	(void)state;
	memslots[3].size = 64 * K;
	set(&stage, memslots, COUNT(memslots));
	one = place(&stage.layout, 1, 3);
	assert_int_equal(one.base, 16 * M);
	assert_true(one.vcpu_blocks > one.base);
	assert_int_equal(one.tables - one.vcpu_blocks, ABI_VCPU_PAGES * ABI_PAGE_SIZE);
	assert_int_equal(one.tables_end, one.pool);
	assert_int_equal(one.pool_end, one.tree);
	/* The root and one table of the first 512 GiB. */
	assert_int_equal(one.tables_end - one.tables, 2 * 4096);
	assert_int_equal(one.pool_end - one.pool, 2 * 4096);
	assert_int_equal(one.tree + one.tree_size, one.base + one.size);
	assert_int_equal(one.vcpus, 1);
	three = place(&stage.layout, 3, 3);
	assert_int_equal(three.size - one.size, 2 * ABI_VCPU_PAGES * ABI_PAGE_SIZE);
	assert_int_equal(nested_block(&three, 2), three.vcpu_blocks + 2 * ABI_VCPU_PAGES * ABI_PAGE_SIZE);
	/* With 2M pages also one for each GiB that holds memory: the first and the fifth. */
	small_pages = place(&stage.layout, 1, 2);
	assert_int_equal(small_pages.tables_end - small_pages.tables, 4 * 4096);
	strike(&stage);
}

/* A device is no place for it, nor is what is not plugged. */
static void the_payload_is_in_ram(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("bar", .size = 8 * M, .kind = SLOT_DEVICE),
		SLOT("hotplug", .base = 8 * M, .size = 8 * M, .plugged = 64 * K),
		SLOT("low", .base = 16 * M, .size = 8 * M),
	};
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	assert_int_equal(place(&stage.layout, 1, 3).base, 16 * M);
	strike(&stage);
}

/* Slots of one GiB, and those that reach into several. */
static void tables_by_gib(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("boot", .size = 16 * M), SLOT("same", .base = 512 * M, .size = 4096),
		SLOT("two", .base = 2 * G - 4096, .size = 8 * K), SLOT("far", .base = 512 * G - 4096, .size = 8 * K),
	};
	struct payload payload;
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	payload = place(&stage.layout, 1, 3);
	assert_int_equal(payload.tables_end - payload.tables, (1 + 2) * 4096);
	payload = place(&stage.layout, 1, 2);
	assert_int_equal(payload.tables_end - payload.tables, (1 + 2 + 1 + 2 + 2) * 4096);
	assert_int_equal(payload.pool_end - payload.pool, (1 + 2 + 1 + 2 + 2) * 4096);
	strike(&stage);
}

/* Nested tables of 4K entries come beside those of large ones; the guest's own tables stay as they are. */
static void tables_by_2m(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("boot", .size = 16 * M), SLOT("across", .base = 2 * G - 4096, .size = 8 * K),
	};
	struct phase_cfg phases[] = { { .what = DO_L2 }, { .what = DO_L2, .nested_pages = NESTED_4K } };
	struct payload payload;
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	stage.config.phases = phases;
	stage.config.phase_count = COUNT(phases);
	payload = place(&stage.layout, 1, 3);
	assert_int_equal(payload.tables_end - payload.tables, (1 + 1) * 4096);
	assert_int_equal(payload.pool_end - payload.pool, (1 + 1) * 4096 + (1 + 1 + 3 + 8 + 2) * 4096);
	stage.config.phase_count = 1;
	payload = place(&stage.layout, 1, 3);
	assert_int_equal(payload.pool_end - payload.pool, (1 + 1) * 4096);
	strike(&stage);
}

/* Neighbours make one run; page 0, which would be NULL, is left out; what workers take away is none. */
static void where_the_payload_goes(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("a", .size = 64 * K), SLOT("b", .base = 64 * K, .size = 4 * M),
		SLOT("other", .base = 64 * M, .size = 4 * M), SLOT("twin", .base = 128 * M, .size = 4 * M, .alias = (char *)"b"),
	};
	struct worker_cfg worker = { .name = "w", .op = OP_slot_delete, .slot = (char *)"b", .threads = 1 };
	struct phase_cfg phase = { .name = "p", .what = DO_DISCARD, .slot = (char *)"b" };
	struct payload payload;
	struct err err = { 0 };
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	assert_int_equal(place(&stage.layout, 1, 3).base, 4096);
	stage.config.workers = &worker;
	stage.config.worker_count = 1;
	lay_out(&stage);
	assert_int_equal(place(&stage.layout, 1, 3).base, 64 * M);
	/* The payload is not placed in a slot that a phase has for itself either. */
	stage.config.worker_count = 0;
	stage.config.phases = &phase;
	stage.config.phase_count = 1;
	lay_out(&stage);
	assert_int_equal(place(&stage.layout, 1, 3).base, 64 * M);
	/* Nor in one whose memory it has by another one. */
	phase.slot = (char *)"twin";
	assert_int_equal(place(&stage.layout, 1, 3).base, 64 * M);
	assert_int_equal(payload_place(&stage.layout, 200, 3, &payload, &err), -EINVAL);
	assert_non_null(strstr(err.text, "contiguous writable guest memory"));
	assert_non_null(strstr(err.remedy, "[memslot.boot] base = 0, size = "));
	strike(&stage);
}

static uint64_t cells(const void *tree, int node, const char *name, int index, int *count)
{
	int length;
	const fdt64_t *value = fdt_getprop(tree, node, name, &length);

	assert_non_null(value);
	if (count)
		*count = length / 8;
	return fdt64_ld(value + index);
}

static uint32_t cell(const void *tree, int node, const char *name)
{
	int length;
	const fdt32_t *value = fdt_getprop(tree, node, name, &length);

	assert_non_null(value);
	assert_int_equal(length, 4);
	return fdt32_ld(value);
}

static const char *text(const void *tree, int node, const char *name)
{
	return fdt_getprop(tree, node, name, NULL);
}

static int at(const void *tree, const char *path)
{
	int node = fdt_path_offset(tree, path);

	if (node < 0)
		fail_msg("%s: not in the tree", path);
	return node;
}

static void *make_tree(const struct layout *layout, const struct payload *payload)
{
	struct err err = { 0 };
	void *tree;

	if (device_tree_make(layout, payload, &tree, &err))
		fail_msg("%s", err.text);
	assert_int_equal(fdt_check_full(tree, payload->tree_size), 0);
	return tree;
}

static void the_tree_names_memory(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("low", .size = 16 * M), SLOT("rom", .base = 16 * M, .size = M, .flags = SLOT_READONLY),
		SLOT("row", .base = 32 * M, .size = M, .stride = 4 * M, .count = 3),
		SLOT("wedge", .base = 34 * M, .size = M), SLOT("mirror", .base = 64 * M, .size = M, .alias = (char *)"wedge"),
		SLOT("lossy", .base = 128 * M, .size = M),
		SLOT("bar", .base = 256 * M, .size = 64 * M, .kind = SLOT_DEVICE),
		SLOT("hotplug", .base = 512 * M, .size = 64 * M, .plugged = 4 * M),
		SLOT("empty", .base = 1024 * M, .size = 64 * M, .plugged = M),
	};
	struct worker_cfg worker = { .name = "w", .op = OP_discard, .slot = (char *)"lossy", .threads = 1 };
	struct payload payload;
	struct stage stage;
	int node, count;
	void *tree;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	stage.config.workers = &worker;
	stage.config.worker_count = 1;
	memslots[8].plugged = 0;
	lay_out(&stage);
	payload = place(&stage.layout, 2, 3);
	tree = make_tree(&stage.layout, &payload);
	assert_int_equal(fdt_address_cells(tree, 0), 2);
	assert_int_equal(fdt_size_cells(tree, 0), 2);
	node = at(tree, "/memory@0");
	assert_string_equal(text(tree, node, "device_type"), "memory");
	assert_string_equal(text(tree, node, "minivmm,slot"), "low");
	assert_int_equal(cells(tree, node, "reg", 1, &count), 16 * M);
	assert_int_equal(count, 2);
	assert_null(text(tree, node, "minivmm,read-only"));
	assert_null(text(tree, node, "minivmm,alias"));
	assert_null(text(tree, node, "minivmm,lossy"));
	assert_non_null(text(tree, at(tree, "/memory@1000000"), "minivmm,read-only"));
	/* The wedge interrupts the row. */
	assert_int_equal(cells(tree, at(tree, "/memory@2000000"), "reg", 0, &count), 32 * M);
	assert_int_equal(count, 2);
	node = at(tree, "/memory@2400000");
	assert_string_equal(text(tree, node, "minivmm,slot"), "row");
	assert_int_equal(cells(tree, node, "reg", 2, &count), 40 * M);
	assert_int_equal(cells(tree, node, "reg", 3, NULL), M);
	assert_int_equal(count, 4);
	assert_non_null(text(tree, at(tree, "/memory@4000000"), "minivmm,alias"));
	assert_null(text(tree, at(tree, "/memory@4000000"), "minivmm,lossy"));
	assert_non_null(text(tree, at(tree, "/memory@8000000"), "minivmm,lossy"));
	assert_int_equal(fdt_path_offset(tree, "/memory@10000000"), -FDT_ERR_NOTFOUND);
	assert_int_equal(cells(tree, at(tree, "/memory@20000000"), "reg", 1, &count), 4 * M);
	assert_int_equal(fdt_path_offset(tree, "/memory@40000000"), -FDT_ERR_NOTFOUND);
	/* What is lost there, and when, is said in a table. */
	assert_int_equal(cells(tree, at(tree, "/minivmm"), "losses", 0, NULL), payload.losses);
	assert_int_equal(cells(tree, at(tree, "/minivmm"), "losses", 1, NULL), sizeof(struct abi_losses));
	assert_int_equal(payload.losses, payload.pool_end);
	assert_int_equal(payload.losses + sizeof(struct abi_losses), payload.tree);
	free(tree);
	strike(&stage);
}

static void the_tree_names_the_payload(void **state)
{
	struct memslot_cfg memslots[] = { SLOT("low", .size = 16 * M) };
	struct payload payload;
	struct stage stage;
	void *tree;
	int node;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	payload = place(&stage.layout, 2, 3);
	tree = make_tree(&stage.layout, &payload);
	node = at(tree, "/minivmm");
	assert_int_equal(cell(tree, node, "abi"), ABI_VERSION);
	assert_int_equal(cell(tree, node, "port-base"), ABI_PORT_BASE_DEFAULT);
	assert_int_equal(cell(tree, node, "vcpus"), 2);
	assert_int_equal(cell(tree, node, "page-level"), 3);
	assert_int_equal(cells(tree, node, "payload", 0, NULL), payload.base);
	assert_int_equal(cells(tree, node, "payload", 1, NULL), payload.size);
	assert_int_equal(cells(tree, node, "vcpu-blocks", 0, NULL), payload.vcpu_blocks);
	assert_int_equal(cells(tree, node, "table-pool", 0, NULL), payload.pool);
	assert_int_equal(cells(tree, node, "table-pool", 1, NULL), payload.pool_end - payload.pool);
	assert_null(text(tree, node, "break"));
	assert_null(text(tree, node, "losses"));
	assert_int_equal(payload.losses, 0);
	free(tree);
	strike(&stage);
}

/* L1's nested tables may have a memslot of their own, where the payload does not lie and nobody writes. */
static void tables_in_a_slot_of_their_own(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("tables", .base = 4 * M, .size = 8 * M), SLOT("low", .base = 16 * M, .size = 8 * M),
	};
	struct payload beside, apart;
	struct stage stage;
	struct err err = { 0 };
	void *tree;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	beside = place(&stage.layout, 1, 3);
	assert_int_equal(beside.base, 4 * M);
	stage.config.guest.tables = (char *)"tables";
	apart = place(&stage.layout, 1, 3);
	assert_int_equal(apart.base, 16 * M);
	assert_int_equal(apart.pool, 4 * M);
	assert_int_equal(apart.pool_end - apart.pool, beside.pool_end - beside.pool);
	assert_int_equal(beside.size - apart.size, apart.pool_end - apart.pool);
	assert_int_equal(apart.tree, apart.tables_end);
	tree = make_tree(&stage.layout, &apart);
	assert_non_null(text(tree, at(tree, "/memory@400000"), "minivmm,tables"));
	assert_null(text(tree, at(tree, "/memory@1000000"), "minivmm,tables"));
	free(tree);
	memslots[0].plugged = 4096;
	lay_out(&stage);
	assert_int_equal(payload_place(&stage.layout, 1, 3, &apart, &err), -EINVAL);
	assert_string_equal(err.text, "guest.tables: memslot.tables: L1's nested tables need 8 KiB");
	strike(&stage);
}

/*
 * What is written differs from pass to pass, but in a file, which other VMs may show as well. Pages are lost only where they
 * are discarded: what a vCPU writes while a slot is away, or can't be written, the VMM writes.
 */
static void the_tree_says_where_passes_are_the_same(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("low", .size = 16 * M), SLOT("comes-and-goes", .base = 32 * M, .size = M),
		SLOT("protected", .base = 64 * M, .size = M), SLOT("both", .base = 128 * M, .size = M),
		SLOT("file", .base = 256 * M, .size = M), SLOT("all", .base = 512 * M, .size = M),
	};
	struct worker_cfg workers[] = {
		{ .name = "a", .op = OP_slot_move, .slot = (char *)"comes-and-goes", .threads = 1 },
		{ .name = "b", .op = OP_mprotect, .slot = (char *)"protected", .threads = 1 },
		{ .name = "c", .op = OP_slot_delete, .slot = (char *)"both", .threads = 1 },
		{ .name = "d", .op = OP_mprotect, .slot = (char *)"both", .threads = 1 },
		{ .name = "e", .op = OP_mprotect, .slot = (char *)"all", .threads = 1 },
		{ .name = "f", .op = OP_slot_flags, .slot = (char *)"all", .threads = 1 },
		{ .name = "g", .op = OP_discard, .slot = (char *)"all", .threads = 1 },
		{ .name = "h", .op = OP_thp, .slot = (char *)"protected", .threads = 1 },
	};
	static const struct {
		const char *node;
		bool same, lossy;
	} expected[] = {
		{ "/memory@0", false, false }, { "/memory@2000000", false, false },
		{ "/memory@4000000", false, false }, { "/memory@8000000", false, false },
		{ "/memory@10000000", true, false }, { "/memory@20000000", false, true },
	};
	struct payload payload;
	struct stage stage;
	void *tree;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	stage.config.workers = workers;
	stage.config.worker_count = COUNT(workers);
	lay_out(&stage);
	payload = place(&stage.layout, 1, 3);
	memslots[4].backing = BACKING_FILE;
	tree = make_tree(&stage.layout, &payload);
	memslots[4].backing = BACKING_ANON;
	for (size_t i = 0; i < COUNT(expected); i++) {
		int node = at(tree, expected[i].node);

		assert_int_equal(text(tree, node, "minivmm,same") != NULL, expected[i].same);
		assert_int_equal(text(tree, node, "minivmm,lossy") != NULL, expected[i].lossy);
	}
	free(tree);
	strike(&stage);
}

/*
 * In each config that minivmm comes with, what is written differs from pass to pass: what a page held before is never what it
 * must hold.
 */
static void in_shipped_configs_passes_differ(void **state)
{
	unsigned int trees = 0;
	glob_t found;

	(void)state;
	assert_int_equal(glob("configs/*.ini", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct config config;
		struct errors errors = { 0 };
		struct layout layout;
		struct payload payload;
		void *tree;
		int node;

		if (config_load(found.gl_pathv[i], NULL, 0, &config, &errors) ||
		    layout_build(&config, &LAYOUT_LIMITS_DEFAULT, &layout, &errors))
			fail_msg("%s", errors.lines[0]);
		if (config.guest.payload == PAYLOAD_NESTED) {
			payload = place(&layout, (unsigned int)config.vm.vcpus, 3);
			tree = make_tree(&layout, &payload);
			fdt_for_each_subnode(node, tree, 0)
				if (text(tree, node, "minivmm,same"))
					fail_msg("%s: %s", found.gl_pathv[i], fdt_get_name(tree, node, NULL));
			free(tree);
			trees++;
		}
		layout_free(&layout);
		config_free(&config);
	}
	globfree(&found);
	assert_true(trees > 10);
}

/* What a file has from an earlier run is not taken for what is lost now. */
static void a_table_of_losses_begins_empty(void **state)
{
	struct memslot_cfg memslots[] = { SLOT("low", .size = 16 * M), SLOT("data", .base = 64 * M, .size = M) };
	struct worker_cfg worker = { .name = "w", .op = OP_discard, .slot = (char *)"data", .threads = 1 };
	struct payload payload;
	struct stage stage;
	struct err err = { 0 };

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	stage.config.workers = &worker;
	stage.config.worker_count = 1;
	lay_out(&stage);
	payload = place(&stage.layout, 1, 3);
	memset(vm_page(&stage.vm, payload.losses), 1, sizeof(struct abi_losses));
	memslots[0].backing = BACKING_FILE;
	if (payload_load(&payload, &stage.vm, &err))
		fail_msg("%s", err.text);
	for (uint64_t offset = 0; offset < sizeof(struct abi_losses); offset += 8)
		assert_int_equal(*(uint64_t *)(vm_page(&stage.vm, payload.losses + (offset & -4096ull)) + offset % 4096), 0);
	memslots[0].backing = BACKING_ANON;
	strike(&stage);
}

/* Phases of each kind, of which two are stress phases, and workers of which three have jobs for the guest. */
#define PHASES 13
#define WORKERS 4
struct story {
	struct memslot_cfg memslots[3];
	struct phase_cfg phases[PHASES];
	struct worker_cfg workers[WORKERS];
	struct stage stage;
	void *tree;
};

/* What a node says that stands for a phase, or for a worker in a stress phase; NULL: the guest has nothing to do. */
static const char *const loads[PHASES] = { "boot", "l2", NULL, "touch", "touch", "touch", "l2", "touch", NULL, "alias-counts", "l2", "alias-counts", "l2" };
static const char *const jobs[WORKERS] = { "npt-churn", NULL, "alias", "l2" };

static void tell(struct story *story)
{
	const struct phase_cfg phases[PHASES] = {
		{ .name = "boot", .what = DO_BOOT, .stride = 4096 },
		{ .name = "first", .what = DO_STRESS, .load = LOAD_L2, .nested_paging = true, .touch = 64 * K,
		  .stride = 8 * K, .pattern = 0x123456789abcdef0, .slot = (char *)"data" },
		{ .name = "gone", .what = DO_SLOT_DELETE, .slot = (char *)"data" },
		{ .name = "second", .what = DO_STRESS, .touch = 4 * K, .stride = 4 * K },
		{ .name = "touch", .what = DO_TOUCH, .stride = 4096 },
		{ .name = "log", .what = DO_DIRTY_LOG, .stride = 4096, .slot = (char *)"data" },
		{ .name = "back", .what = DO_DISCARD, .load = LOAD_L2, .stride = 4096, .slot = (char *)"data" },
		{ .name = "live", .what = DO_DISCARD, .live = true, .stride = 4096, .slot = (char *)"data" },
		{ .name = "move", .what = DO_SLOT_MOVE, .slot = (char *)"data" },
		{ .name = "counts", .what = DO_ALIAS_COUNTS, .stride = 4096, .slot = (char *)"data" },
		{ .name = "age", .what = DO_AGE, .load = LOAD_L2, .stride = 4096, .slot = (char *)"data", .nested_pages = NESTED_4K },
		{ .name = "aliases", .what = DO_DIRTY_LOG, .load = LOAD_L2, .aliases = true, .stride = 4096, .slot = (char *)"data" },
		{ .name = "twin", .what = DO_DISCARD, .load = LOAD_L2, .stride = 4096, .slot = (char *)"twin" },
	};
	const struct worker_cfg workers[WORKERS] = {
		{ .name = "churn", .op = OP_npt_churn, .threads = 1 }, { .name = "kick", .op = OP_signal_kick, .threads = 1 },
		{ .name = "alias", .op = OP_alias, .threads = 1 }, { .name = "nest", .op = OP_first_l2, .threads = 1 },
	};
	const struct memslot_cfg memslots[] = {
		SLOT("low", .size = 16 * M), SLOT("data", .base = 64 * M, .size = M),
		SLOT("twin", .base = 80 * M, .size = M, .alias = (char *)"data"),
	};
	struct payload payload;

	memcpy(story->phases, phases, sizeof(phases));
	memcpy(story->workers, workers, sizeof(workers));
	memcpy(story->memslots, memslots, sizeof(memslots));
	set(&story->stage, story->memslots, COUNT(memslots));
	story->stage.config.phases = story->phases;
	story->stage.config.phase_count = PHASES;
	story->stage.config.workers = story->workers;
	story->stage.config.worker_count = WORKERS;
	payload = place(&story->stage.layout, 1, 3);
	story->tree = make_tree(&story->stage.layout, &payload);
}

static void forget(struct story *story)
{
	free(story->tree);
	strike(&story->stage);
}

/* The node of the phase or job of an index. It says what there is to do; where that is nothing, it is not there: -1. */
static int node_of(const void *tree, uint32_t index, const char *what)
{
	char path[64];
	int node;

	snprintf(path, sizeof(path), "/scenario/phase@%x", index);
	if (!what) {
		assert_true(fdt_path_offset(tree, path) < 0);
		return -1;
	}
	node = at(tree, path);
	assert_int_equal(cell(tree, node, "reg"), index);
	assert_string_equal(text(tree, node, "do"), what);
	return node;
}

/* Each phase, and each job in a stress phase, has an index of its own, under which the payload finds it. */
static void the_tree_names_phases_and_jobs(void **state)
{
	bool used[64] = { false };
	struct story story;

	(void)state;
	tell(&story);
	for (uint32_t i = 0; i < PHASES; i++) {
		node_of(story.tree, i, loads[i]);
		used[i] = true;
	}
	for (size_t i = 1; i <= 3; i += 2) {
		for (size_t j = 0; j < WORKERS; j++) {
			uint32_t index = device_tree_job(&story.stage.config, i, j);
			int node = node_of(story.tree, index, jobs[j]);

			assert_true(index < COUNT(used));
			assert_false(used[index]);
			used[index] = true;
			if (node >= 0)
				assert_int_equal(cells(story.tree, node, "touch", 0, NULL), story.phases[i].touch);
		}
	}
	forget(&story);
}

static void the_tree_says_what_a_phase_touches(void **state)
{
	struct story story;
	int node;

	(void)state;
	tell(&story);
	node = at(story.tree, "/scenario/phase@1");
	assert_int_equal(cells(story.tree, node, "touch", 0, NULL), 64 * K);
	assert_int_equal(cells(story.tree, node, "stride", 0, NULL), 8 * K);
	assert_int_equal(cells(story.tree, node, "pattern", 0, NULL), 0x123456789abcdef0);
	assert_int_equal(cells(story.tree, node, "touch-base", 0, NULL), 64 * M);
	assert_non_null(text(story.tree, node, "nested-paging"));
	node = at(story.tree, "/scenario/phase@3");
	assert_null(text(story.tree, node, "nested-paging"));
	assert_int_equal(cells(story.tree, node, "touch-base", 0, NULL), 0);
	assert_null(text(story.tree, at(story.tree, "/scenario/phase@5"), "read-first"));
	node = at(story.tree, "/scenario/phase@6");
	assert_non_null(text(story.tree, node, "read-first"));
	assert_null(text(story.tree, node, "rewrite"));
	node = at(story.tree, "/scenario/phase@7");
	assert_null(text(story.tree, node, "read-first"));
	assert_non_null(text(story.tree, node, "rewrite"));
	assert_non_null(text(story.tree, at(story.tree, "/scenario/phase@9"), "read-first"));
	assert_null(text(story.tree, at(story.tree, "/scenario/phase@9"), "small-pages"));
	assert_non_null(text(story.tree, at(story.tree, "/scenario/phase@a"), "rewrite"));
	assert_non_null(text(story.tree, at(story.tree, "/scenario/phase@a"), "small-pages"));
	assert_non_null(text(story.tree, at(story.tree, "/scenario/phase@b"), "read-first"));
	assert_null(text(story.tree, at(story.tree, "/scenario/phase@6"), "touch-aliases"));
	node = at(story.tree, "/scenario/phase@c");
	assert_non_null(text(story.tree, node, "touch-aliases"));
	assert_int_equal(cells(story.tree, node, "touch-base", 0, NULL), 80 * M);
	forget(&story);
}

/* The payload lies in guest memory, with tables that map each slot at its own address. */
static void the_payload_is_loaded(void **state)
{
	struct memslot_cfg memslots[] = { SLOT("low", .size = 16 * M), SLOT("high", .base = 5 * G, .size = 2 * M) };
	struct payload payload;
	struct err err = { 0 };
	uint64_t root[512], level3[512];
	struct stage stage;
	char magic[4];

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	payload = place(&stage.layout, 1, 3);
	assert_int_equal(payload_load(&payload, &stage.vm, &err), 0);
	assert_int_equal(vm_read(&stage.vm, payload.tree, magic, 4), 0);
	assert_memory_equal(magic, "\xd0\x0d\xfe\xed", 4);
	assert_int_equal(payload.cr3 & 4095, 0);
	assert_true(payload.cr3 >= payload.tables && payload.cr3 < payload.tables_end);
	assert_int_equal(vm_read(&stage.vm, payload.cr3, root, sizeof(root)), 0);
	assert_int_equal(vm_read(&stage.vm, root[0] & 0xffffffffff000, level3, sizeof(level3)), 0);
	assert_int_equal(level3[0] & 0xffffffffff083, 0x83);
	assert_int_equal(level3[5] & 0xffffffffff083, 5 * G | 0x83);
	assert_int_equal(level3[1], 0);
	payload = place(&stage.layout, 1, 3);
	payload.tables_end = payload.tables + 4096;
	assert_int_equal(payload_load(&payload, &stage.vm, &err), -ENOSPC);
	strike(&stage);
}

/* Without pages of 1G, too, each address of a GiB with memory in it is mapped: L2's pages may be where there is no memory. */
static void whole_gibs_are_mapped(void **state)
{
	struct memslot_cfg memslots[] = {
		SLOT("low", .size = 16 * M), SLOT("high", .base = 5 * G + 64 * M, .size = 2 * M), SLOT("beside", .base = 5 * G + 80 * M, .size = 2 * M),
	};
	uint64_t table[512], level2[512];
	struct payload payload;
	struct err err = { 0 };
	struct stage stage;

	(void)state;
	set(&stage, memslots, COUNT(memslots));
	payload = place(&stage.layout, 1, 2);
	assert_int_equal(payload.tables_end - payload.tables, 4 * 4096);
	assert_int_equal(payload_load(&payload, &stage.vm, &err), 0);
	assert_int_equal(vm_read(&stage.vm, payload.cr3, table, sizeof(table)), 0);
	assert_int_equal(vm_read(&stage.vm, table[0] & 0xffffffffff000, table, sizeof(table)), 0);
	assert_int_equal(table[1], 0);
	assert_int_equal(table[5] & 0x83, 0x3);
	assert_int_equal(vm_read(&stage.vm, table[5] & 0xffffffffff000, level2, sizeof(level2)), 0);
	for (uint64_t i = 0; i < 512; i++)
		assert_int_equal(level2[i] & 0xffffffffff083, (5 * G + i * 2 * M) | 0x83);
	strike(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_payload_is_in_ram), cmocka_unit_test(the_payload_has_room),
		cmocka_unit_test(tables_by_gib),
		cmocka_unit_test(tables_by_2m),
		cmocka_unit_test(where_the_payload_goes),
		cmocka_unit_test(tables_in_a_slot_of_their_own),
		cmocka_unit_test(the_tree_names_memory),
		cmocka_unit_test(the_tree_names_the_payload),
		cmocka_unit_test(the_tree_says_where_passes_are_the_same),
		cmocka_unit_test(in_shipped_configs_passes_differ),
		cmocka_unit_test(a_table_of_losses_begins_empty),
		cmocka_unit_test(the_tree_names_phases_and_jobs),
		cmocka_unit_test(the_tree_says_what_a_phase_touches),
		cmocka_unit_test(the_payload_is_loaded),
		cmocka_unit_test(whole_gibs_are_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
