// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/one_run.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/value.h"
#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/cmd_progress.h"
#include "cmd/last_words.h"
#include "cmd/supervise.h"
#include "report/report.h"
#include "vm/signals.h"

static json_t *judge(const struct one_run *one)
{
	const struct run *run = &one->session->run;
	struct verdict verdict;

	verdict_judge(run, &verdict);
	verdict_require(run, one->options->require, &verdict);
	return report_build(run, &verdict);
}

/* 0, or -ENOMEM with run.err. */
static int keep(const struct one_run *one, json_t *report, json_t **kept)
{
	*kept = report;
	return report ? 0 : err_set(&one->session->run.err, ENOMEM, "no memory for the report");
}

static int run_here(const struct one_run *one, json_t **report)
{
	struct last_words words = {
		.session = one->session, .options = one->options, .take = one->take, .taker = one->taker,
	};
	struct run *run = &one->session->run;
	struct progress_line line;
	int code;

	progress_begin(&line, one->options->progress, one->what, run, NULL);
	last_words_begin(&words);
	code = session_run(one->session);
	progress_end(&line);
	last_words_end(&words);
	return code ? code : keep(one, judge(one), report);
}

/* The parent reads it once this process has ended. Without it the parent has nothing but an exit status to report. */
static void tell_parent(void *fd, json_t *report)
{
	if (!report || json_dumpfd(report, *(int *)fd, JSON_ENCODE_ANY)) {
		cmd_say("minivmm: the run's process can't hand its report over: no memory, or a limit (ulimit -f)");
		_exit(EXIT_ENVIRONMENT);
	}
	json_decref(report);
}

static _Noreturn void run_child(const struct one_run *one, const struct child *self, int fd)
{
	struct one_run child = *one;
	json_t *report = NULL;

	child.take = tell_parent;
	child.taker = &fd;
	if (run_here(&child, &report))
		report = value_text(one->session->run.err.text);
	signals_claim(one->session->run.signals);
	tell_parent(&fd, report);
	if (one->session->run.stuck)
		child_tell_stuck(self, EXIT_PASS);
	_exit(EXIT_PASS);
}

/* The run's signal is the one that ended it in the child, or came too late for that. */
static void take_signal(struct run *run, const json_t *report, int told)
{
	json_int_t status = json_integer_value(json_object_get(report, "exit_status"));

	run->signal = told;
	if (!told && json_is_string(json_object_get(report, "signal")) && status > 128)
		run->signal = (int)status - 128;
}

/* The child has said what came of the run, or why it could not be made. */
static int read_child(const struct one_run *one, const struct child_end *end, int fd, json_t **report)
{
	json_t *said = lseek(fd, 0, SEEK_SET) ? NULL : json_loadfd(fd, JSON_DECODE_ANY, NULL);
	struct run *run = &one->session->run;
	int code;

	take_signal(run, said, end->told);
	run->stuck = end->stuck;
	if (json_is_object(said))
		return keep(one, said, report);
	if (json_is_string(said))
		code = err_set(&run->err, EIO, "%s", json_string_value(said));
	else
		code = err_set(&run->err, EIO, "the run's process ended with exit status %d, and left no report",
			       end->status);
	json_decref(said);
	return code;
}

/* The child was killed. That ends its run alone. */
static int tell_loss(const struct one_run *one, const struct child_end *end, json_t **report)
{
	supervise_lost(one->session, end);
	*report = judge(one);
	one->session->run.signal = end->told;
	return keep(one, *report, report);
}

static int take_outcome(const struct one_run *one, const struct child_end *end, int fd, json_t **report)
{
	return end->signal ? tell_loss(one, end, report) : read_child(one, end, fd, report);
}

int one_run(const struct one_run *one, json_t **report, struct errors *errors)
{
	struct last_words words = {
		.session = one->session, .options = one->options, .waits = true, .take = one->take, .taker = one->taker,
	};
	enum supervised supervised = SUPERVISED_NOT;
	int code = session_open(one->session, errors), fd;
	struct child_end end;

	*report = NULL;
	if (code)
		return code;
	fd = memfd_create("report", MFD_CLOEXEC);
	last_words_begin(&words);
	if (fd >= 0)
		supervised = supervise(one->session, &end);
	if (supervised == SUPERVISED_CHILD)
		run_child(one, &end.child, fd);
	code = supervised == SUPERVISED_NOT ? run_here(one, report) : take_outcome(one, &end, fd, report);
	last_words_end(&words);
	if (fd >= 0)
		close(fd);
	return code;
}
