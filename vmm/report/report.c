// SPDX-License-Identifier: GPL-2.0-only
/* Writes reports to streams and files, and loads them. report_build.c builds them. */
#include "report/report.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/privilege.h"
#include "base/save.h"
#include "base/value.h"
#include "report/journal.h"
#include "report/report_render.h"
#include "report/report_slots.h"

/* Why a stream failed: stdio itself keeps only that it did. */
static int stream_error(void)
{
	return errno ? -errno : -EIO;
}

/* A loaded report may have any member names, also with quotes and newlines. NULL: no memory. */
static json_t *names_of(const json_t *json)
{
	json_t *names = json_array();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)json, name, value) {
		if (!json_array_append_new(names, json_string(name)))
			continue;
		json_decref(names);
		return NULL;
	}
	return names;
}

static int write_members(const json_t *json, const json_t *names, FILE *out)
{
	const char *separator = "{\n";
	json_t *name;
	size_t i;
	int rc = 0;

	json_array_foreach(names, i, name) {
		const json_t *value = json_object_get(json, json_string_value(name));

		fprintf(out, "%s  ", separator);
		rc |= value_write(name, out, 0, "");
		fputs(": ", out);
		if (!strcmp(json_string_value(name), "slots") && json_is_array(value))
			report_slots_write(value, out);
		else
			rc |= value_write(value, out, JSON_INDENT(2), "  ");
		separator = ",\n";
	}
	fputs(json_array_size(names) ? "\n}\n" : "{}\n", out);
	return rc;
}

int report_json(const json_t *json, FILE *out)
{
	/* Before anything is printed: half a report is none. */
	json_t *names = names_of(json);
	int rc;

	if (!names)
		return -ENOMEM;
	rc = write_members(json, names, out);
	json_decref(names);
	return rc || ferror(out) || fflush(out) ? stream_error() : 0;
}

int report_render(const json_t *json, report_renderer *render, FILE *out)
{
	int rc;

	errno = 0;
	rc = render(json, out);
	if (!rc && (fflush(out) || ferror(out)))
		rc = stream_error();
	return rc;
}

static int write_value(const void *value, FILE *out)
{
	return report_json(value, out);
}

static int write_line(const void *value, FILE *out)
{
	return value_write_line(value, out) ? stream_error() : 0;
}

int report_save(const json_t *json, const char *path, struct err *err)
{
	return save_file(path, journal_wanted(path) ? write_line : write_value, json, err);
}

/* "minivmm.report/1", or a minor version of it: "minivmm.report/1.2". */
static bool is_schema(const char *have, const char *schema)
{
	size_t length = strlen(schema);

	return !strncmp(have, schema, length) && (!have[length] || have[length] == '.');
}

/* A line of a run's FILE.jsonl before the last one. */
static bool is_of_journal(const char *schema)
{
	return is_schema(schema, JOURNAL_SCHEMA) || is_schema(schema, PHASE_SCHEMA);
}

bool report_is(const json_t *report, const char *schema)
{
	const char *have = value_string(report, "schema");

	return have && is_schema(have, schema);
}

/* What to do with JSON that is another document, made by this version of minivmm or by another. */
static const char *remedy_of(const char *schema)
{
	const char *version = strrchr(schema, '/');

	if (strncmp(schema, "minivmm.", 8) || !version || strcmp(version, "/1"))
		return "read it with the minivmm that wrote it";
	return strncmp(schema, "minivmm.sweep/", 14) ? "look at it: minivmm report show" :
						       "draw it: minivmm report plot";
}

static int check_schema(const json_t *report, const char *other, const char *path, struct err *err)
{
	const char *schema = value_string(report, "schema");

	if (!schema)
		return err_set(err, EINVAL, "%s: not a report: there is no \"schema\" in it", path);
	if (is_schema(schema, REPORT_SCHEMA) || (other && is_schema(schema, other)))
		return 0;
	if (is_of_journal(schema))
		return err_set(err, EINVAL, "%s: the run has not come to its end: lines of its phases, and no report", path);
	err_set(err, EINVAL, "%s: schema \"%.64s\", not \"" REPORT_SCHEMA "\"", path, schema);
	err_remedy(err, "%s", remedy_of(schema));
	return -EINVAL;
}

static int read_json(FILE *file, const char *path, json_t **report, struct err *err)
{
	json_error_t error;

	if (journal_wanted(path)) {
		*report = journal_report(file, path, err);
		return *report ? 0 : -EINVAL;
	}
	*report = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (*report)
		return 0;
	if (ferror(file))
		return err_errno(err, EIO, "reading %s", path);
	return err_set(err, EINVAL, "%s:%d:%d: not JSON: %s", path, error.line, error.column,
		       error.text);
}

FILE *report_open(const char *path)
{
	bool raised = privilege_raise();
	FILE *file = fopen(path, "re");
	int code = errno;

	privilege_lower(raised);
	errno = code;
	return file;
}

/* Loads any JSON. */
static int load_json(const char *path, json_t **report, struct err *err)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : report_open(path);
	struct stat st;
	int rc;

	*report = NULL;
	if (is_stdin)
		path = "<stdin>";
	if (!file)
		return err_errno(err, errno, "opening the report %s", path);
	if (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode))
		rc = err_errno(err, EISDIR, "opening the report %s", path);
	else
		rc = read_json(file, path, report, err);
	if (!is_stdin)
		fclose(file);
	return rc;
}

/* Each of our schemas but those of a journal's lines. */
static bool is_ours(const json_t *report)
{
	const char *schema = value_string(report, "schema");

	return schema && !strncmp(schema, "minivmm.", 8) && !is_of_journal(schema);
}

static int load(const char *other, bool any, const char *path, json_t **report, struct err *err)
{
	int rc = load_json(path, report, err);

	if (!strcmp(path, "-"))
		path = "<stdin>";
	if (!rc && !(any && is_ours(*report)))
		rc = check_schema(*report, other, path, err);
	if (rc) {
		json_decref(*report);
		*report = NULL;
	}
	return rc;
}

int report_load_or(const char *other, const char *path, json_t **report, struct err *err)
{
	return load(other, false, path, report, err);
}

int report_load_any(const char *path, json_t **report, struct err *err)
{
	return load(NULL, true, path, report, err);
}

int report_load(const char *path, json_t **report, struct err *err)
{
	return report_load_or(NULL, path, report, err);
}
