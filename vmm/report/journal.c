// SPDX-License-Identifier: GPL-2.0-only
#include "report/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/patient.h"
#include "base/save.h"
#include "base/value.h"
#include "config/config.h"
#include "config/ops.h"
#include "run/result.h"
#include "run/stress.h"

bool journal_wanted(const char *path)
{
	static const char end[] = ".jsonl";
	size_t length = path ? strlen(path) : 0;

	return length > sizeof(end) - 1 && !strcmp(path + length - (sizeof(end) - 1), end);
}

/* Without memory it writes nothing, not half a line. 0 or -errno. */
static int write_line(int fd, const json_t *line)
{
	size_t length;
	char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
	int rc;

	if (!text)
		return -ENOMEM;
	/* The newline takes the place of the NUL. */
	length = strlen(text);
	text[length] = '\n';
	rc = write_patiently(fd, text, length + 1);
	free(text);
	/* A FIFO has none, and some file systems. */
	if (!rc && fsync(fd) && errno != EINVAL && errno != EROFS)
		rc = -errno;
	return rc;
}

int journal_begin(struct journal *journal, const char *path, struct err *err)
{
	*journal = (struct journal){ .path = path, .fd = -1 };
	if (!path)
		return 0;
	journal->fd = open("/", O_PATH | O_CLOEXEC);
	return journal->fd < 0 ? err_errno(err, errno, "opening /") : 0;
}

static int put_first(const void *line, FILE *out)
{
	return value_write_line(line, out) ? -ENOMEM : 0;
}

/* The first line makes the file, which gets the descriptor that journal_begin() has reserved. */
static int begin_file(struct journal *journal, const json_t *line, struct err *err)
{
	int fd = save_begin(journal->path, put_first, line, err), rc;

	if (fd < 0)
		return fd;
	rc = dup3(fd, journal->fd, O_CLOEXEC) < 0 ? err_errno(err, errno, "writing %s", journal->path) : 0;
	close(fd);
	journal->open = !rc;
	return rc;
}

static int try_line(struct journal *journal, const json_t *line, struct err *err)
{
	int rc;

	if (!journal->open)
		return begin_file(journal, line, err);
	rc = write_line(journal->fd, line);
	return rc ? err_errno(err, -rc, "writing %s", journal->path) : 0;
}

/* After a line that failed no other is written: a reader that is stuck costs its time only once. */
static void put_line(struct journal *journal, const json_t *line)
{
	if (!journal->code)
		journal->code = try_line(journal, line, &journal->err);
}

/* Of a stress phase, else none. */
static json_t *ops_json(const struct config *config, const struct phase_result *phase)
{
	size_t count = phase->cfg && phase->cfg->what == DO_STRESS ? config->worker_count : 0;
	json_t *ops = json_array();

	for (size_t i = 0; ops && i < count; i++)
		json_array_append_new(ops, json_string(op_info(config->workers[i].op)->name));
	return ops;
}

void journal_phase(struct journal *journal, const struct config *config, const struct phase_result *phase,
		   uint64_t elapsed_ns)
{
	json_t *line = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
				 "schema", PHASE_SCHEMA,
				 "phase", phase->name,
				 "do", phase->what,
				 "ops", ops_json(config, phase),
				 "elapsed_ns", value_u64(elapsed_ns),
				 "command", value_text(config->command),
				 "seed", value_u64(config->seed));

	if (line)
		put_line(journal, line);
	json_decref(line);
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
	if (journal->fd >= 0 && close(journal->fd) && !journal->code)
		journal->code = err_errno(&journal->err, errno, "writing %s", journal->path);
	journal->open = false;
	journal->fd = -1;
}

int journal_close(struct journal *journal, const json_t *report, struct err *err)
{
	put_line(journal, report);
	journal_drop(journal);
	*err = journal->err;
	return journal->code;
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
	report = last ? json_loads(last, JSON_REJECT_DUPLICATES, &error) : NULL;
	free(last);
	if (!report && ferror(file))
		err_set(err, EIO, "reading %s failed", path);
	else if (!report)
		err_set(err, EINVAL, "%s: its last line is not a report: the run that wrote it did not "
			"end normally", path);
	return report;
}

static bool has_schema(const json_t *line, const char *schema)
{
	const char *have = value_string(line, "schema");

	return have && !strncmp(have, schema, strlen(schema));
}

static void take_line(struct journal_end *end, json_t *line)
{
	end->ended = !has_schema(line, JOURNAL_SCHEMA) && !has_schema(line, PHASE_SCHEMA);
	json_decref(end->last);
	end->last = json_incref(line);
	if (!has_schema(line, PHASE_SCHEMA))
		return;
	json_decref(end->began);
	end->began = json_incref(line);
}

int journal_read_end(FILE *file, const char *path, struct journal_end *end, struct err *err)
{
	char *text = NULL;
	size_t size = 0;
	int code = 0;

	*end = (struct journal_end){ 0 };
	errno = 0;
	while (!code && getline(&text, &size, file) > 0) {
		json_error_t error = { 0 };
		json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);

		if (!line && json_error_code(&error) == json_error_out_of_memory)
			code = ENOMEM;
		if (has_schema(line, "minivmm."))
			take_line(end, line);
		json_decref(line);
	}
	free(text);
	if (!code && !feof(file))
		code = errno ? errno : EIO;
	if (!code)
		return 0;
	journal_end_free(end);
	return err_errno(err, code, "reading %s", path);
}

void journal_end_free(struct journal_end *end)
{
	json_decref(end->last);
	json_decref(end->began);
	*end = (struct journal_end){ 0 };
}
