// SPDX-License-Identifier: GPL-2.0-only
/* minivmm help [COMMAND], minivmm version. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/commands.h"

#define DOES_AT 31	/* the column where it is said what a command does */

/* "  minivmm NAME ARGUMENTS    what it does" */
static void put_line(FILE *out, const char *left, const char *arguments, const char *does)
{
	int width = fprintf(out, "  %s%s", left, arguments);

	fprintf(out, "%*s", DOES_AT - width, "");
	text_wrap(out, text_prose(out), DOES_AT, DOES_AT, does);
}

static void put_commands(FILE *out)
{
	size_t count;
	const struct command *table = commands(&count);

	fputs("\nCommands, each with its own --help:\n", out);
	for (size_t i = 0; i < count; i++)
		put_line(out, table[i].usage, table[i].arguments, table[i].does);
}

void help_print(FILE *out)
{
	size_t width = text_prose(out);

	text_wrap(out, width, 0, 0,
		  "minivmm shows how KVM allocates the reverse maps (rmaps) of a VM's memory: lazily, when its guest first "
		  "runs a nested guest. It makes such VMs, predicts and measures what they cost the kernel, and judges "
		  "this host: PASS, FAIL or SKIP, with the reason and the remedy.");
	fputs("\nUsage: minivmm COMMAND [OPTION...]\n   or: minivmm CONFIG.ini [OPTION...] [SECTION.KEY=VALUE...]\n", out);
	put_commands(out);
	fputs("\nOptions:\n", out);
	put_line(out, "-h, --help", "", "this; after a command: its own help");
	put_line(out, "-V, --version", "", "the version");
	fputs("\nTo begin with:\n", out);
	put_line(out, "minivmm smoke", "", "is this host all right?");
	put_line(out, "minivmm plan --size 64G", "", "what would a VM of 64 GiB cost here?");
	fputc('\n', out);
	text_wrap(out, width, 0, 0,
		  "Exit status: 0 pass, 1 a check failed, 2 usage or config error, 3 environment or internal error, 4 skipped "
		  "(nothing could be judged), 128+N on signal N.");
}

static void put_names(void)
{
	size_t count;
	const struct command *table = commands(&count);

	for (size_t i = 0; i < count; i++)
		puts(table[i].name);
}

/* minivmm help report show: as minivmm report show --help */
static int help_of(const struct command *command, int argc, char **argv)
{
	char *words[] = { (char *)command->usage, argc > 2 ? argv[2] : (char *)"--help", (char *)"--help", NULL };

	return command->main(argc > 2 ? 3 : 2, words);
}

int cmd_help(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;

	if (command && command->main != cmd_help && command->main != cmd_version)
		return help_of(command, argc, argv);
	if (argc > 1 && !command && argv[1][0] != '-') {
		if (!command_is_mistyped(argv[1]))
			cmd_say("minivmm: %s: not a command; minivmm help lists them", argv[1]);
		return EXIT_USAGE_ERROR;
	}
	if (argc > 1 && !strcmp(argv[1], "--" COMMAND_LINE_LIST))
		put_names();
	else
		help_print(stdout);
	return cmd_flush_help();
}

int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts(argp_program_version);
	return cmd_flush_help();
}
