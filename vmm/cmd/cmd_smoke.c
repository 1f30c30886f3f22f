// SPDX-License-Identifier: GPL-2.0-only
/* minivmm smoke: is this host all right? Two built-in scenarios, one verdict. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/cmd_progress.h"
#include "cmd/options.h"
#include "config/config.h"
#include "report/report_render.h"
#include "run/session.h"
#include "vm/signals.h"

static const char doc[] =
	"Tests this host's KVM in a few seconds: a nested guest really runs, rmaps are lazy until "
	"then, their bytes are those predicted, nothing is left behind, the kernel log stays clean, "
	"and a VM without nesting can't have it.\v"
	"Without root it runs as well, and skips what it can't see. SECTION.KEY=VALUE overrides "
	"the scenario: minivmm list scenarios.\n\n"
	"Exit status: 0 pass, 1 a check failed, 2 usage error, 3 environment or internal error, "
	"4 skipped (nothing could be judged): the remedy says what to change.";

enum key { KEY_BRIEF = 512 };

struct arguments {
	struct options options;
	bool brief;
	char **overrides;
	size_t override_count;
	const struct signals *signals;
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		arguments->options.format = FORMAT_KTAP;
		state->child_inputs[0] = &arguments->options;
		return 0;
	case KEY_BRIEF:
		arguments->brief = true;
		return 0;
	case ARGP_KEY_ARG:
		arguments->overrides[arguments->override_count++] = argument;
		return 0;
	case ARGP_KEY_END:
		if (arguments->brief && arguments->options.format_name)
			argp_error(state, "--brief is a format: --format can't be another");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The scenarios' phases have timeouts of their own, for a host that is fast. */
static void apply(const struct options *options, struct config *config)
{
	config->seed = options->seed;
	config->trace = options->trace;
	if (!options->timeout_ns)
		return;
	config->vm.timeout = options->timeout_ns;
	for (size_t i = 0; i < config->phase_count; i++)
		config->phases[i].timeout = options->timeout_ns;
}

/* 0, or an exit status, and said on stderr what is wrong. */
static int try(const char *scenario, const struct arguments *arguments, size_t count,
	       struct session **made)
{
	struct session *session = *made = session_new();
	struct errors errors = { 0 };
	struct progress_line line;
	int code;

	if (!session)
		return cmd_no_memory("the run");
	code = config_load(scenario, arguments->overrides, count, &session->config, &errors);
	if (!code) {
		apply(&arguments->options, &session->config);
		session->run.signals = arguments->signals;
		progress_begin(&line, arguments->options.progress, scenario, &session->run, NULL);
		code = session_open(session, &errors);
		if (!code)
			code = session_run(session);
		progress_end(&line);
	}
	cmd_print_errors(&errors);
	if (code && !errors.count && !errors.lost)
		cmd_print_err(&session->run.err);
	errors_free(&errors);
	return code ? cmd_config_status(code) : 0;
}

static int deliver(const json_t *report, const struct arguments *arguments)
{
	int status;

	if (!arguments->brief)
		return cmd_deliver(report, &arguments->options);
	status = cmd_save(report, &arguments->options);
	report_brief(report, stdout);
	if (fflush(stdout)) {
		perror("minivmm: standard output");
		status = EXIT_ENVIRONMENT;
	}
	return status;
}

/* hidden: the run without nesting, NULL if there was no use in it. */
static int judge(const struct run *run, const struct run *hidden,
		 const struct arguments *arguments)
{
	struct verdict verdict;
	json_t *report;
	int status;

	verdict_judge(run, &verdict);
	verdict_add_nested_off(run, hidden, &verdict);
	report = report_build(run, &verdict);
	if (!report)
		return cmd_no_memory("the report");
	status = deliver(report, arguments);
	json_decref(report);
	return status ? status : verdict.exit_status;
}

static int smoke(const struct arguments *arguments)
{
	struct session *hidden = NULL, *trial;
	bool nests;
	int status = try("builtin:smoke", arguments, arguments->override_count, &trial);

	nests = !status && trial->run.stage >= STAGE_NESTED && !trial->run.signal;
	if (nests)
		status = try("builtin:nested-off", arguments, 0, &hidden);
	if (!status)
		status = judge(&trial->run, nests ? &hidden->run : NULL, arguments);
	session_free(hidden);
	session_free(trial);
	return status;
}

int cmd_smoke(int argc, char **argv)
{
	static const struct options_use use = {
		.formats = REPORT_FORMATS, .output_help = "Write the JSON report to FILE, atomically",
		.format_help = "On stdout: ktap (default), text, json, csv or prom",
	};
	const struct argp_option rows[] = {
		{ "brief", KEY_BRIEF, NULL, 0,
		  "Instead of --format: one line of at most 80 characters, the same on hosts that are "
		  "alike", 0 },
		{ 0 }
	};
	const struct argp_child children[] = { { &options_argp, 0, "Options:", 1 }, { 0 } };
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "[SECTION.KEY=VALUE ...]",
		.doc = doc, .children = children,
	};
	struct signals signals;
	struct arguments arguments = { .options.use = &use, .signals = &signals };
	int status = EXIT_USAGE_ERROR;

	arguments.overrides = calloc((size_t)argc, sizeof(*arguments.overrides));
	if (!arguments.overrides)
		return cmd_no_memory("the arguments");
	if (!argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		status = cmd_check_output(&arguments.options);
	if (!status)
		status = cmd_open_signals(&signals);
	if (!status) {
		status = smoke(&arguments);
		signals_close(&signals);
	}
	free(arguments.overrides);
	return status;
}
