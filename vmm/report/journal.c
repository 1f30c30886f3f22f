// SPDX-License-Identifier: GPL-2.0-only
#include "report/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"
#include "run/stress.h"

bool journal_wanted(const char *path)
{
	static const char end[] = ".jsonl";
	size_t length = path ? strlen(path) : 0;

	return length > sizeof(end) - 1 && !strcmp(path + length - (sizeof(end) - 1), end);
}

/* Without memory it writes nothing, not half a line. 0 or an errno. */
static int write_line(FILE *file, const json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);
	int code = 0;

	if (!text)
		return ENOMEM;
	errno = 0;
	if (fprintf(file, "%s\n", text) < 0 || fflush(file))
		code = errno ? errno : EIO;
	free(text);
	return code;
}

static void put_line(struct journal *journal, const json_t *line)
{
	int code;

	if (!journal->file)
		journal->file = fopen(journal->path, "we");
	code = journal->file ? write_line(journal->file, line) : errno;
	if (code && !journal->code)
		journal->code = code;
}

void journal_sample(struct journal *journal, const char *phase, uint64_t elapsed_ns,
		    const struct stress_result *stress)
{
	struct stress_count counts[STRESS_COUNTS];
	size_t count = stress_sample(stress, counts, STRESS_COUNTS);
	json_t *workers = json_array(), *line;

	for (size_t i = 0; workers && i < count; i++)
		json_array_append_new(workers, json_pack("{s:s, s:o, s:o}",
							 "worker", counts[i].name,
							 "rounds", value_u64(counts[i].rounds),
							 "failures", value_u64(counts[i].failures)));
	line = json_pack("{s:s, s:s, s:o, s:o}", "schema", JOURNAL_SCHEMA, "phase", phase,
			 "elapsed_ns", value_u64(elapsed_ns), "workers", workers);
	if (line)
		put_line(journal, line);
	json_decref(line);
}

void journal_drop(struct journal *journal)
{
	if (journal->file && fclose(journal->file) && !journal->code)
		journal->code = errno;
	journal->file = NULL;
}

int journal_close(struct journal *journal, const json_t *report, struct err *err)
{
	put_line(journal, report);
	journal_drop(journal);
	return journal->code ? err_errno(err, journal->code, "writing %s", journal->path) : 0;
}

json_t *journal_report(FILE *file, const char *path, struct err *err)
{
	char *line = NULL, *last = NULL;
	size_t size = 0;
	json_error_t error;
	json_t *report;

	while (getline(&line, &size, file) > 0) {
		free(last);
		last = line;
		line = NULL;
		size = 0;
	}
	free(line);
	report = last ? json_loads(last, 0, &error) : NULL;
	free(last);
	if (!report && ferror(file))
		err_set(err, EIO, "reading %s failed", path);
	else if (!report)
		err_set(err, EINVAL, "%s: its last line is not a report: the run that wrote it did not "
			"end normally", path);
	return report;
}
