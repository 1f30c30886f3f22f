// SPDX-License-Identifier: GPL-2.0-only
/* What the verbs of minivmm report do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/save.h"
#include "base/value.h"
#include "cmd/cmd.h"
#include "cmd/cmd_report.h"
#include "fleet/diff.h"
#include "fleet/html.h"
#include "fleet/merge.h"
#include "fleet/plot.h"
#include "report/crash_report.h"
#include "report/plan_report.h"

static int print_err(const struct err *err)
{
	cmd_print_err(err);
	return EXIT_ENVIRONMENT;
}

static const struct {
	const char *schema;
	enum document document;
	const char *what;
} schemas[] = {
	{ REPORT_SCHEMA, DOCUMENT_RUN, "a run" }, { "minivmm.stat/1", DOCUMENT_STAT, "a stat" },
	{ PLOT_SWEEP_SCHEMA, DOCUMENT_SWEEP, "a sweep" }, { "minivmm.headroom/1", DOCUMENT_HEADROOM, "a headroom" },
	{ "minivmm.kernels/1", DOCUMENT_KERNELS, "a list of kernels" },
	{ MERGE_SCHEMA, DOCUMENT_MERGE, "a merge" }, { DIFF_SCHEMA, DOCUMENT_DIFF, "a diff" },
	{ CRASH_SCHEMA, DOCUMENT_CRASH, "a crash" },
};

/* DOCUMENT_COUNT: the schema is none that this program can show. */
static enum document document_of(const json_t *report, const char **what)
{
	*what = "a plan";
	if (plan_report_is(report))
		return DOCUMENT_PLAN;
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
		*what = schemas[i].what;
		if (report_is(report, schemas[i].schema))
			return schemas[i].document;
	}
	return DOCUMENT_COUNT;
}

/* What kind of result it is decides which formats it has. Returns the exit status. */
static int show(json_t *report, const struct report_arguments *arguments)
{
	const struct format *format = arguments->options.format;
	char names[FORMATS_TEXT];
	const char *what;
	enum document document = document_of(report, &what);

	if (document == DOCUMENT_COUNT) {
		cmd_say("minivmm report: %s: this minivmm can't show the schema %s", arguments->files[0],
			value_string(report, "schema"));
		return EXIT_ENVIRONMENT;
	}
	if (format->render[document])
		return cmd_deliver(json_incref(report), document, &arguments->options);
	cmd_say("minivmm report: --format %s: not one of %s: %s is %s", format->name,
		format_names(names, 1u << document), arguments->files[0], what);
	return EXIT_USAGE_ERROR;
}

int report_cmd_show(const struct report_arguments *arguments)
{
	json_t *report;
	struct err err;
	int status;

	if (report_load_any(arguments->files[0], &report, &err))
		return print_err(&err);
	status = show(report, arguments);
	json_decref(report);
	return status;
}

static int load_run(const char *other, const char *path, json_t **report, struct err *err)
{
	int rc = report_load_or(other, path, report, err);

	if (rc || !plan_report_is(*report))
		return rc;
	json_decref(*report);
	*report = NULL;
	err_set(err, EINVAL, "%s: a plan, which has no results of a run", path);
	err_remedy(err, "minivmm report show, or diff with another plan");
	return -EINVAL;
}

/*
 * Loads all files that are of runs, or of the schema `other`, if that is not NULL. Another is named and passed over:
 * then *status is EXIT_ENVIRONMENT. named gets the names of those that were loaded. NULL: there are none, after
 * printing why.
 */
static json_t **load_all(const struct report_arguments *arguments, const char *other, const char **named,
			 size_t *count, int *status)
{
	json_t **reports = calloc(arguments->count, sizeof(json_t *));
	struct err err;

	*count = 0;
	*status = EXIT_PASS;
	if (!reports)
		*status = cmd_no_memory("the reports");
	for (size_t i = 0; reports && i < arguments->count; i++) {
		if (load_run(other, arguments->files[i], &reports[*count], &err)) {
			*status = print_err(&err);
			continue;
		}
		named[*count] = arguments->files[i];
		*count += 1;
	}
	if (*count)
		return reports;
	free(reports);
	return NULL;
}

static void free_all(json_t **reports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(reports[i]);
	free(reports);
}

/* Loads two reports, both of runs or both plans. 0, or an exit status after printing the error. */
static int load_pair(const struct report_arguments *arguments, json_t *pair[2])
{
	struct err err;

	for (int i = 0; i < 2; i++)
		if (report_load(arguments->files[i], &pair[i], &err))
			return print_err(&err);
	if (plan_report_is(pair[0]) == plan_report_is(pair[1]))
		return 0;
	err_set(&err, EINVAL, "%s: a plan, and the other file is of a run",
		arguments->files[plan_report_is(pair[1])]);
	err_remedy(&err, "compare it with what minivmm plan -o FILE wrote");
	return print_err(&err);
}

