// SPDX-License-Identifier: GPL-2.0-only
/* minivmm [run] CONFIG.ini: runs a config's scenario and reports it. */
#include <argp.h>
#include <stdio.h>

#include "base/shell.h"
#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/cmd_progress.h"
#include "cmd/config_arguments.h"
#include "cmd/options.h"
#include "cmd/supervise.h"
#include "config/config.h"
#include "report/journal.h"
#include "report/report.h"
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

/* Returns the exit status: the verdict's, if the report could be delivered. */
static int deliver(const struct run *run, const struct options *options, struct journal *journal)
{
	struct verdict verdict;
	json_t *report;
	int status;

	verdict_judge(run, &verdict);
	verdict_require(run, options->require, &verdict);
	report = report_build(run, &verdict);
	status = journal->path ? end_journal(journal, report, options) :
				 cmd_deliver(report, DOCUMENT_RUN, options);
	return status ? status : verdict.exit_status;
}

/* Runs an open session. Returns the exit status. */
static int run_open(struct session *session, const struct options *options)
{
	const char *path = journal_wanted(options->output) ? options->output : NULL;
	struct run *run = &session->run;
	struct progress_line line;
	struct journal journal;
	int status, code;

	if (journal_begin(&journal, path, &run->err)) {
		cmd_print_err(&run->err);
		return EXIT_ENVIRONMENT;
	}
	progress_begin(&line, options->progress, "", run, journal.path ? &journal : NULL);
	code = session_run(session);
	progress_end(&line);
	if (code)
		cmd_print_err(&run->err);
	status = code ? cmd_config_status(code) : deliver(run, options, &journal);
	journal_drop(&journal);
	return status;
}

/* The run was killed in a child process. */
static int report_lost(struct session *session, const struct child_end *end,
		       const struct options *options)
{
	struct journal none = { 0 };

	supervise_lost(session, end);
	cmd_print_err(&session->run.err);
	return deliver(&session->run, options, &none);
}

static int run_supervised(struct session *session, const struct options *options)
{
	struct child_end end;

	if (supervise(session, &end))
		return run_open(session, options);
	return end.signal ? report_lost(session, &end, options) : end.status;
}

static int run_config(struct session *session, const struct options *options)
{
	struct errors errors = { 0 };
	struct signals signals;
	int status, code;

	if (cmd_check_output(options) || cmd_open_signals(&signals))
		return EXIT_ENVIRONMENT;
	session->run.signals = &signals;
	code = session_open(session, &errors);
	cmd_print_errors(&errors);
	if (code && !errors.count && !errors.lost)
		cmd_print_err(&session->run.err);
	status = code ? cmd_config_status(code) : run_supervised(session, options);
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
	return config->command ? run_config(session, &arguments->options) :
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
