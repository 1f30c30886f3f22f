/* SPDX-License-Identifier: GPL-2.0-only */
/* THE table of commands: main, help and completion go by it. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

struct command {
	const char *name;
	const char *usage;	/* what its --help calls it */
	const char *arguments;	/* what follows the name, in the list of commands */
	const char *does;
	int (*main)(int argc, char **argv);
};

/* The one of that name, or NULL. */
const struct command *command_find(const char *name);

/* In the order in which help lists them. */
const struct command *commands(size_t *count);

/* Is the word no command, and not a file either? Then says what may be meant, and returns true. */
bool command_is_mistyped(const char *word);

#endif
