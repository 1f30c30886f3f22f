// SPDX-License-Identifier: GPL-2.0-only
#include <argp.h>
#include <stddef.h>
#include <string.h>

#include "cmd/cmd.h"

#ifndef MINIVMM_VERSION
#define MINIVMM_VERSION "unknown"
#endif

const char *argp_program_version = "minivmm " MINIVMM_VERSION;

static const struct {
	const char *name, *usage;	/* usage: what its --help calls it */
	int (*main)(int argc, char **argv);
} commands[] = {
	{ "run", "minivmm run", cmd_run },
	{ "plan", "minivmm plan", cmd_plan },
	{ "report", "minivmm report", cmd_report },
	{ "smoke", "minivmm smoke", cmd_smoke },
	{ "stat", "minivmm stat", cmd_stat },
	{ "sweep", "minivmm sweep", cmd_sweep },
	{ "headroom", "minivmm headroom", cmd_headroom },
	{ "list", "minivmm list", cmd_list },
	{ "init", "minivmm init", cmd_init },
};

int main(int argc, char **argv)
{
	argp_err_exit_status = EXIT_USAGE_ERROR;
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = (char *)commands[i].usage;
		return commands[i].main(argc - 1, argv + 1);
	}
	return cmd_run(argc, argv);
}
