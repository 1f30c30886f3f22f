/* SPDX-License-Identifier: GPL-2.0-only */
/* argp_parse() with what every command line has in common. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <argp.h>

/* This option lists the words and options of a command, for docs/completion/. Not for people: no help names it. */
#define COMMAND_LINE_LIST "list-options"

/*
 * Parses the options and arguments of a command, as argp_parse() does, and adds -h, --help, --version, and a suggestion
 * for an option that argp does not have. Help is as wide as the terminal. Returns 0, or -1 after the error was printed.
 */
int command_line_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Prints what is wrong with the command line, without its control characters, and where help is. Ends the program. */
void command_line_error(const struct argp_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The index of the first word that is neither an option of argp nor the value of one; argc if there is none. */
int command_line_first(const struct argp *argp, int argc, char **argv);

#endif
