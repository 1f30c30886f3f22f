// SPDX-License-Identifier: GPL-2.0-only
/* What the payload writes, reads back, and takes for lost. Its code runs here, on memory at the addresses that a guest has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../../guest/memory.c"
#include "../../guest/touch.c"
#include "../../guest/tree.c"

#define PAGE ABI_PAGE_SIZE
/* Free in each process, with any sanitizer. */
#define BASE 0x550000000000ull
#define SMALL BASE		/* 16 pages, of which the payload has pages 4 to 7 */
#define TAKEN (BASE + (1 << 20)) /* 16 pages that workers take away, */
#define SHARED (BASE + (2 << 20)) /* and 16 of a file, too */
#define ALIAS (BASE + (3 << 20)) /* and 16 that the tree calls an alias */
#define TABLE (BASE + (16 << 20)) /* in no slot */
#define PAGES 16u

static char fdt[4096];
static struct abi_losses *const table = (struct abi_losses *)TABLE;

static void range(const char *name, uint64_t base, uint64_t size)
{
	fdt64_t cells[2] = { cpu_to_fdt64(base), cpu_to_fdt64(size) };

	fdt_property(fdt, name, cells, sizeof(cells));
}

static void memory_node(uint64_t base, bool lossy, bool same)
{
	char name[32];

	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)base);
	fdt_begin_node(fdt, name);
	fdt_property_string(fdt, "device_type", "memory");
	if (lossy)
		fdt_property(fdt, "minivmm,lossy", NULL, 0);
	if (same)
		fdt_property(fdt, "minivmm,same", NULL, 0);
	if (base == ALIAS)
		fdt_property(fdt, "minivmm,alias", NULL, 0);
	range("reg", base, PAGES * PAGE);
	fdt_end_node(fdt);
}

/* The tree of a VM with so many vCPUs, losses: and with a table. */
static struct tree make_tree(uint32_t vcpus, bool losses)
{
	struct tree tree = { 0 };
	const char *wrong;

	fdt_create(fdt, sizeof(fdt));
	fdt_finish_reservemap(fdt);
	fdt_begin_node(fdt, "");
	memory_node(SMALL, false, false);
	memory_node(TAKEN, true, false);
	memory_node(SHARED, true, true);
	memory_node(ALIAS, false, false);
	fdt_begin_node(fdt, "minivmm");
	fdt_property_u32(fdt, "abi", ABI_VERSION);
	fdt_property_u32(fdt, "port-base", ABI_PORT_BASE_DEFAULT);
	fdt_property_u32(fdt, "vcpus", vcpus);
	fdt_property_u32(fdt, "page-level", 3);
	range("payload", SMALL + 4 * PAGE, 4 * PAGE);
	range("table-pool", SMALL + 7 * PAGE, PAGE);
	if (losses)
		range("losses", TABLE, sizeof(struct abi_losses));
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	assert_int_equal(fdt_finish(fdt), 0);
	wrong = tree_read(&tree, fdt);
	if (!wrong)
		wrong = memory_check(&tree);
	if (wrong)
		fail_msg("%s", wrong);
	return tree;
}