static int compare(const struct report_arguments *arguments, json_t *const pair[2])
{
	json_t *diff = diff_build(pair[0], arguments->files[0], pair[1], arguments->files[1]);
	bool worse = diff && diff_is_regression(diff);
	int status = cmd_deliver(diff, DOCUMENT_DIFF, &arguments->options);

	return status ? status : worse ? EXIT_FAIL : EXIT_PASS;
}

int report_cmd_diff(const struct report_arguments *arguments)
{
	json_t *pair[2] = { NULL };
	int status = load_pair(arguments, pair);

	if (!status)
		status = compare(arguments, pair);
	json_decref(pair[0]);
	json_decref(pair[1]);
	return status;
}

/* Goes on after a file that can't be read: the user still wants to see all the others. */
static int read_summaries(const struct report_arguments *arguments, struct summary *summaries,
			  json_t *unreadable, size_t *count)
{
	struct err err;
	int rc = 0;

	for (size_t i = 0; !rc && i < arguments->count; i++) {
		const char *file = arguments->files[i];
		json_t *report;

		if (load_run(NULL, file, &report, &err)) {
			print_err(&err);
			rc = json_array_append_new(unreadable, json_pack(
				"{s:o, s:o}", "file", value_text(file),
				"error", value_text(err.text)));
			continue;
		}
		rc = summary_read(report, file, &summaries[*count]);
		*count += 1;
		json_decref(report);
	}
	return rc;
}

/* With -v the text has every host. */
static int deliver_merge(json_t *merge, struct options options)
{
	struct format format = *options.format;

	if (options.verbose && format.render[DOCUMENT_MERGE] == merge_text)
		format.render[DOCUMENT_MERGE] = merge_text_all;
	options.format = &format;
	return cmd_deliver(merge, DOCUMENT_MERGE, &options);
}

int report_cmd_merge(const struct report_arguments *arguments)
{
	struct summary *summaries = calloc(arguments->count, sizeof(*summaries));
	json_t *unreadable = json_array(), *merge = NULL;
	size_t count = 0;
	int status;

	if (summaries && unreadable && !read_summaries(arguments, summaries, unreadable, &count))
		merge = merge_build(summaries, count);
	if (merge && json_object_set(merge, "unreadable", unreadable)) {
		json_decref(merge);
		merge = NULL;
	}
	status = deliver_merge(merge, arguments->options);
	if (json_array_size(unreadable))
		status = EXIT_ENVIRONMENT;
	json_decref(unreadable);
	for (size_t i = 0; summaries && i < count; i++)
		summary_free(&summaries[i]);
	free(summaries);
	return status;
}

int report_cmd_plot(const struct report_arguments *arguments)
{
	const char **names = calloc(arguments->count, sizeof(*names));
	json_t **reports = NULL;
	int status = EXIT_ENVIRONMENT;
	size_t count = 0;
	struct err err;

	if (names)
		reports = load_all(arguments, PLOT_SWEEP_SCHEMA, names, &count, &status);
	else
		cmd_no_memory("the reports");
	if (reports && plot_reports((const json_t *const *)reports, names, count, arguments->options.output, &err))
		status = print_err(&err);
	if (reports)
		free_all(reports, count);
	free(names);
	return status;
}

struct page {
	const struct html_report *reports;
	size_t count;
};

static int write_page(const void *what, FILE *out)
{
	const struct page *page = what;

	return html_page(page->reports, page->count, out);
}

static int put_page(const struct page *page, const char *path)
{
	struct err err;

	if (!path)
		return cmd_flush(write_page(page, stdout));
	return save_file(path, write_page, page, &err) ? print_err(&err) : EXIT_PASS;
}

int report_cmd_html(const struct report_arguments *arguments)
{
	struct html_report *page = calloc(arguments->count, sizeof(*page));
	const char **names = calloc(arguments->count, sizeof(*names));
	int status = EXIT_ENVIRONMENT, put;
	size_t count = 0;
	json_t **reports = NULL;

	if (page && names)
		reports = load_all(arguments, NULL, names, &count, &status);
	else
		cmd_no_memory("the reports");
	for (size_t i = 0; i < count; i++)
		page[i] = (struct html_report){ reports[i], names[i] };
	put = count ? put_page(&(struct page){ page, count }, arguments->options.output) : status;
	if (reports)
		free_all(reports, count);
	free(names);
	free(page);
	return status ? status : put;
}
