// SPDX-License-Identifier: GPL-2.0-only
/* What changed while it was logged must be in the log: on memory and logs made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "run/log_sample.h"

#define PAGES 64u

static void write_page(uint8_t *memory, unsigned int page, uint64_t value)
{
	*(uint64_t *)(memory + page * 4096u) = value;
}

static void changes_must_be_logged(void **state)
{
	uint8_t *memory = calloc(PAGES, 4096), log[PAGES / 8] = { 0 };
	struct log_sample sample;
	uint64_t page = 99;

	(void)state;
	assert_non_null(memory);
	for (unsigned int i = 0; i < PAGES; i++)
		write_page(memory, i, i + 1);
	log_sample_begin(&sample, memory, 4, 9);
	assert_int_equal(log_sample_changed(&sample), 0);
	assert_int_equal(log_sample_missing(&sample, log, &page), 0);

	/* Pages 0, 9, 18 and 27 are looked at: one changes, one is taken back, one between them changes. */
	write_page(memory, 18, 1000);
	write_page(memory, 27, 0);
	write_page(memory, 10, 1000);
	assert_int_equal(log_sample_changed(&sample), 1);
	assert_int_equal(log_sample_missing(&sample, log, &page), 1);
	assert_int_equal(page, 18);
	log[18 / 8] = 1 << 18 % 8;
	assert_int_equal(log_sample_missing(&sample, log, &page), 0);

	write_page(memory, 9, 1000);
	write_page(memory, 27, 1000);
	assert_int_equal(log_sample_changed(&sample), 3);
	assert_int_equal(log_sample_missing(&sample, log, &page), 2);
	assert_int_equal(page, 9);
	free(memory);
}

static void no_more_than_there_is_room_for(void **state)
{
	uint8_t *memory = calloc(100, 4096);
	struct log_sample sample;

	(void)state;
	assert_non_null(memory);
	log_sample_begin(&sample, memory, 100, 1);
	assert_int_equal(sample.count, LOG_SAMPLE_MAX);
	log_sample_begin(&sample, memory, 0, 1);
	assert_int_equal(log_sample_changed(&sample), 0);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_must_be_logged),
		cmocka_unit_test(no_more_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
