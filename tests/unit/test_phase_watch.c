// SPDX-License-Identifier: GPL-2.0-only
/* A phase waits until it is written down that it begins, and not for a writer that is stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/cmd_progress.h"
#include "config/config.h"
#include "run/live_run.h"
#include "run/phase_watch.h"

struct writer {
	struct phase_watch *watch;
	size_t phases;
};

/* Writes one phase down for each that begins, and takes its time. */
static void *write_down(void *argument)
{
	struct writer *writer = argument;
	struct phase_watch *watch = writer->watch;

	for (size_t written = 0; written < writer->phases; written++) {
		usleep(20000);
		pthread_mutex_lock(&watch->lock);
		watch->count = written + 1;
		pthread_cond_signal(&watch->written);
		pthread_mutex_unlock(&watch->lock);
	}
	return NULL;
}

static void test_waits(void **state)
{
	struct phase_watch watch;
	struct writer writer = { .watch = &watch, .phases = 3 };
	pthread_t thread;

	(void)state;
	phase_watch_init(&watch);
	assert_int_equal(pthread_create(&thread, NULL, write_down, &writer), 0);
	for (size_t count = 1; count <= 3; count++) {
		phase_watch_wait(&watch, count);
		assert_true(watch.late || watch.count >= count);
	}
	pthread_join(thread, NULL);
	phase_watch_destroy(&watch);
}

/* Once: what is stuck costs a run its time only once. */
static void test_not_for_long(void **state)
{
	struct phase_watch watch;
	uint64_t begun = clock_ns(), waited;

	(void)state;
	phase_watch_init(&watch);
	phase_watch_wait(&watch, 1);
	waited = clock_ns() - begun;
	assert_in_range(waited, 400000000, 30000000000);
	begun = clock_ns();
	for (size_t count = 2; count < 1000; count++)
		phase_watch_wait(&watch, count);
	assert_true(clock_ns() - begun < waited * 10);
	phase_watch_destroy(&watch);
}

static size_t lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t lines = 0;
	int byte;

	while (file && (byte = getc(file)) != EOF)
		lines += byte == '\n';
	if (file)
		fclose(file);
	return lines;
}

/* A kernel that crashed now would leave the line of the phase that begins. */
static void test_before_the_phase(void **state)
{
	char folder[] = "/tmp/minivmm-test-XXXXXX", path[64];
	struct phase_result phases[3] = { 0 };
	const struct config config = { 0 };
	struct run run = { .phases = phases, .config = &config };
	struct progress_line line;
	struct journal journal;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/run.jsonl", folder);
	assert_int_equal(journal_begin(&journal, path, &err), 0);
	progress_begin(&line, PROGRESS_NEVER, "", &run, &journal);
	for (size_t i = 0; i < 3; i++) {
		phase_begin(&run, NULL, "create");
		assert_true(lines_of(path) == i + 1 || line.watch.late);
	}
	progress_end(&line);
	assert_null(run.watch);
	journal_drop(&journal);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits), cmocka_unit_test(test_not_for_long),
		cmocka_unit_test(test_before_the_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
