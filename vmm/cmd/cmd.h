/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands. Each takes its own argv and returns the process's exit status. */
#ifndef CMD_H
#define CMD_H

#include <jansson.h>
#include <stdio.h>

enum exit_status {
	EXIT_PASS = 0,
	EXIT_FAIL = 1,		/* a check failed */
	EXIT_USAGE_ERROR = 2,	/* usage or config */
	EXIT_ENVIRONMENT = 3,	/* environment or internal error */
	EXIT_SKIP = 4,		/* nothing could be judged */
};

struct err;
struct errors;
struct options;
struct signals;

void cmd_print_err(const struct err *err);
void cmd_print_errors(const struct errors *errors);
/* "minivmm: no memory for WHAT" on stderr. Returns EXIT_ENVIRONMENT. */
int cmd_no_memory(const char *what);
/*
 * The exit status for a config that was not taken, by -errno: its rules and its path are the
 * user's, what the machine failed in is not.
 */
int cmd_config_status(int code);
/* Any json_t, indented, for save_file() or stdout. 0 or -errno. */
int cmd_write_json(const void *json, FILE *out);
/* The report into options->output, if one is asked for; 0 or EXIT_ENVIRONMENT, said on stderr. */
int cmd_save(const json_t *report, const struct options *options);
/* Before what takes long: 0, or an exit status where -o FILE can't be written, and said so. */
int cmd_check_output(const struct options *options);
/* signals_open(), and said so where it fails: 0 or an exit status. */
int cmd_open_signals(struct signals *signals);
/* The report saved, and rendered on stdout. */
int cmd_deliver(const json_t *report, const struct options *options);

int cmd_run(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_smoke(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_list(int argc, char **argv);

#endif
