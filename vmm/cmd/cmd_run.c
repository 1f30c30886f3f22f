// SPDX-License-Identifier: GPL-2.0-only
/* minivmm [run] CONFIG.ini: runs a config's scenario and reports it. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/shell.h"
#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/cmd_progress.h"
#include "cmd/config_arguments.h"
#include "cmd/last_words.h"
#include "cmd/options.h"
#include "cmd/supervise.h"
#include "config/config.h"
#include "report/journal.h"
#include "report/report.h"
#include "report/report_runs.h"
#include "run/session.h"
#include "vm/signals.h"

static const char doc[] =
	"Creates the VM that CONFIG.ini describes, runs a nested guest in it and shows how KVM's "
	"rmaps, which are lazy at first, are allocated: the predicted bytes and the measured ones.\v"
	"CONFIG.ini may be - for standard input, or builtin:NAME (minivmm list scenarios). "
	"SECTION.KEY=VALUE overrides the file (minivmm list keys). The other commands: minivmm help.\n\n"
	"Example: minivmm configs/transition.ini memslot.high.size=29G -o report.json\n\n"
	"Exit status: 0 pass, 1 a check failed, 2 usage or config error, 3 environment or internal "
	"error, 4 skipped (nothing could be judged), 128+N on signal N.";

/* The report is the journal's last line, and stdout gets it as well. */
static int end_journal(struct journal *journal, json_t *report, const struct options *options)
{
	struct options only_stdout = *options;
	struct err err;
	int status = 0, printed;

	if (report && journal_close(journal, report, &err)) {
		cmd_print_err(&err);
		status = EXIT_ENVIRONMENT;
	}
	only_stdout.output = NULL;
	printed = cmd_deliver(report, DOCUMENT_RUN, &only_stdout);
	return printed ? printed : status;
}

static json_t *judge(const struct run *run, const struct options *options)
{
	struct verdict verdict;

	verdict_judge(run, &verdict);
	verdict_require(run, options->require, &verdict);
	return report_build(run, &verdict);
}

/* Takes over the report. Returns the exit status: the verdict's, if the report could be delivered. */
static int deliver(json_t *report, const struct options *options, struct journal *journal)
{
	int verdict = (int)json_integer_value(json_object_get(report, "exit_status"));
	int status = journal->path ? end_journal(journal, report, options) :
				     cmd_deliver(report, DOCUMENT_RUN, options);

	return status ? status : verdict;
}

/* Runs an open session, and adds its report to reports. 0, or the exit status after printing why there is none. */
static int run_one(struct session *session, const struct options *options, struct journal *journal, json_t *reports)
{
	struct run *run = &session->run;
	struct last_words words = { .session = session, .options = options };
	struct progress_line line;
	char what[64] = "";
	int code;

	if (options->runs > 1)
		snprintf(what, sizeof(what), "run %zu of %llu", json_array_size(reports) + 1,
			 (unsigned long long)options->runs);
	progress_begin(&line, options->progress, what, run, journal->path ? journal : NULL);
	last_words_begin(&words);
	code = session_run(session);
	progress_end(&line);
	last_words_end(&words);
	if (code)
		cmd_print_err(&run->err);
	else if (json_array_append_new(reports, judge(run, options)))
		return cmd_no_memory("the report");
	return code ? cmd_config_status(code) : 0;
}

/* A further run of the same config: a VM, and all that belongs to it, of its own. */
static int run_again(const struct session *first, const struct run_arguments *arguments, struct journal *journal,
		     json_t *reports, bool *last)
{
	struct session *session = session_new();
	struct errors errors = { 0 };
	int status, code;

	if (!session)
		return cmd_no_memory("the run");
	code = config_arguments_load(&arguments->config, &arguments->options, &session->config, &errors);
	if (!code) {
		session->config.command = strdup(first->config.command);
		session->run.signals = first->run.signals;
		session->run.typed = first->run.typed;
		code = session_open(session, &errors);
	}
	cmd_print_errors(&errors);
	errors_free(&errors);
	status = code ? cmd_config_status(code) : run_one(session, &arguments->options, journal, reports);
	*last = status || session->run.signal || session->run.stuck;
	session_free(session);
	return status;
}

