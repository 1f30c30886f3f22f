// SPDX-License-Identifier: GPL-2.0-only
/* minivmm smoke: tests this host with two built-in scenarios, and gives one verdict. */
#include <argp.h>
#include <stdio.h>

#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/cmd_progress.h"
#include "cmd/config_arguments.h"
#include "cmd/last_words.h"
#include "cmd/options.h"
#include "config/config.h"
#include "report/report_render.h"
#include "report/report_runs.h"
#include "run/session.h"
#include "vm/signals.h"

static const char doc[] =
	"Tests this host's KVM in a few seconds: a nested guest runs, rmaps are lazy until then, "
	"they have the predicted size, no kernel memory is left behind, the kernel log stays clean, "
	"and a VM without nesting can't run a nested guest.\v"
	"It runs without root as well, and skips the checks that need root. SECTION.KEY=VALUE "
	"overrides the scenario: minivmm list scenarios.\n\n"
	"Example: minivmm smoke --brief -o smoke.json\n\n"
	"Exit status: 0 pass, 1 a check failed, 2 usage error, 3 environment or internal error, "
	"4 skipped (nothing could be judged; the remedy says what to change).";

enum key { KEY_BRIEF = 512, KEY_DEEP };

struct arguments {
	struct options options;
	struct config_arguments config;
	bool brief;
	const struct signals *signals;
};

/* Not in the table of formats: scripts must not rely on this line, it may change. */
static const struct format brief = {
	.name = "brief", .help = "one line", .render = { [DOCUMENT_RUN] = report_brief },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		state->child_inputs[1] = &arguments->config;
		return 0;
	case KEY_BRIEF:
		arguments->brief = true;
		return 0;
	case KEY_DEEP:
		arguments->config.path = "builtin:guard";
		return 0;
	case ARGP_KEY_END:
		if (arguments->brief && arguments->options.format_given)
			command_line_error(state, "--brief is a format: it can't be used with --format");
		if (arguments->brief)
			arguments->options.format = &brief;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/*
 * Runs a built-in scenario in a new session. earlier: a larger run of this process, or NULL.
 * 0, or an exit status after printing what is wrong.
 */
static int try(const struct config_arguments *config, const struct arguments *arguments,
	       const struct session *earlier, struct session **made)
{
	struct session *session = *made = session_new();
	struct last_words words = { .session = session, .options = &arguments->options, .smoke = true };
	struct errors errors = { 0 };
	struct progress_line line;
	int code;

	if (!session)
		return cmd_no_memory("the run");
	code = config_arguments_load(config, &arguments->options, &session->config, &errors);
	if (!code) {
		session->run.signals = arguments->signals;
		if (earlier)
			session->run.room = earlier->run.room;
		progress_begin(&line, arguments->options.progress, config->path, &session->run, NULL);
		code = session_open(session, &errors);
		last_words_begin(&words);
		if (!code)
			code = session_run(session);
		progress_end(&line);
		last_words_end(&words);
	}
	cmd_print_errors(&errors);
	if (code && !errors.count && !errors.lost)
		cmd_print_err(&session->run.err);
	errors_free(&errors);
	return code ? cmd_config_status(code) : 0;
}

/* hidden: the run without nesting, or NULL if it could show nothing and was left out. */
static json_t *judge(const struct run *run, const struct run *hidden, const struct arguments *arguments)
{
	struct verdict verdict;

	verdict_judge(run, &verdict);
	verdict_add_nested_off(run, hidden, &verdict);
	verdict_require(run, arguments->options.require, &verdict);
	return report_build(run, &verdict);
}

/* Adds the report of both scenarios to reports. 0, or an exit status after printing what is wrong. */
static int smoke_once(const struct arguments *arguments, json_t *reports, bool *last)
{
	const struct config_arguments off = { .path = "builtin:nested-off", .builtin = true };
	struct session *hidden = NULL, *trial;
	bool nests;
	int status = try(&arguments->config, arguments, NULL, &trial);

	nests = !status && trial->run.stage >= STAGE_NESTED && !trial->run.signal;
	if (nests)
		status = try(&off, arguments, trial, &hidden);
	if (!status &&
	    json_array_append_new(reports, judge(&trial->run, nests ? &hidden->run : NULL, arguments)))
		status = cmd_no_memory("the report");
	*last = status || trial->run.signal || trial->run.stuck || (nests && hidden->run.signal);
	session_free(hidden);
	session_free(trial);
	return status;
}

static int smoke(const struct arguments *arguments)
{
	json_t *reports = json_array(), *report = NULL;
	bool last = false;
	int status = 0, verdict;

	for (uint64_t i = 0; !last && i < (arguments->options.runs ? arguments->options.runs : 1); i++)
		status = smoke_once(arguments, reports, &last);
	signals_claim(arguments->signals);
	if (!status)
		report = report_of_runs(reports);
	json_decref(reports);
	verdict = (int)json_integer_value(json_object_get(report, "exit_status"));
	if (!status)
		status = cmd_deliver(report, DOCUMENT_RUN, &arguments->options);
	return status ? status : verdict;
}

int cmd_smoke(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(RUN), .standard = report_ktap, .trace = true, .judges = true,
		.output_help = "Write the JSON report to FILE, atomically, or what --format prom or junit says",
	};
	const struct argp_option rows[] = {
		{ "brief", KEY_BRIEF, NULL, 0,
		  "Instead of --format: one line of at most 80 characters, the same on hosts that are "
		  "alike", 0 },
		{ "deep", KEY_DEEP, NULL, 0,
		  "Test what KVM may skip only while a VM has no rmaps as well: dirty logs, memory that "
		  "is taken back, L1's nested tables. Takes some ten seconds", 0 },
		{ 0 }
	};
	struct signals signals;
	struct arguments arguments = {
		.config = { .path = "builtin:smoke", .builtin = true }, .signals = &signals,
	};
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 },
		{ &config_argp, 0, NULL, 0 }, { 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "[SECTION.KEY=VALUE ...]",
		.doc = doc, .children = children,
	};
	int status;

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	if (cmd_limit_run() || cmd_check_output(&arguments.options) || cmd_open_signals(&signals))
		return EXIT_ENVIRONMENT;
	status = smoke(&arguments);
	signals_close(&signals);
	return status;
}
