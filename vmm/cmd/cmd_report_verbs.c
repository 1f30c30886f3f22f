// SPDX-License-Identifier: GPL-2.0-only
/* What each verb of minivmm report reads, writes and answers. */
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

/* -o and standard output get it. rc is that of rendering to the latter. */
static int finish(const json_t *value, const struct report_arguments *arguments, int rc)
{
	struct err err;

	if (!rc && (fflush(stdout) || ferror(stdout)))
		rc = errno ? -errno : -EIO;
	if (rc) {
		fprintf(stderr, "minivmm: standard output: %s\n", strerror(-rc));
		return EXIT_ENVIRONMENT;
	}
	if (value && arguments->output && report_save(value, arguments->output, &err))
		return print_err(&err);
	return EXIT_PASS;
}

/* A plan has nothing that the others are about; -1, and said on stderr. */
static int check_format(const json_t *report, const struct report_arguments *arguments)
{
	if (!plan_report_is(report) || arguments->format == FORMAT_TEXT ||
	    arguments->format == FORMAT_JSON)
		return 0;
	fprintf(stderr, "minivmm report: --format %s: not one of " PLAN_FORMATS ": %s is a plan\n",
		arguments->format_name, arguments->files[0]);
	return -1;
}

int report_cmd_show(const struct report_arguments *arguments)
{
	json_t *report;
	struct err err;
	int status;

	if (report_load(arguments->files[0], &report, &err))
		return print_err(&err);
	status = check_format(report, arguments) ? EXIT_USAGE_ERROR :
		 finish(report, arguments, report_render(report, arguments->format, stdout));
	json_decref(report);
	return status;
}

static int print_json(const json_t *value)
{
	return json_dumpf(value, stdout, JSON_INDENT(2)) || putchar('\n') == EOF ? -EIO : 0;
}

static int load_run(const char *other, const char *path, json_t **report, struct err *err)
{
	int rc = report_load_or(other, path, report, err);

	if (rc || !plan_report_is(*report))
		return rc;
	json_decref(*report);
	*report = NULL;
	err_set(err, EINVAL, "%s: a plan: nothing was run", path);
	err_remedy(err, "minivmm report show, or diff with another plan");
	return -EINVAL;
}

/*
 * All files or none, and none that is a plan; frees what it has read where one can't be. other:
 * a schema, or NULL.
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

/* Two runs or two plans: one beside the other would differ in all that a plan has not. */
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
	int status;

	if (!diff)
		return cmd_no_memory("the reports");
	errno = 0;
	status = finish(diff, arguments, arguments->format == FORMAT_JSON ? print_json(diff) :
			diff_text(diff, stdout));
	if (status == EXIT_PASS && diff_is_regression(diff))
		status = EXIT_FAIL;
	json_decref(diff);
	return status;
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

/* One host's broken file must not cost the view of all the others. */
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

static int print_merge(const json_t *merge, enum report_format format)
{
	switch (format) {
	case FORMAT_JSON:
		return print_json(merge);
	case FORMAT_CSV:
		merge_csv(merge, stdout);
		return 0;
	default:
		return merge_text(merge, stdout);
	}
}

int report_cmd_merge(const struct report_arguments *arguments)
{
	struct summary *summaries = calloc(arguments->count, sizeof(*summaries));
	json_t *unreadable = json_array(), *merge = NULL;
	int status = EXIT_ENVIRONMENT;
	size_t count = 0;

	if (summaries && unreadable && !read_summaries(arguments, summaries, unreadable, &count))
		merge = merge_build(summaries, count);
	if (!merge || json_object_set(merge, "unreadable", unreadable)) {
		cmd_no_memory("the reports");
	} else {
		errno = 0;
		status = finish(merge, arguments, print_merge(merge, arguments->format));
		if (json_array_size(unreadable))
			status = EXIT_ENVIRONMENT;
	}
	json_decref(merge);
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
	rc = plot_reports((const json_t *const *)reports, arguments->count, arguments->output, &err);
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
	if (reports && !arguments->output)
		status = finish(NULL, arguments, write_page(&page, stdout));
	else if (reports)
		status = save_file(arguments->output, write_page, &page, &err) ? print_err(&err) :
			 EXIT_PASS;
	if (reports)
		free_all(reports, arguments->count);
	free(named);
	return status;
}
