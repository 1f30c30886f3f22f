// SPDX-License-Identifier: GPL-2.0-only
/* minivmm init: a config to start from. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/machine_source.h"
#include "config/machine.h"

static const char doc[] =
	"Writes a commented config to start from: the memslots of a common machine, and phases that "
	"show the transition. minivmm plan FILE says what it costs, minivmm FILE runs it.\v"
	"`plan --print-config` writes the same of a VM that runs, or of another VMM's description.\n\n"
	"Example: minivmm init --size 16G >vm.ini\n\n"
	"Exit status: 0 written, 2 usage error, 3 output error.";

enum key { KEY_SIZE = 512, KEY_MACHINE };

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct machine_source *source = state->input;

	switch (key) {
	case KEY_SIZE:
		if (!machine_size_parse(argument, &source->size))
			command_line_error(state, "--size %s: " MACHINE_SIZE_RULE, argument);
		return 0;
	case KEY_MACHINE:
		if (!machine_kind_is(argument))
			command_line_error(state, "--machine %s: not q35 or microvm", argument);
		source->machine = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cmd_init(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "size", KEY_SIZE, "SIZE", 0, "The guest's memory (default 4G)", 0 },
		{ "machine", KEY_MACHINE, "KIND", 0, "q35 or microvm (default), as QEMU lays out their "
		  "memory", 0 },
		{ 0 }
	};
	static const struct argp argp = { .options = rows, .parser = parse, .doc = doc };
	struct machine_source source = { .size = 4ull << 30, .machine = "microvm" };
	struct figure vmm = { 0 };
	struct err err = { 0 };
	char *text = NULL;
	int status;

	if (command_line_parse(&argp, argc, argv, &source))
		return EXIT_USAGE_ERROR;
	if (machine_source_text(&source, true, &text, &vmm, &err)) {
		cmd_print_err(&err);
		return EXIT_ENVIRONMENT;
	}
	status = cmd_flush(fputs(text, stdout) == EOF ? -errno : 0);
	free(text);
	return status;
}
