/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands. Each takes its own argv and returns the process's exit status. */
#ifndef CMD_H
#define CMD_H

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "cmd/formats.h"

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

/* Prints a line on stderr, in which texts from anywhere may be. */
void cmd_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, after "WHO: ", if who is not "". */
void cmd_say_as(const char *who, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void cmd_print_err(const struct err *err);
void cmd_print_errors(const struct errors *errors);
/* Prints "minivmm: no memory for WHAT". Returns EXIT_ENVIRONMENT. */
int cmd_no_memory(const char *what);
/*
 * The exit status for a config that could not be loaded or laid out, by -errno: EXIT_ENVIRONMENT
 * if the machine failed, EXIT_USAGE_ERROR if the path or the config is wrong.
 */
int cmd_config_status(int code);
/* Each of these returns 0, or an exit status after it has printed the error. */
/* Give up what a run, or what reads reports, does not need (base/privilege.h). Before a thread is made. */
int cmd_limit_run(void);
int cmd_limit_files(void);
int cmd_open_signals(struct signals *signals);
/* Can -o FILE be written? For commands that run for long: this makes nothing. */
int cmd_check_output(const struct options *options);
/* Writes JSON, or prom or junit if asked for, to -o FILE, if there is one. */
int cmd_save(const json_t *result, enum document document, const struct options *options);
/* Renders JSON on stdout, in the format that was asked for. */
int cmd_print(const json_t *result, enum document document, const struct options *options);
/* Flushes stdout, after what wrote to it has returned rc. */
int cmd_flush(int rc);
/* The same for help and the like: a reader that has seen enough, as head has, is no error. */
int cmd_flush_help(void);
/* cmd_save(), cmd_print() and json_decref(); NULL: no memory for the result. */
int cmd_deliver(json_t *result, enum document document, const struct options *options);

int cmd_run(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_smoke(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_kernels(int argc, char **argv);
int cmd_headroom(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);
/* What minivmm is, and its commands. */
void help_print(FILE *out);

#endif