static int map(void **state)
{
	static const struct { uint64_t base, size; } parts[] = {
		{ SMALL, PAGES * PAGE }, { TAKEN, PAGES * PAGE }, { SHARED, PAGES * PAGE },
		{ ALIAS, PAGES * PAGE }, { TABLE, sizeof(struct abi_losses) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (mmap((void *)parts[i].base, parts[i].size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			return -1;
	return 0;
}

static struct touch begin(const struct tree *tree, uint64_t base, uint64_t pages, uint64_t stride, uint64_t pass)
{
	struct touch touch = { .base = base, .pages = pages, .stride = stride, .pattern = 0x1234, .pass = pass };

	touch_begin(tree, &touch);
	return touch;
}

static uint64_t *at(uint64_t base, uint64_t page)
{
	return (uint64_t *)(base + page * PAGE);
}

/* A removal, as vmm/vm/losses.c marks it. */
static void take_away(uint64_t base, uint64_t page)
{
	struct abi_loss *loss = &table->pages[(base / PAGE + page) % ABI_LOSS_ENTRIES];

	abi_loss_begin(loss);
	__atomic_store_n(at(base, page), 0, __ATOMIC_RELAXED);
	abi_loss_end(loss, __atomic_add_fetch(&table->count, 1, __ATOMIC_SEQ_CST));
}

/* There are 44 pages; a walk from the second memory on has 32. */
static void a_walk_that_fits_does_not_wrap(void **state)
{
	static const struct {
		uint64_t base, pages, stride;
		bool wraps;
	} walks[] = {
		{ 0, 44, PAGE, false }, { 0, 45, PAGE, true }, { TAKEN, 32, PAGE, false }, { TAKEN, 33, PAGE, true },
		{ SHARED, 4, 5 * PAGE, false }, { SHARED, 5, 5 * PAGE, true }, { SMALL, 0, PAGE, false },
		{ SHARED, 1, PAGES * PAGE, false }, { SHARED + 15 * PAGE, 1, PAGE, false }, { SHARED + 15 * PAGE, 2, PAGE, true },
		{ 0, 1ull << 50, 1ull << 20, true },
	};
	const struct tree several = make_tree(2, false);
	struct tree one = several;

	(void)state;
	one.vcpus = 1;
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		if (begin(&several, walks[i].base, walks[i].pages, walks[i].stride, 1).may_wrap != walks[i].wraps)
			fail_msg("walk %zu", i);
		assert_false(begin(&one, walks[i].base, walks[i].pages, walks[i].stride, 1).may_wrap);
	}
}

/* Each vCPU has a pass of its own, also where the walk comes to a page again: it is always the same vCPU's. */
static void passes_differ_in_a_walk_that_wraps(void **state)
{
	enum { VCPUS = 3, STEPS = 1000 };
	const struct tree tree = make_tree(VCPUS, false);
	struct touch touch[VCPUS];
	struct touch_error error;
	uint64_t written = 0, seen = 0, stale;

	(void)state;
	for (uint32_t i = 0; i < VCPUS; i++) {
		uint64_t pages;

		touch[i] = begin(&tree, TAKEN, STEPS, 5 * PAGE, 10 + i);
		pages = touch_write(&tree, &touch[i], i);
		assert_true(pages && pages == touch_share(&tree, &touch[i], i));
		written += pages;
	}
	assert_int_equal(written, STEPS);
	for (uint32_t i = 0; i < VCPUS; i++)
		assert_true(touch_check(&tree, &touch[i], i, &error));
	/* What its vCPU wrote in the pass before is not right, whichever page it is. */
	for (uint64_t page = 0; page < PAGES; page++) {
		uint32_t owner = abi_page_owner(TAKEN + page * PAGE, VCPUS);

		stale = *at(TAKEN, page);
		if (!stale)
			continue;
		seen++;
		assert_int_equal(abi_page_pass(0x1234, TAKEN + page * PAGE, stale), 10 + owner);
		*at(TAKEN, page) = abi_page_value(0x1234, TAKEN + page * PAGE, 9 + owner);
		assert_false(touch_check(&tree, &touch[owner], owner, &error));
		assert_int_equal(error.gpa, TAKEN + page * PAGE);
		assert_false(error.not_lost);
		*at(TAKEN, page) = stale;
	}
	assert_true(seen > VCPUS);
}

static void a_walk_that_fits_goes_round_the_vcpus(void **state)
{
	const struct tree tree = make_tree(2, false);

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct touch touch = begin(&tree, TAKEN, 9, PAGE, 7 + i);

		assert_int_equal(touch_write(&tree, &touch, i), 5 - i);
	}
	for (uint64_t page = 0; page < 9; page++)
		assert_int_equal(abi_page_pass(0x1234, TAKEN + page * PAGE, *at(TAKEN, page)), 7 + page % 2);
}

/* Alias memory is written only where the phase's memslot is an alias, and then by all vCPUs in turn. */
static void an_alias_is_written_where_it_is_meant(void **state)
{
	const struct tree tree = make_tree(2, false);
	struct touch_error error;

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct touch touch = begin(&tree, ALIAS, 4, PAGE, 7 + i);

		touch_write(&tree, &touch, i);
		assert_int_equal(*at(ALIAS, i), 0);
		touch = (struct touch){ .base = ALIAS, .pages = 4, .stride = PAGE, .pattern = 0x1234, .pass = 7 + i, .aliases = true };
		touch_begin(&tree, &touch);
		assert_int_equal(touch_write(&tree, &touch, i), 2);
		assert_int_equal(abi_page_pass(0x1234, ALIAS + i * PAGE, *at(ALIAS, i)), 7 + i);
		assert_true(touch_check(&tree, &touch, i, &error));
		*at(ALIAS, i) = 0;
		assert_false(touch_check(&tree, &touch, i, &error));
		assert_int_equal(error.gpa, ALIAS + i * PAGE);
	}
}

/* A page that reads 0 is right only if it was taken away after it was written. */
static void what_is_lost_is_known_per_page(void **state)
{
	const struct tree tree = make_tree(1, true);
	struct touch touch = begin(&tree, TAKEN, PAGES, PAGE, 1);
	struct abi_loss *other = &table->pages[(TAKEN / PAGE + 4) % ABI_LOSS_ENTRIES];
	struct touch_error error;

	(void)state;
	take_away(TAKEN, 3);
	touch_write(&tree, &touch, 0);
	assert_true(touch_check(&tree, &touch, 0, &error));
	/* It was taken away before. */
	*at(TAKEN, 3) = 0;
	assert_false(touch_check(&tree, &touch, 0, &error));
	assert_true(error.gpa == TAKEN + 3 * PAGE && !error.got && error.not_lost);
	take_away(TAKEN, 3);
	assert_true(touch_check(&tree, &touch, 0, &error));
	/* That is no matter of its neighbour, until that one is taken away, too: this goes on. */
	*at(TAKEN, 4) = 0;
	assert_false(touch_check(&tree, &touch, 0, &error));
	assert_int_equal(error.gpa, TAKEN + 4 * PAGE);
	abi_loss_begin(other);
	assert_true(touch_check(&tree, &touch, 0, &error));
	abi_loss_begin(other);
	abi_loss_end(other, table->count + 2);
	assert_true(touch_check(&tree, &touch, 0, &error));
	/* Two overlap, and the one that ends last has the lower number: the higher one stays. */
	abi_loss_end(other, table->count + 1);
	assert_int_equal(other->last, table->count + 2);
	assert_int_equal(other->active, 0);
	/* Nothing but 0 is what is left of a page. */
	*at(TAKEN, 3) = abi_page_value(0x1234, TAKEN + 3 * PAGE, 0);
	assert_false(touch_check(&tree, &touch, 0, &error));
	assert_false(error.not_lost);
	take_away(TAKEN, 3);
	table->count += 2;
	/* In the next pass all of that is past. */
	touch = begin(&tree, TAKEN, PAGES, PAGE, 2);
	touch_write(&tree, &touch, 0);
	*at(TAKEN, 4) = 0;
	assert_false(touch_check(&tree, &touch, 0, &error));
	assert_int_equal(error.gpa, TAKEN + 4 * PAGE);
}

/* What the VMM wrote before a pass must be there when it begins, whatever was taken away before. */
static void what_the_vmm_wrote_is_not_lost(void **state)
{
	const struct tree tree = make_tree(1, true);
	struct touch touch;
	struct touch_error error;

	(void)state;
	take_away(TAKEN, 2);
	for (uint64_t page = 0; page < PAGES; page++)
		*at(TAKEN, page) = page == 2 ? 0 : abi_page_value(0x1234, TAKEN + page * PAGE, ABI_PASS_VMM);
	touch = begin(&tree, TAKEN, PAGES, PAGE, 1);
	touch.read_first = true;
	assert_false(touch_check_first(&tree, &touch, 0, &error));
	assert_int_equal(error.gpa, TAKEN + 2 * PAGE);
	*at(TAKEN, 2) = abi_page_value(0x1234, TAKEN + 2 * PAGE, ABI_PASS_VMM);
	assert_true(touch_check_first(&tree, &touch, 0, &error));
}

/* Where nobody takes pages away, nothing is lost; in a file, which other VMs write, at any time. */
static void elsewhere_it_is_known_per_slot(void **state)
{
	const struct tree tree = make_tree(1, true), without = make_tree(1, false);
	struct touch small = begin(&tree, SMALL, 4, PAGE, 1), shared = begin(&tree, SHARED, PAGES, PAGE, 1);
	struct touch taken = begin(&without, TAKEN, PAGES, PAGE, 1);
	struct touch_error error;

	(void)state;
	touch_write(&tree, &small, 0);
	take_away(SMALL, 1);
	assert_false(touch_check(&tree, &small, 0, &error));
	assert_false(error.not_lost);
	touch_write(&tree, &shared, 0);
	assert_int_equal(*at(SHARED, 5), abi_page_value(0x1234, SHARED + 5 * PAGE, 0));
	*at(SHARED, 5) = 0;
	assert_true(touch_check(&tree, &shared, 0, &error));
	touch_write(&without, &taken, 0);
	assert_true(touch_check(&without, &taken, 0, &error));
	*at(TAKEN, 5) = 0;
	assert_false(touch_check(&without, &taken, 0, &error));
}

static void parts_of_a_walk_have_their_own_time(void **state)
{
	const struct tree tree = make_tree(1, true);
	struct touch touch;
	struct touch_error error;

	(void)state;
	table->count = 5;
	touch = begin(&tree, TAKEN, PAGES, PAGE, 1);
	table->count = 9;
	touch_write(&tree, &touch, 0);
	for (unsigned int i = 0; i < TOUCH_PARTS; i++)
		assert_int_equal(touch.since[i], i < PAGES ? 9 : 5);
	/* As if the second half had been written after the removal with the number 10. */
	table->count = 10;
	for (unsigned int i = PAGES / 2; i < PAGES; i++)
		touch.since[i] = 10;
	for (uint64_t page = 0; page < PAGES; page++) {
		table->pages[(TAKEN / PAGE + page) % ABI_LOSS_ENTRIES].last = 10;
		*at(TAKEN, page) = 0;
	}
	assert_false(touch_check(&tree, &touch, 0, &error));
	assert_int_equal(error.gpa, TAKEN + PAGES / 2 * PAGE);
	/* A walk with more pages than parts has no part too many. */
	touch = begin(&tree, SMALL, TOUCH_PARTS + 1, PAGE, 1);
	table->count = 11;
	touch_write(&tree, &touch, 0);
	assert_int_equal(touch.since[TOUCH_PARTS / 2], 11);
	assert_int_equal(touch.since[TOUCH_PARTS - 1], 10);
}

struct remover {
	uint64_t random;
	bool stop;		/* atomic */
};

static void *remove_pages(void *argument)
{
	struct remover *remover = argument;

	while (!__atomic_load_n(&remover->stop, __ATOMIC_ACQUIRE)) {
		remover->random = remover->random * 6364136223846793005ull + 1442695040888963407ull;
		take_away(TAKEN, remover->random >> 33 & (PAGES - 1));
	}
	return NULL;
}

/* Whatever comes first: a page that somebody takes away while it is written, or read, is never blamed. */
static void nobody_is_blamed_for_what_is_taken_away(void **state)
{
	const struct tree tree = make_tree(1, true);
	struct remover removers[2] = { { .random = 1 }, { .random = 2 } };
	pthread_t threads[2];
	uint64_t blamed = 0, pass;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, remove_pages, &removers[i]), 0);
	for (pass = 1; pass <= 20000; pass++) {
		struct touch touch = begin(&tree, TAKEN, PAGES, PAGE, pass);
		struct touch_error error;

		touch_write(&tree, &touch, 0);
		blamed += !touch_check(&tree, &touch, 0, &error);
	}
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&removers[i].stop, true, __ATOMIC_RELEASE);
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(blamed, 0);
	assert_true(table->count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_walk_that_fits_does_not_wrap, map),
		cmocka_unit_test_setup(passes_differ_in_a_walk_that_wraps, map),
		cmocka_unit_test_setup(a_walk_that_fits_goes_round_the_vcpus, map),
		cmocka_unit_test_setup(an_alias_is_written_where_it_is_meant, map),
		cmocka_unit_test_setup(what_is_lost_is_known_per_page, map),
		cmocka_unit_test_setup(what_the_vmm_wrote_is_not_lost, map),
		cmocka_unit_test_setup(elsewhere_it_is_known_per_slot, map),
		cmocka_unit_test_setup(parts_of_a_walk_have_their_own_time, map),
		cmocka_unit_test_setup(nobody_is_blamed_for_what_is_taken_away, map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
