// SPDX-License-Identifier: GPL-2.0-only
/* minivmm report crash: after a boot that a crash of the kernel ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/value.h"
#include "cmd/cmd.h"
#include "cmd/cmd_report.h"
#include "host/log_line.h"
#include "report/crash_report.h"
#include "report/report.h"

struct log {
	const char *path;
	FILE *file;
	size_t place;			/* on the command line */
	struct pstore_part part;
};

/* path: - is standard input. NULL with err. */
static FILE *open_file(const char *path, struct err *err)
{
	FILE *file = !strcmp(path, "-") ? stdin : report_open(path);

	if (!file)
		err_errno(err, errno, "opening %s", path);
	return file;
}

static void close_file(FILE *file)
{
	if (file && file != stdin)
		fclose(file);
}

/* Which part of a dump of pstore a file is, its first line says. Of what is no file on a disk a line can be read only once. */
static int open_log(struct log *log, struct err *err)
{
	char line[LOG_LINE];
	struct stat stat;

	log->file = open_file(log->path, err);
	if (!log->file)
		return -EINVAL;
	if (fstat(fileno(log->file), &stat))
		return err_errno(err, errno, "looking at %s", log->path);
	if (!S_ISREG(stat.st_mode))
		return 0;
	errno = 0;
	if (log_line_read(&(struct log_reader){ .file = log->file }, line))
		log->part = pstore_part(line);
	if (ferror(log->file))
		return err_errno(err, errno ? errno : EIO, "reading %s", log->path);
	rewind(log->file);
	return 0;
}

/* The parts of a dump begin with the last one; all else is read in its order. */
static int by_part(const void *one, const void *two)
{
	const struct log *a = one, *b = two;

	if (a->part.part && b->part.part && a->part.dump != b->part.dump)
		return a->part.dump < b->part.dump ? -1 : 1;
	if (a->part.part && b->part.part && a->part.part != b->part.part)
		return a->part.part > b->part.part ? -1 : 1;
	return a->place < b->place ? -1 : 1;
}

static int read_run_file(struct crash_evidence *evidence, struct err *err)
{
	FILE *file = open_file(evidence->run_file, err);
	int rc = file ? journal_read_end(file, evidence->run_file, &evidence->end, err) : -EINVAL;

	close_file(file);
	return rc;
}

/* A file whose name ends in .jsonl is the run's, the others are logs. */
static int open_logs(const struct report_arguments *arguments, struct log *logs, size_t *count, const char **run_file,
		     struct err *err)
{
	bool parts = true;
	int rc = 0;

	*count = 0;
	for (size_t i = 0; !rc && i < arguments->count; i++) {
		struct log *log = &logs[*count];

		if (journal_wanted(arguments->files[i])) {
			*run_file = arguments->files[i];
			continue;
		}
		*log = (struct log){ .path = arguments->files[i], .place = i };
		rc = open_log(log, err);
		parts &= log->part.part > 0;
		*count += 1;
	}
	if (!rc && parts)
		qsort(logs, *count, sizeof(*logs), by_part);
	return rc;
}

static int read_all(struct crash_evidence *evidence, const struct log *logs, size_t count, struct err *err)
{
	int rc = evidence->run_file ? read_run_file(evidence, err) : 0;

	for (size_t i = 0; !rc && i < count; i++)
		rc = crash_read_log(evidence, logs[i].file, logs[i].path, err);
	return rc;
}

static int deliver(struct crash_evidence *evidence, const struct log *logs, const char **names, size_t count,
		   const struct options *options)
{
	json_t *report;
	int status, verdict;

	for (size_t i = 0; i < count; i++)
		names[i] = logs[i].path;
	report = crash_report(evidence, names, count);
	verdict = (int)json_integer_value(value_at(report, "exit_status"));
	status = cmd_deliver(report, DOCUMENT_CRASH, options);
	return status ? status : verdict;
}

static int judge(const struct report_arguments *arguments, struct log *logs, const char **names,
		 struct crash_evidence *evidence)
{
	struct err err;
	size_t count;
	int rc = open_logs(arguments, logs, &count, &evidence->run_file, &err);

	if (!rc)
		rc = read_all(evidence, logs, count, &err);
	for (size_t i = 0; i < count; i++)
		close_file(logs[i].file);
	if (!rc)
		return deliver(evidence, logs, names, count, &arguments->options);
	cmd_print_err(&err);
	return EXIT_ENVIRONMENT;
}

/* Besides a run's file there has to be a log, and one run at most. */
static int check_files(const struct report_arguments *arguments)
{
	size_t runs = 0;

	for (size_t i = 0; i < arguments->count; i++)
		runs += journal_wanted(arguments->files[i]);
	if (runs < arguments->count && runs <= 1)
		return 0;
	cmd_say("minivmm report crash: %s", runs > 1 ? "not more than one RUN.jsonl" : "which LOG?");
	return EXIT_USAGE_ERROR;
}

int report_cmd_crash(const struct report_arguments *arguments)
{
	struct crash_evidence *evidence = calloc(1, sizeof(*evidence));
	const char **names = calloc(arguments->count, sizeof(*names));
	struct log *logs = calloc(arguments->count, sizeof(*logs));
	int status = check_files(arguments);

	if (!status)
		status = evidence && names && logs ? judge(arguments, logs, names, evidence) : cmd_no_memory("the logs");
	if (evidence)
		journal_end_free(&evidence->end);
	free(evidence);
	free(names);
	free(logs);
	return status;
}
