// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/command_line.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "base/text.h"
#include "cmd/cmd.h"

enum key { KEY_USAGE = 1024, KEY_LIST };

static bool is_end(const struct argp_option *row)
{
	return !row->key && !row->name && !row->doc && !row->group;
}

/* Calls visit() for each option of argp and its children, until it returns true. Returns that option, or NULL. */
static const struct argp_option *each_option(const struct argp *argp,
					     bool (*visit)(const struct argp_option *row, void *data), void *data)
{
	const struct argp_option *found = NULL;

	for (const struct argp_option *row = argp->options; row && !is_end(row); row++)
		if (visit(row, data))
			return row;
	for (const struct argp_child *child = argp->children; child && child->argp && !found; child++)
		found = each_option(child->argp, visit, data);
	return found;
}

/* "--output=FILE<TAB>what it does" */
static bool put_option(const struct argp_option *row, void *unused)
{
	(void)unused;
	if (row->name && !(row->flags & OPTION_HIDDEN))
		printf("--%s%s%s\t%s\n", row->name, row->arg ? "=" : "", row->arg ? row->arg : "", row->doc);
	return false;
}

/* The words that a command takes first, such as a verb: those of args_doc that are no placeholders. */
static void put_words(const char *text)
{
	while (text && *text) {
		size_t length = strcspn(text, "| \n");

		if (strspn(text, "abcdefghijklmnopqrstuvwxyz") == length)
			printf("%.*s\n", (int)length, text);
		text += length;
		if (*text != '|')
			text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
}

/* For the completion of shells: what can stand on this command line. The command's own argp is the first child. */
static void list_words(const struct argp *all)
{
	put_words(all->children[0].argp->args_doc);
	each_option(all, put_option, NULL);
}

/* argp's help takes its width from the environment. What the user says there wins. */
static void fit_help(void)
{
	char format[64];

	snprintf(format, sizeof(format), "no-dup-args-note,rmargin=%zu", text_prose(stdout) - 1);
	setenv("ARGP_HELP_FMT", format, 0);
}

static error_t parse_standard(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	switch (key) {
	case 'h':
	case '?':
		fit_help();
		argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
		return 0;
	case 'V':
		fprintf(state->out_stream, "%s\n", argp_program_version);
		argp_state_help(state, state->out_stream, ARGP_HELP_EXIT_OK);
		return 0;
	case KEY_LIST:
		list_words(state->root_argp);
		argp_state_help(state, state->out_stream, ARGP_HELP_EXIT_OK);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, state->out_stream, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* argp's own help has no -h. */
static const struct argp standard = {
	.options = (const struct argp_option[]){
		{ "help", 'h', NULL, 0, "Show this help", -1 },
		{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 },
		{ "usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1 },
		{ COMMAND_LINE_LIST, KEY_LIST, NULL, OPTION_HIDDEN, NULL, -1 },
		{ "version", 'V', NULL, 0, "Show the version", -1 },
		{ 0 },
	},
	.parser = parse_standard,
};

/* getopt takes the beginning of a name as well. */
static bool has_long_name(const struct argp_option *row, void *word)
{
	const char *name = (const char *)word + 2;

	return row->name && !strncmp(row->name, name, strcspn(name, "="));
}

static bool has_letter(const struct argp_option *row, void *word)
{
	return row->key == *(const char *)word;
}

static bool suggest(const struct argp_option *row, void *suggestion)
{
	if (row->name && !(row->flags & OPTION_HIDDEN))
		suggest_try(suggestion, row->name);
	return false;
}

/* Does the word after this one belong to it? It is one of options, or of letters, such as -vo. */
static bool takes_next(const struct argp *argp, char *word)
{
	const struct argp_option *row;

	if (!strncmp(word, "--", 2)) {
		row = each_option(argp, has_long_name, word);
		return row && row->arg && !strchr(word, '=');
	}
	for (char *letter = word + 1; *letter; letter++) {
		row = each_option(argp, has_letter, letter);
		if (row && row->arg)
			return !letter[1];
	}
	return false;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

int command_line_first(const struct argp *argp, int argc, char **argv)
{
	int i = 1;

	while (i < argc && is_option(argv[i]))
		i += 1 + takes_next(argp, argv[i]);
	return i < argc ? i : argc;
}

/* What getopt takes for one option, or for several. */
struct abbreviation {
	const char *word;
	const struct argp_option *row;
	bool exact, several;
};

static bool add_meaning(const struct argp_option *row, void *abbreviation)
{
	struct abbreviation *one = abbreviation;
	const char *name = one->word + 2;

	if (!has_long_name(row, (void *)one->word))
		return false;
	one->exact |= strlen(row->name) == strcspn(name, "=");
	one->several |= one->row && one->row->key != row->key;
	one->row = row;
	return false;
}

static bool is_ambiguous(const struct argp *argp, const char *word)
{
	struct abbreviation one = { .word = word };

	each_option(argp, add_meaning, &one);
	return one.several && !one.exact;
}

/* The letter of -vX that is no option; '\0' if all are. */
static char unknown_letter(const struct argp *argp, char *word)
{
	for (char *letter = word + 1; *letter; letter++) {
		const struct argp_option *row = each_option(argp, has_letter, letter);

		if (!row)
			return *letter;
		if (row->arg)
			break;
	}
	return '\0';
}

/* Prints which option is meant. Returns -1. */
static int unknown_option(const struct argp *argp, const char *program, const char *word)
{
	char name[64];
	struct suggestion suggestion = SUGGESTION(name);

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	each_option(argp, suggest, &suggestion);
	if (suggestion.best)
		cmd_say("%s: --%s: unknown option; did you mean --%s?", program, name, suggestion.best);
	else
		cmd_say("%s: --%s: unknown option; %s --help lists its options", program, name, program);
	return -1;
}

static int check_long(const struct argp *argp, const char *program, char *word)
{
	if (!each_option(argp, has_long_name, word))
		return unknown_option(argp, program, word);
	if (!is_ambiguous(argp, word))
		return 0;
	cmd_say("%s: %s: several options begin like this; %s --help lists them", program, word, program);
	return -1;
}

static int check_letters(const struct argp *argp, const char *program, char *word)
{
	char letter = unknown_letter(argp, word);

	if (letter)
		cmd_say("%s: -%c: unknown option; %s --help lists its options", program, letter, program);
	return letter ? -1 : 0;
}

/* getopt repeats the words of its own errors as they are, control characters included: it must not find any. */
static int check_options(const struct argp *argp, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		bool is_long = !strncmp(argv[i], "--", 2);

		if (!is_option(argv[i]))
			continue;
		if (is_long ? check_long(argp, argv[0], argv[i]) : check_letters(argp, argv[0], argv[i]))
			return -1;
		i += takes_next(argp, argv[i]);
	}
	return 0;
}

void command_line_error(const struct argp_state *state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cmd_say_as(state->name, format, args);
	va_end(args);
	argp_state_help(state, state->err_stream, ARGP_HELP_STD_ERR);
}

static error_t parse_outer(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = state->input;
	return 0;
}

int command_line_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	const struct argp_child children[] = { { argp, 0, NULL, 0 }, { &standard, 0, NULL, 0 }, { 0 } };
	const struct argp outer = { .parser = parse_outer, .children = children };

	if (check_options(&outer, argc, argv))
		return -1;
	return argp_parse(&outer, argc, argv, ARGP_NO_HELP, NULL, input) ? -1 : 0;
}
