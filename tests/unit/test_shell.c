// SPDX-License-Identifier: GPL-2.0-only
/* A command line that is printed means the same when it is pasted into a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void plain_words_stay_as_they_are(void **state)
{
	const char *const words[] = { "run", "configs/a.ini", "memslot.low.size=1G", "--seed", "7" };
	char *line = shell_line("minivmm", COUNT(words), words);

	(void)state;
	assert_string_equal(line, "minivmm run configs/a.ini memslot.low.size=1G --seed 7");
	free(line);
}

static void what_a_report_cannot_show_is_escaped(void **state)
{
	const char *const words[] = { "a\nb", "it's", "\xff'\\" };
	char *line = shell_line("minivmm", COUNT(words), words);

	(void)state;
	assert_string_equal(line, "minivmm $'a\\012b' 'it'\\''s' $'\\377\\047\\134'");
	free(line);
}

/* bash repeats each word, and a line feed after it. */
static void a_shell_reads_the_words_back(void **state)
{
	const char *const words[] = {
		"", " ", "a b", "$HOME", "`id`", "$(id)", "\"", "'", "''", "a'b\"c", "\\", "\\n", "*",
		"~", "!!", "#x", "a;b", "a&b", "<(x)", "{a,b}", "a\tb\nc", "\x1b[2J", "caf\xc3\xa9",
		"\xff\xfe'", "phase.l2.pattern=0x1 0", "'\\''", "$'x'", "a=b c", "\\'\n\\",
	};
	char *line = shell_line("printf '%s\\n'", COUNT(words), words), got[256];
	FILE *shell;

	(void)state;
	assert_null(strpbrk(line, "\n\x1b\xc3\xff"));
	assert_true(setenv("LINE", line, 1) == 0);
	shell = popen("bash -c \"$LINE\"", "r");
	assert_non_null(shell);
	for (size_t i = 0; i < COUNT(words); i++) {
		size_t length = strlen(words[i]);

		assert_int_equal(fread(got, 1, length + 1, shell), length + 1);
		assert_memory_equal(got, words[i], length);
		assert_int_equal(got[length], '\n');
	}
	assert_int_equal(fgetc(shell), EOF);
	assert_int_equal(pclose(shell), 0);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_stay_as_they_are),
		cmocka_unit_test(what_a_report_cannot_show_is_escaped),
		cmocka_unit_test(a_shell_reads_the_words_back),
	};

	return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
