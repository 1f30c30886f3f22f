// SPDX-License-Identifier: GPL-2.0-only
/* How wide text is, by what it is written to. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

#define COLUMNS 133

/* A terminal of so many columns, of which the caller closes both ends. */
static FILE *open_terminal(int *controller)
{
	const struct winsize size = { .ws_row = 24, .ws_col = COLUMNS };
	FILE *terminal;

	*controller = posix_openpt(O_RDWR | O_NOCTTY);
	if (*controller < 0)
		skip();
	assert_int_equal(grantpt(*controller), 0);
	assert_int_equal(unlockpt(*controller), 0);
	assert_int_equal(ioctl(*controller, TIOCSWINSZ, &size), 0);
	terminal = fopen(ptsname(*controller), "w");
	assert_non_null(terminal);
	return terminal;
}

static void test_terminal(void **state)
{
	int controller;
	FILE *terminal = open_terminal(&controller);

	(void)state;
	unsetenv("COLUMNS");
	assert_int_equal(text_columns(terminal), COLUMNS);
	/* stdio has found out by now that it is a terminal. */
	fputs("a line\n", terminal);
	assert_int_equal(text_columns(terminal), COLUMNS);
	fclose(terminal);
	close(controller);
}

/* As stderr is. */
static void test_terminal_without_buffer(void **state)
{
	int controller;
	FILE *terminal = open_terminal(&controller);

	(void)state;
	unsetenv("COLUMNS");
	setvbuf(terminal, NULL, _IONBF, 0);
	fputs("a line\n", terminal);
	assert_int_equal(text_columns(terminal), COLUMNS);
	fclose(terminal);
	close(controller);
}

/* What stdio buffers fully is not asked again whether it is a terminal: even a terminal is not. */
static void test_full_buffer(void **state)
{
	int controller;
	FILE *terminal = open_terminal(&controller);

	(void)state;
	unsetenv("COLUMNS");
	setvbuf(terminal, NULL, _IOFBF, BUFSIZ);
	fputs("a line\n", terminal);
	assert_int_equal(text_columns(terminal), TEXT_WIDTH);
	assert_int_equal(setenv("COLUMNS", "77", 1), 0);
	assert_int_equal(text_columns(terminal), 77);
	unsetenv("COLUMNS");
	fclose(terminal);
	close(controller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_terminal_without_buffer),
		cmocka_unit_test(test_full_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
