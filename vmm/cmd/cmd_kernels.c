// SPDX-License-Identifier: GPL-2.0-only
/* minivmm kernels: a run of a config for each kernel that a file lists; the table has a row for each. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "cmd/cmd.h"
#include "cmd/cmd_progress.h"
#include "cmd/command_line.h"
#include "cmd/config_arguments.h"
#include "cmd/kernel_list.h"
#include "cmd/kernels.h"
#include "cmd/options.h"
#include "cmd/runs_outcome.h"
#include "config/layout.h"
#include "report/report.h"
#include "run/session.h"
#include "vm/payload.h"
#include "vm/signals.h"

static const char doc[] =
	"Runs each kernel that LIST names, one after the other, in a VM that CONFIG.ini describes: how each ended, "
	"how long it took, and whether it made KVM allocate the rmaps.\v"
	"A line of LIST is a kernel's file, relative to LIST's folder, and overrides for it alone: "
	"svm.flat guest.args=\"one two\" phase.run.expect=allocated. SECTION.KEY=VALUE overrides CONFIG.ini for all.\n\n"
	"Example: minivmm kernels x86/list configs/multiboot.ini --format ktap\n\n"
	"Exit status: 0 every kernel that was judged passed, 1 one failed, 2 usage or config error, 3 environment or "
	"internal error, 4 none could be judged, 128+N on signal N.";

struct arguments {
	const char *list_path;
	struct config_arguments config;
	struct options options;
	struct kernel_list list;
	struct signals signals;
};

static void take_arguments(struct arguments *arguments, struct argp_state *state)
{
	char **next = state->argv + state->next;

	if (state->argc - state->next < 2)
		argp_usage(state);
	arguments->list_path = next[0];
	if (!strcmp(next[1], "-"))
		command_line_error(state, "CONFIG can't be -, standard input, which can be read only once");
	config_arguments_take(&arguments->config, next + 1, state);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	(void)argument;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		return 0;
	case ARGP_KEY_ARGS:
		take_arguments(arguments, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The config for one kernel: what the command line overrides, then what its line does. */
static int load(const struct arguments *arguments, const struct kernel_line *kernel, struct config *config,
		struct errors *errors)
{
	const struct config_arguments *all = &arguments->config;
	struct config_arguments one = *all;
	char **overrides = calloc(all->count + kernel->count, sizeof(*overrides));
	int code;

	if (!overrides) {
		errors_add(errors, "no memory for the overrides");
		return -ENOMEM;
	}
	memcpy(overrides, all->overrides, all->count * sizeof(*overrides));
	memcpy(overrides + all->count, kernel->words, kernel->count * sizeof(*overrides));
	one.overrides = overrides;
	one.count = all->count + kernel->count;
	code = config_arguments_load(&one, &arguments->options, config, errors);
	free(overrides);
	if (!code && config->guest.payload == PAYLOAD_NESTED) {
		errors_add(errors, "guest.payload: nested boots no kernel of yours");
		config_free(config);
		code = -EINVAL;
	}
	return code;
}

static void print_errors(const struct arguments *arguments, const struct kernel_line *kernel,
			 const struct errors *errors)
{
	for (size_t i = 0; i < errors->count; i++)
		cmd_say("%s:%u: %s", arguments->list_path, kernel->line, errors->lines[i]);
}

/* Reads the kernel's file as far as it takes to know that it can be booted. */
static int check_file(const struct layout *layout, struct errors *errors)
{
	struct payload payload = { 0 };
	struct err err;
	int code = payload_place(layout, (unsigned int)layout->config->vm.vcpus, 2, &payload, &err);

	if (code)
		errors_add(errors, "%s", err.text);
	payload_release(&payload);
	return code;
}

/* Finds what is wrong with a kernel's line, before anything runs. 0 or an exit status. */
static int check_kernel(const struct arguments *arguments, const struct kernel_line *kernel)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct config config;
	struct layout layout;
	int code = load(arguments, kernel, &config, &errors);

	if (!code) {
		code = layout_build(&config, &limits, &layout, &errors);
		if (!code) {
			code = check_file(&layout, &errors);
			layout_free(&layout);
		}
		config_free(&config);
	}
	print_errors(arguments, kernel, &errors);
	errors_free(&errors);
	return code ? cmd_config_status(code) : 0;
}

/* How the runs came out, and whether a vCPU of the last one is stuck, so that no other can begin. */
struct outcome {
	struct runs_outcome all;
	bool stuck;
};

/* report: NULL where the kernel did not run, or there is no memory. */
static void add_row(struct outcome *outcome, const json_t *report, json_t *row)
{
	if (!runs_outcome_add(&outcome->all, report, row))
		cmd_no_memory("the report");
}

