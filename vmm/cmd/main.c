// SPDX-License-Identifier: GPL-2.0-only
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/privilege.h"
#include "base/stacks.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "host/kernel_types.h"

#ifndef MINIVMM_VERSION
#define MINIVMM_VERSION "unknown"
#endif

const char *argp_program_version = "minivmm " MINIVMM_VERSION;

/*
 * A file that is opened while one of the descriptors 0, 1 and 2 is closed would get its number, and what is printed
 * would land in it. O_PATH fills the gap: reading and writing still fail with EBADF. 0, or an exit status.
 */
static int fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_PATH);
		if (fd < 0)
			fd = open("/", O_PATH);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0) {
		fprintf(stderr, "minivmm: opening /: %s\n", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	close(fd);
	return 0;
}

/*
 * A reader that is gone and a file that may not grow are then errors of write(), EPIPE and EFBIG, which are reported
 * and leave no temporary file.
 */
static void ignore_write_signals(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
}

/* --help and --version are commands where nothing else says which. */
static const struct command *find_command(const char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "-?") || !strcmp(word, "--help"))
		return command_find("help");
	if (!strcmp(word, "-V") || !strcmp(word, "--version"))
		return command_find("version");
	return command_find(word);
}

/* The source memslots, and what stat --predict reads, need the library. text must live as long as the program. */
static void name_version(char *text, size_t size)
{
	const char *library = kernel_types_library();

	snprintf(text, size, "%s (%s%s)", argp_program_version, library ? "libbpf " : "without libbpf",
		 library ? library : "");
	argp_program_version = text;
}

int main(int argc, char **argv)
{
	const struct command *command;
	char version[128];

	if (fill_standard_descriptors())
		return EXIT_ENVIRONMENT;
	privilege_no_new();
	ignore_write_signals();
	stacks_limit();
	argp_err_exit_status = EXIT_USAGE_ERROR;
	name_version(version, sizeof(version));
	if (argc < 2) {
		help_print(stderr);
		return EXIT_USAGE_ERROR;
	}
	/* Messages and help repeat it. */
	argv[0] = (char *)"minivmm";
	command = find_command(argv[1]);
	if (!command)
		return command_is_mistyped(argv[1]) ? EXIT_USAGE_ERROR : cmd_run(argc, argv);
	argv[1] = (char *)command->usage;
	return command->main(argc - 1, argv + 1);
}
