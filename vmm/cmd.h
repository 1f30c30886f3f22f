/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands. Each takes its own argv and returns the process's exit status. */
#ifndef CMD_H
#define CMD_H

enum exit_status {
	EXIT_PASS = 0,
	EXIT_FAIL = 1,		/* a check failed */
	EXIT_USAGE_ERROR = 2,	/* usage or config */
	EXIT_ENVIRONMENT = 3,	/* environment or internal error */
	EXIT_SKIP = 4,		/* nothing could be judged */
};

int cmd_run(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_list(int argc, char **argv);

#endif
