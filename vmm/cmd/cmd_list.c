// SPDX-License-Identifier: GPL-2.0-only
/* minivmm list WHAT: names that scripts rely on, one per line. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "config/builtin.h"
#include "config/keys.h"
#include "config/ops.h"

struct arguments {
	const char *what;
	bool verbose;
};

static void list_keys(bool verbose)
{
	const struct section *section = sections(&(size_t){ 0 });
	size_t count;
	const struct key *table = keys(&count);

	for (size_t i = 0; i < count; i++) {
		const struct key *key = &table[i];
		char values[KEY_TEXT];

		printf("%s.%s%s", section[key->kind].name, section[key->kind].size ? "NAME." : "",
		       key->name);
		if (verbose)
			printf("\t%s\t%s\t%s", key_values(key, values),
			       key->required ? "required" : key->initial ? key->initial : "-",
			       key->help);
		putchar('\n');
	}
}

static void list_checks(bool verbose)
{
	for (size_t i = 0; i < verdict_check_count(); i++) {
		const struct check_info *info = verdict_check_info(i);

		if (verbose)
			printf("%s\t%s\n", info->name, info->asks);
		else
			puts(info->name);
	}
}

static void list_scenarios(bool verbose)
{
	for (size_t i = 0; i < builtin_count(); i++) {
		const struct builtin_info *info = builtin_info(i);

		if (verbose)
			printf("%s\t%s\n", info->name, info->does);
		else
			puts(info->name);
	}
}

static void list_ops(bool verbose)
{
	for (int op = 0; op < OP_COUNT; op++) {
		const struct op_info *info = op_info(op);

		if (verbose)
			printf("%s\t%s\n", info->name, info->help);
		else
			puts(info->name);
	}
}

static const struct {
	const char *name;
	void (*list)(bool verbose);
} lists[] = {
	{ "keys", list_keys },
	{ "checks", list_checks },
	{ "scenarios", list_scenarios },
	{ "ops", list_ops },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case 'v':
		arguments->verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->what)
			command_line_error(state, "%s: one list at a time", argument);
		arguments->what = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int unknown(const char *what)
{
	struct suggestion suggestion = SUGGESTION(what);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		suggest_try(&suggestion, lists[i].name);
	cmd_say("minivmm list: %s: not one of keys, checks, ops, scenarios%s%s%s", what,
		suggestion.best ? "; did you mean " : "", suggestion.best ? suggestion.best : "",
		suggestion.best ? "?" : "");
	return EXIT_USAGE_ERROR;
}

int cmd_list(int argc, char **argv)
{
	const struct argp_option rows[] = {
		{ "verbose", 'v', NULL, 0, "Also show values, defaults and meaning, with tabs", 0 },
		{ 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "keys|checks|ops|scenarios",
		.doc = "Lists names that scripts can rely on, one per line.\v"
		       "Example: minivmm list keys -v\n\nExit status: 0 listed, 2 usage error, 3 output error.",
	};
	struct arguments arguments = { 0 };

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strcmp(arguments.what, lists[i].name))
			continue;
		lists[i].list(arguments.verbose);
		return cmd_flush(0);
	}
	return unknown(arguments.what);
}
