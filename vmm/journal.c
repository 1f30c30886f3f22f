// SPDX-License-Identifier: GPL-2.0-only
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"
#include "value.h"

bool journal_wanted(const char *path)
{
	static const char end[] = ".jsonl";
	size_t length = path ? strlen(path) : 0;

	return length > sizeof(end) - 1 && !strcmp(path + length - (sizeof(end) - 1), end);
}

int journal_open(FILE **journal, const char *path, struct err *err)
{
	*journal = fopen(path, "we");
	return *journal ? 0 : err_errno(err, errno, "opening %s", path);
}

static void put_line(FILE *journal, const json_t *line)
{
	json_dumpf(line, journal, JSON_COMPACT);
	fputc('\n', journal);
	fflush(journal);
}

void journal_sample(FILE *journal, const char *phase, uint64_t elapsed_ns,
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

int journal_close(FILE *journal, const json_t *report, const char *path, struct err *err)
{
	int code = 0;

	if (report)
		put_line(journal, report);
	if (ferror(journal))
		code = EIO;
	if (fclose(journal))
		code = errno;
	return code ? err_errno(err, code, "writing %s", path) : 0;
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
		err_set(err, EINVAL, "%s: its last line is no report: the run that wrote it did not "
			"come to its end", path);
	return report;
}
