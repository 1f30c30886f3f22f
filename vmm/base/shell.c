// SPDX-License-Identifier: GPL-2.0-only
#include "base/shell.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(const char *word)
{
	return word[0] && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789-_./=:,+@%")];
}

/* Reports show no control character, and JSON takes no byte that is not UTF-8. */
static bool is_printable(const char *word)
{
	while (*word >= ' ' && *word < 0x7f)
		word++;
	return !*word;
}

/* 'WORD': only an apostrophe ends it, and \' stands outside. */
static char *put_quoted(char *end, const char *word)
{
	*end++ = '\'';
	for (; *word; word++)
		end = *word == '\'' ? stpcpy(end, "'\\''") : (*end = *word, end + 1);
	*end++ = '\'';
	return end;
}

/* $'WORD', with \OOO for what can't be shown: bash, zsh, ksh and POSIX since 2024. */
static char *put_escaped(char *end, const char *word)
{
	end = stpcpy(end, "$'");
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (c < ' ' || c >= 0x7f || c == '\'' || c == '\\')
			end += snprintf(end, sizeof("\\ooo"), "\\%03o", c);
		else
			*end++ = *word;
	}
	*end++ = '\'';
	return end;
}

char *shell_line(const char *program, int count, const char *const *words)
{
	size_t size = strlen(program) + 1;
	char *line, *end;

	for (int i = 0; i < count; i++)
		size += 4 * strlen(words[i]) + strlen(" $''");
	line = malloc(size);
	if (!line)
		return NULL;
	end = stpcpy(line, program);
	for (int i = 0; i < count; i++) {
		*end++ = ' ';
		end = is_plain(words[i]) ? stpcpy(end, words[i]) :
		      is_printable(words[i]) ? put_quoted(end, words[i]) :
					       put_escaped(end, words[i]);
	}
	*end = '\0';
	return line;
}
