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
#include "report/plan_report.h"

static int print_err(const struct err *err)
{
	cmd_print_err(err);
	return EXIT_ENVIRONMENT;
}

/* A plan can't be shown in every format of a run. 0, or -1 after printing that. */
static int check_format(enum document document, const struct report_arguments *arguments)
{
	const struct format *format = arguments->options.format;
	char names[FORMATS_TEXT];

	if (format->render[document])
		return 0;
	cmd_say("minivmm report: --format %s: not one of %s: %s is a plan", format->name,
		format_names(names, 1u << document), arguments->files[0]);
	return -1;
}

int report_cmd_show(const struct report_arguments *arguments)
{
	enum document document;
	json_t *report;
	struct err err;

	if (report_load(arguments->files[0], &report, &err))
		return print_err(&err);
	document = plan_report_is(report) ? DOCUMENT_PLAN : DOCUMENT_RUN;
	if (!check_format(document, arguments))
		return cmd_deliver(report, document, &arguments->options);
	json_decref(report);
	return EXIT_USAGE_ERROR;
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
 * Loads all files, which must be of runs or of the schema `other`, if that is not NULL. Returns
 * NULL after printing what is wrong.
 */
static json_t **load_all(const struct report_arguments *arguments, const char *other)
{
	json_t **reports = calloc(arguments->count, sizeof(json_t *));
	struct err err;

	for (size_t i = 0; reports && i < arguments->count; i++) {
		if (!load_run(other, arguments->files[i], &reports[i], &err))
			continue;
		print_err(&err);
		while (i-- > 0)
			json_decref(reports[i]);
		free(reports);
		return NULL;
	}
	if (!reports)
		cmd_no_memory("the reports");
	return reports;
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
	status = cmd_deliver(merge, DOCUMENT_MERGE, &arguments->options);
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
	json_t **reports = load_all(arguments, PLOT_SWEEP_SCHEMA);
	struct err err;
	int rc;

	if (!reports)
		return EXIT_ENVIRONMENT;
	rc = plot_reports((const json_t *const *)reports, arguments->count,
			  arguments->options.output, &err);
	free_all(reports, arguments->count);
	return rc ? print_err(&err) : EXIT_PASS;
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

int report_cmd_html(const struct report_arguments *arguments)
{
	struct html_report *named = calloc(arguments->count, sizeof(*named));
	json_t **reports = named ? load_all(arguments, NULL) : NULL;
	struct page page = { named, arguments->count };
	int status = EXIT_ENVIRONMENT;
	struct err err;

	if (!named)
		return cmd_no_memory("the reports");
	for (size_t i = 0; reports && i < arguments->count; i++)
		named[i] = (struct html_report){ reports[i], arguments->files[i] };
	if (reports && !arguments->options.output)
		status = cmd_flush(write_page(&page, stdout));
	else if (reports)
		status = save_file(arguments->options.output, write_page, &page, &err) ?
			 print_err(&err) : EXIT_PASS;
	if (reports)
		free_all(reports, arguments->count);
	free(named);
	return status;
}