/* A row for each line of the list, also where the kernel did not run: a harness counts them. */
static void add_unrun(struct outcome *outcome, const struct kernel_line *kernel, const char *result, const char *reason)
{
	outcome->all.broke |= !strcmp(result, "error");
	add_row(outcome, NULL, kernels_row_without(strchr(kernel->words[0], '=') + 1, result, reason));
}

static json_t *judge(const struct run *run, const struct options *options)
{
	struct verdict verdict;

	verdict_judge(run, &verdict);
	verdict_require(run, options->require, &verdict);
	return report_build(run, &verdict);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A kernel whose config is loaded. */
static void run_session(const struct arguments *arguments, const struct kernel_line *kernel, struct session *session,
			struct outcome *outcome)
{
	struct run *run = &session->run;
	struct errors errors = { 0 };
	struct progress_line line;
	json_t *report = NULL;
	int code;

	progress_begin(&line, arguments->options.progress, file_name(session->config.guest.kernel), run, NULL);
	code = session_open(session, &errors);
	if (!code)
		code = session_run(session);
	progress_end(&line);
	if (!code)
		report = judge(run, &arguments->options);
	else if (errors.count || errors.lost)
		print_errors(arguments, kernel, &errors);
	else
		cmd_say("%s:%u: %s", arguments->list_path, kernel->line, run->err.text);
	if (report || !code)
		add_row(outcome, report, report ? kernels_row(report) : NULL);
	else
		add_unrun(outcome, kernel, "error", errors.count ? errors.lines[0] : run->err.text);
	outcome->all.signal = run->signal;
	outcome->stuck = run->stuck;
	json_decref(report);
	errors_free(&errors);
}

static void run_kernel(const struct arguments *arguments, const struct kernel_line *kernel, struct outcome *outcome)
{
	struct session *session = session_new();
	struct errors errors = { 0 };

	if (!session) {
		cmd_no_memory("the run");
		outcome->all.broke = true;
		return;
	}
	if (load(arguments, kernel, &session->config, &errors)) {
		print_errors(arguments, kernel, &errors);
		add_unrun(outcome, kernel, "error", errors.count ? errors.lines[0] : "no memory");
	} else {
		session->run.signals = &arguments->signals;
		run_session(arguments, kernel, session, outcome);
	}
	errors_free(&errors);
	session_free(session);
}

static int run_all(const struct arguments *arguments)
{
	struct outcome outcome = { .all.rows = json_array() };
	int status, delivered;

	for (size_t i = 0; i < arguments->list.count; i++) {
		const struct kernel_line *kernel = &arguments->list.kernels[i];

		if (outcome.all.signal || outcome.stuck)
			add_unrun(&outcome, kernel, "skip", outcome.all.signal ? "not run: a signal ended this command" :
				  "not run: a vCPU of the kernel before is stuck in KVM");
		else
			run_kernel(arguments, kernel, &outcome);
	}
	signals_claim(&arguments->signals);
	status = runs_outcome_status(&outcome.all);
	delivered = cmd_deliver(kernels_json(outcome.all.host, outcome.all.rows, status), DOCUMENT_KERNELS,
				&arguments->options);
	json_decref(outcome.all.host);
	return delivered ? delivered : status;
}

static int check_all(const struct arguments *arguments)
{
	int status = 0;

	for (size_t i = 0; i < arguments->list.count; i++) {
		int bad = check_kernel(arguments, &arguments->list.kernels[i]);

		status = bad > status ? bad : status;
	}
	return status;
}

static int check_and_run(struct arguments *arguments)
{
	int status = check_all(arguments);

	if (status)
		return status;
	if (cmd_limit_run() || cmd_check_output(&arguments->options) || cmd_open_signals(&arguments->signals))
		return EXIT_ENVIRONMENT;
	status = run_all(arguments);
	signals_close(&arguments->signals);
	return status;
}

int cmd_kernels(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(KERNELS), .judges = true, .once = true,
		.output_help = "Write the JSON to FILE, atomically",
	};
	struct arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 }, { 0 }
	};
	const struct argp argp = {
		.parser = parse, .args_doc = "LIST CONFIG.ini [SECTION.KEY=VALUE ...]", .doc = doc,
		.children = children,
	};
	struct errors errors = { 0 };
	int status;

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	status = kernel_list_read(arguments.list_path, &arguments.list, &errors);
	cmd_print_errors(&errors);
	errors_free(&errors);
	status = status ? cmd_config_status(status) : check_and_run(&arguments);
	kernel_list_free(&arguments.list);
	return status;
}