/* Makes all runs and delivers their report. Returns the exit status. */
static int run_all(struct session *session, const struct run_arguments *arguments, struct journal *journal)
{
	json_t *reports = json_array(), *report;
	int status = run_one(session, &arguments->options, journal, reports);
	bool last = session->run.signal || session->run.stuck;

	for (uint64_t i = 1; !status && !last && i < arguments->options.runs; i++)
		status = run_again(session, arguments, journal, reports, &last);
	signals_claim(session->run.signals);
	report = status ? NULL : report_of_runs(reports);
	json_decref(reports);
	return status ? status : deliver(report, &arguments->options, journal);
}

/* Runs an open session, and others after it. Returns the exit status. */
static int run_open(struct session *session, const struct run_arguments *arguments)
{
	const char *path = journal_wanted(arguments->options.output) ? arguments->options.output : NULL;
	struct run *run = &session->run;
	struct journal journal;
	int status;

	if (journal_begin(&journal, path, &run->err)) {
		cmd_print_err(&run->err);
		return EXIT_ENVIRONMENT;
	}
	status = run_all(session, arguments, &journal);
	journal_drop(&journal);
	return status;
}

/* The run was killed in a child process. */
static int report_lost(struct session *session, const struct child_end *end,
		       const struct options *options)
{
	struct journal none = { 0 };

	signals_claim(session->run.signals);
	supervise_lost(session, end);
	cmd_print_err(&session->run.err);
	return deliver(judge(&session->run, options), options, &none);
}

static int run_supervised(struct session *session, const struct run_arguments *arguments)
{
	struct last_words words = { .session = session, .options = &arguments->options, .waits = true };
	enum supervised supervised;
	struct child_end end;
	int status;

	last_words_begin(&words);
	supervised = supervise(session, &end);
	if (supervised != SUPERVISED_PARENT)
		status = run_open(session, arguments);
	else
		status = end.signal ? report_lost(session, &end, &arguments->options) : end.status;
	last_words_end(&words);
	if (supervised == SUPERVISED_CHILD && session->run.stuck)
		child_tell_stuck(&end.child, status);
	return status;
}

static int run_config(struct session *session, const struct run_arguments *arguments)
{
	struct errors errors = { 0 };
	struct signals signals;
	int status, code;

	if (cmd_limit_run() || cmd_check_output(&arguments->options) || cmd_open_signals(&signals))
		return EXIT_ENVIRONMENT;
	session->run.signals = &signals;
	code = session_open(session, &errors);
	cmd_print_errors(&errors);
	if (code && !errors.count && !errors.lost)
		cmd_print_err(&session->run.err);
	status = code ? cmd_config_status(code) : run_supervised(session, arguments);
	signals_close(&signals);
	errors_free(&errors);
	return status;
}

static int load_and_run(struct run_arguments *arguments, struct session *session, int argc, char **argv)
{
	struct config *config = &session->config;
	struct errors errors = { 0 };
	int code = config_arguments_load(&arguments->config, &arguments->options, config, &errors);

	cmd_print_errors(&errors);
	errors_free(&errors);
	if (code)
		return cmd_config_status(code);
	config->command = shell_line("minivmm", argc - 1, (const char *const *)argv + 1);
	return config->command ? run_config(session, arguments) :
				 cmd_no_memory("the command line");
}

int cmd_run(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(RUN), .trace = true, .judges = true,
		.output_help = "Write the JSON report to FILE, atomically, or what --format prom or junit says; "
			       "FILE.jsonl: a line for each second of stress, then the report",
	};
	struct run_arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 },
		{ &config_argp, 0, NULL, 0 }, { 0 }
	};
	const struct argp argp = {
		.parser = run_arguments_parse, .args_doc = "CONFIG.ini [SECTION.KEY=VALUE ...]", .doc = doc,
		.children = children,
	};
	struct session *session;
	int status;

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	session = session_new();
	status = session ? load_and_run(&arguments, session, argc, argv) : cmd_no_memory("the run");
	session_free(session);
	return status;
}
