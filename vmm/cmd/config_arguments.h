/* SPDX-License-Identifier: GPL-2.0-only */
/* CONFIG.ini [SECTION.KEY=VALUE ...]: the arguments of a command that reads a config. */
#ifndef CONFIG_ARGUMENTS_H
#define CONFIG_ARGUMENTS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"
#include "config/config.h"

struct config_arguments {
	const char *path;	/* CONFIG */
	/* The command sets path itself before it parses: every argument is an override. */
	bool builtin;
	char *const *overrides;	/* in argv */
	size_t count;
};

/*
 * Takes CONFIG, unless the command has it itself, and the overrides: `next` is a place in state->argv. argp has moved the
 * options before them, so that what is left of argv is all arguments.
 */
void config_arguments_take(struct config_arguments *arguments, char **next, const struct argp_state *state);
/* An argp child that takes all arguments; its input is a struct config_arguments. */
extern const struct argp config_argp;

/* What a command takes that has no option of its own: the common ones, and CONFIG. */
struct run_arguments {
	struct options options;
	struct config_arguments config;
};

/* An argp parser whose input are struct run_arguments: its first child is the options, then config_argp. */
error_t run_arguments_parse(int key, char *argument, struct argp_state *state);

/*
 * Loads the config, with what --seed, --trace and --timeout say, which replaces the timeout of every
 * phase; options NULL: nothing will run, and a layout without phases will do. 0 or -errno, as
 * config_load().
 */
int config_arguments_load(const struct config_arguments *arguments, const struct options *options,
			  struct config *config, struct errors *errors);

#endif
