// SPDX-License-Identifier: GPL-2.0-only
/* How commands talk: errors on stderr, reports on stdout and into files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/save.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "vm/signals.h"

void cmd_print_err(const struct err *err)
{
	fprintf(stderr, "minivmm: %s\n", err->text);
	if (err->remedy[0])
		fprintf(stderr, "minivmm: remedy: %s\n", err->remedy);
}

void cmd_print_errors(const struct errors *errors)
{
	for (unsigned int i = 0; i < errors->count; i++)
		fprintf(stderr, "%s\n", errors->lines[i]);
	if (errors->lost)
		fputs("minivmm: no memory for all errors: some are not shown\n", stderr);
}

int cmd_no_memory(const char *what)
{
	fprintf(stderr, "minivmm: no memory for %s\n", what);
	return EXIT_ENVIRONMENT;
}

int cmd_config_status(int code)
{
	switch (code) {
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
	case -EIO:
	case -ENOSPC:
		return EXIT_ENVIRONMENT;
	default:
		return EXIT_USAGE_ERROR;
	}
}

int cmd_write_json(const void *json, FILE *out)
{
	errno = 0;
	if (!json_dumpf(json, out, JSON_INDENT(2)) && fputc('\n', out) != EOF)
		return 0;
	return errno ? -errno : -EIO;
}

int cmd_save(const json_t *report, const struct options *options)
{
	struct err err;

	if (!options->output || !report_save(report, options->output, &err))
		return 0;
	cmd_print_err(&err);
	return EXIT_ENVIRONMENT;
}

int cmd_check_output(const struct options *options)
{
	struct err err;

	if (!options->output || !save_check(options->output, &err))
		return 0;
	cmd_print_err(&err);
	return EXIT_ENVIRONMENT;
}

int cmd_open_signals(struct signals *signals)
{
	struct err err;

	if (!signals_open(signals, &err))
		return 0;
	cmd_print_err(&err);
	return EXIT_ENVIRONMENT;
}

int cmd_deliver(const json_t *report, const struct options *options)
{
	int status = cmd_save(report, options);

	if (report_render(report, options->format, stdout) || fflush(stdout)) {
		perror("minivmm: standard output");
		status = EXIT_ENVIRONMENT;
	}
	return status;
}
