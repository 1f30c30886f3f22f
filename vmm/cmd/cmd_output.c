// SPDX-License-Identifier: GPL-2.0-only
/* What commands print: errors on stderr, results on stdout and to files. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/privilege.h"
#include "base/save.h"
#include "base/text.h"
#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "vm/signals.h"

/* More is not read: the first errors are those to mend. */
#define ERRORS_SHOWN 100

void cmd_say_as(const char *who, const char *format, va_list args)
{
	char *text;
	int length = vasprintf(&text, format, args);

	text_put(stderr, who);
	fputs(*who ? ": " : "", stderr);
	text_put(stderr, length < 0 ? "minivmm: no memory for a message" : text);
	fputc('\n', stderr);
	if (length >= 0)
		free(text);
}

void cmd_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cmd_say_as("", format, args);
	va_end(args);
}

void cmd_print_err(const struct err *err)
{
	cmd_say("minivmm: %s", err->text);
	if (err->remedy[0])
		cmd_say("minivmm: remedy: %s", err->remedy);
}

void cmd_print_errors(const struct errors *errors)
{
	unsigned int shown = errors->count > ERRORS_SHOWN ? ERRORS_SHOWN : errors->count;
	char rest[UNIT_TEXT];

	for (unsigned int i = 0; i < shown; i++)
		cmd_say("%s", errors->lines[i]);
	if (shown < errors->count)
		fprintf(stderr, "and %s more\n", format_count(rest, errors->count - shown));
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
	case -ENODEV:
	/* A filter (seccomp) or a security module denies a call. A file that the user may not read is EACCES. */
	case -EPERM:
	case -ENOSYS:
		return EXIT_ENVIRONMENT;
	default:
		return EXIT_USAGE_ERROR;
	}
}

static int check_limit(int code)
{
	if (!code)
		return 0;
	cmd_say("minivmm: giving up capabilities: %s", strerror(-code));
	return EXIT_ENVIRONMENT;
}

int cmd_limit_run(void)
{
	return check_limit(privilege_limit_run());
}

int cmd_limit_files(void)
{
	return check_limit(privilege_limit_files());
}

int cmd_open_signals(struct signals *signals)
{
	struct err err;

	if (!signals_open(signals, &err))
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

struct rendering {
	const json_t *result;
	report_renderer *render;
};

static int write_rendering(const void *what, FILE *out)
{
	const struct rendering *rendering = what;

	return report_render(rendering->result, rendering->render, out);
}

int cmd_save(const json_t *result, enum document document, const struct options *options)
{
	const struct rendering rendering = { result, options->format->render[document] };
	struct err err;

	if (!options->output ||
	    !(options->format->saved ? save_file(options->output, write_rendering, &rendering, &err) :
				       report_save(result, options->output, &err)))
		return 0;
	cmd_print_err(&err);
	return EXIT_ENVIRONMENT;
}

int cmd_flush(int rc)
{
	/* If an earlier write failed, fflush() may succeed; errno is then still of that write. */
	if (!rc && (fflush(stdout) || ferror(stdout)))
		rc = errno ? -errno : -EIO;
	if (!rc)
		return 0;
	fprintf(stderr, "minivmm: standard output: %s\n", strerror(-rc));
	return EXIT_ENVIRONMENT;
}

int cmd_flush_help(void)
{
	bool failed = fflush(stdout) || ferror(stdout);

	return failed && errno == EPIPE ? 0 : cmd_flush(0);
}

int cmd_print(const json_t *result, enum document document, const struct options *options)
{
	return cmd_flush(report_render(result, options->format->render[document], stdout));
}

int cmd_deliver(json_t *result, enum document document, const struct options *options)
{
	int saved, printed;

	if (!result)
		return cmd_no_memory("the result");
	saved = cmd_save(result, document, options);
	printed = cmd_print(result, document, options);
	json_decref(result);
	return saved ? saved : printed;
}
