// SPDX-License-Identifier: GPL-2.0-only
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
	if (fill_standard_descriptors())
		return EXIT_ENVIRONMENT;
	ignore_write_signals();
	argp_err_exit_status = EXIT_USAGE_ERROR;
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = (char *)commands[i].usage;
		return commands[i].main(argc - 1, argv + 1);
	}
	return cmd_run(argc, argv);
}
