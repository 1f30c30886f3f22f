// SPDX-License-Identifier: GPL-2.0-only
/* Signals that wait until the run asks for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "vm/signals.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

/* A shell starts what runs in its background with SIGINT ignored, and nohup ignores SIGHUP. */
static int as_from_a_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], SIG_DFL);
	return 0;
}

static int open_signals(struct signals *signals)
{
	struct err err = { 0 };

	return signals_open(signals, &err);
}

static void each_is_taken_once(void **state)
{
	struct signals signals;

	(void)state;
	assert_int_equal(open_signals(&signals), 0);
	assert_int_equal(fcntl(signals.fd, F_GETFD), FD_CLOEXEC);
	for (size_t i = 0; i < 3; i++) {
		assert_false(signals_came(&signals));
		assert_int_equal(signals_next(&signals), 0);
		raise(numbers[i]);
		assert_true(signals_came(&signals));
		assert_true(signals_came(&signals));
		assert_int_equal(signals_next(&signals), numbers[i]);
		assert_int_equal(signals_next(&signals), 0);
	}
	signals_close(&signals);
	assert_int_equal(signals.fd, -1);
	assert_false(signals_came(NULL));
	assert_int_equal(signals_next(NULL), 0);
}

static int caught;

static void catch(int number)
{
	caught = number;
}

/* Afterwards they are what they were before, and what came meanwhile is forgotten. */
static void the_mask_is_restored(void **state)
{
	struct signals signals;

	(void)state;
	signal(SIGTERM, catch);
	assert_int_equal(open_signals(&signals), 0);
	raise(SIGTERM);
	raise(SIGINT);
	signals_close(&signals);
	assert_int_equal(caught, 0);
	raise(SIGTERM);
	assert_int_equal(caught, SIGTERM);
	signal(SIGTERM, SIG_DFL);
}

static void ignored_ones_stay_ignored(void **state)
{
	struct signals signals;

	(void)state;
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(open_signals(&signals), 0);
	raise(SIGHUP);
	assert_false(signals_came(&signals));
	raise(SIGINT);
	assert_int_equal(signals_next(&signals), SIGINT);
	signals_close(&signals);
	signal(SIGHUP, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_is_taken_once, as_from_a_terminal),
		cmocka_unit_test_setup(the_mask_is_restored, as_from_a_terminal),
		cmocka_unit_test_setup(ignored_ones_stay_ignored, as_from_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
