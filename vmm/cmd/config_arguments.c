// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/config_arguments.h"

#include <string.h>

#include "cmd/command_line.h"
#include "cmd/options.h"

void config_arguments_take(struct config_arguments *arguments, char **next, const struct argp_state *state)
{
	if (!arguments->builtin)
		arguments->path = *next++;
	arguments->overrides = next;
	arguments->count = (size_t)(state->argv + state->argc - next);
	for (; *next; next++)
		if (!strchr(*next, '='))
			command_line_error(state, "%s: not an override SECTION.KEY=VALUE", *next);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct config_arguments *arguments = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_ARGS:
		config_arguments_take(arguments, state->argv + state->next, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		if (!arguments->builtin)
			argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp config_argp = { .parser = parse };

error_t run_arguments_parse(int key, char *argument, struct argp_state *state)
{
	struct run_arguments *arguments = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		state->child_inputs[1] = &arguments->config;
		return 0;
	case ARGP_KEY_END:
		if (arguments->options.runs > 1 && arguments->config.path && !strcmp(arguments->config.path, "-"))
			command_line_error(state, "--runs: not with -, standard input, which can be read only once");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void apply_timeout(struct config *config, uint64_t ns)
{
	config->vm.timeout = ns;
	for (size_t i = 0; i < config->phase_count; i++)
		config->phases[i].timeout = ns;
}

int config_arguments_load(const struct config_arguments *arguments, const struct options *options,
			  struct config *config, struct errors *errors)
{
	int (*load)(const char *, char *const *, size_t, struct config *, struct errors *) =
		options ? config_load : config_load_layout;
	int code = load(arguments->path, arguments->overrides, arguments->count, config, errors);

	if (code || !options)
		return code;
	config->seed = options->seed;
	config->trace = options->trace;
	if (options->timeout_ns)
		apply_timeout(config, options->timeout_ns);
	return 0;
}
