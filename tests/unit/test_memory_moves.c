// SPDX-License-Identifier: GPL-2.0-only
/* Whether the host takes pages away or moves them, as /proc/vmstat says, or another process has it do so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/memory_watch.h"
#include "root_folder.h"

/* What /proc/vmstat of 6.12 has, in its order, with a few figures changed. */
static struct memory_moves read_of(const char *root, const char *text)
{
	struct memory_moves moves;

	if (text)
		put_file(root, "/proc/vmstat", text);
	memory_moves_read(root, &moves);
	return moves;
}

static void what_moves_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "pswpin 9\npswpout 0\npgscan_kswapd 5\npgscan_direct 7\nnuma_pte_updates 0\npgmigrate_success 3\n", NULL },
		{ "pswpin 0\npswpout 1\npgscan_kswapd 5\npgscan_direct 7\nnuma_pte_updates 0\npgmigrate_success 3\n", "(pswpout)" },
		{ "pswpin 0\npswpout 0\npgscan_kswapd 5\npgscan_direct 8\nnuma_pte_updates 0\npgmigrate_success 3\n", "(pgscan)" },
		{ "pswpin 0\npswpout 0\npgscan_kswapd 5\npgscan_direct 7\nnuma_pte_updates 4\npgmigrate_success 3\n", "(numa_pte_updates)" },
		{ "pswpin 0\npswpout 0\npgscan_kswapd 5\npgscan_direct 7\nnuma_pte_updates 0\npgmigrate_success 3\npgmigrate_fail 1\n", "(pgmigrate)" },
		/* What has a longer name is something else, and so is a line without a figure. */
		{ "pswpout_x 5\npswpout\npgscan_kswapd 5\npgscan_direct 7\npgmigrate_success 3\n", NULL },
	};
	const char *root = *state;
	struct memory_moves before = read_of(root, cases[0].text);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_moves after = read_of(root, cases[i].text);
		const char *says = memory_moves_between(&before, &after);

		if (!says != !cases[i].says || (says && !strstr(says, cases[i].says)))
			fail_msg("case %zu: %s", i, says ? says : "nothing");
	}
}

/* A host without such figures: nothing is known to have moved. */
static void without_figures_nothing_moves(void **state)
{
	struct memory_moves before = read_of(*state, NULL), after = read_of(*state, "");

	assert_null(memory_moves_between(&before, &after));
}

static void clear_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);

	if (fd < 0 || write(fd, "4", 1) != 1)
		fail_msg("/proc/self/clear_refs: %s", strerror(errno));
	close(fd);
}

static bool is_cleared(struct memory_watch *watch)
{
	const char *moved = memory_watch_moved(watch);

	return moved && strstr(moved, "(clear_refs)");
}

/* Twice: the first time it is the mapping that is no longer dirty. */
static void soft_dirty_bits_that_are_cleared_are_seen(void **state)
{
	struct memory_watch watch = { 0 };

	(void)state;
	memory_watch_begin(&watch);
	assert_non_null(watch.page);
	if (!watch.is_dirty)
		skip();	/* a kernel without CONFIG_MEM_SOFT_DIRTY */
	for (int i = 0; i < 2; i++) {
		assert_false(is_cleared(&watch));
		clear_soft_dirty();
		assert_true(is_cleared(&watch));
	}
	assert_false(is_cleared(&watch));
	memory_watch_end(&watch);
	assert_null(watch.page);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_moves_is_named, make_root, remove_root),
		cmocka_unit_test_setup_teardown(without_figures_nothing_moves, make_root, remove_root),
		cmocka_unit_test(soft_dirty_bits_that_are_cleared_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
