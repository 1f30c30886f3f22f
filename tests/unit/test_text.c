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

static void words_of_a_verdict_have_colours(void **state)
{
	static const char expected[] = "\033[1;32mPASS\033[0m\033[1;33mSKIP\033[0m\033[1mOTHER\033[0m";
	char text[100];
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	assert_non_null(out);
	assert_int_equal(setenv("CLICOLOR_FORCE", "1", 1), 0);
	text_verdict(out, "PASS");
	text_verdict(out, "SKIP");
	text_verdict(out, "OTHER");
	unsetenv("CLICOLOR_FORCE");
	fclose(out);
	assert_string_equal(text, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_terminal_without_buffer),
		cmocka_unit_test(test_full_buffer),
		cmocka_unit_test(words_of_a_verdict_have_colours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
