// SPDX-License-Identifier: GPL-2.0-only
/* minivmm kernels: a run of a config for each kernel that a file lists; the table has a row for each. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/config_arguments.h"
#include "cmd/kernel_list.h"
#include "cmd/kernels.h"
#include "cmd/one_run.h"
#include "cmd/options.h"
#include "cmd/runs_outcome.h"
#include "config/layout.h"
#include "report/report_runs.h"
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

/* report: NULL where the kernel did not run, or there is no memory. */
static void add_row(struct runs_outcome *outcome, const json_t *report, json_t *row)
{
	if (!runs_outcome_add(outcome, report, row))
		cmd_no_memory("the report");
}

/* A row for each line of the list, also where the kernel did not run: a harness counts them. */
static void add_unrun(struct runs_outcome *outcome, const struct kernel_line *kernel, const char *result,
		      const char *reason)
{
	outcome->broke |= !strcmp(result, "error");
	add_row(outcome, NULL, kernels_row_without(strchr(kernel->words[0], '=') + 1, result, reason));
}

static void add_rest(const struct arguments *arguments, size_t first, struct runs_outcome *outcome)
{
	for (size_t i = first; i < arguments->list.count; i++)
		add_unrun(outcome, &arguments->list.kernels[i], "skip", outcome->signal ?
			  "not run: a signal ended this command" :
			  "not run: a vCPU of the kernel before is stuck in KVM");
}

/* Takes over the outcome's JSON. Returns the exit status. */
static int finish(const struct arguments *arguments, const struct runs_outcome *outcome)
{
	int status = runs_outcome_status(outcome);
	int delivered = cmd_deliver(kernels_json(outcome->host, outcome->rows, arguments->options.seed, status),
				    DOCUMENT_KERNELS, &arguments->options);

	json_decref(outcome->host);
	return delivered ? delivered : status;
}

/* A kernel that runs. */
struct now {
	const struct arguments *arguments;
	const struct runs_outcome *outcome;
	size_t index;
	const json_t *reports;		/* of its runs that ended */
};

/* The kernels so far, one whose run a signal does not end, and those that are left out. */
static void deliver(void *taker, json_t *report)
{
	const struct now *now = taker;
	struct runs_outcome outcome = *now->outcome;

	outcome.rows = report ? json_copy(outcome.rows) : NULL;
	if (!outcome.rows)
		return;
	json_incref(outcome.host);
	outcome.signal = (int)json_integer_value(json_object_get(report, "exit_status")) - 128;
	report = report_of_runs_and(now->reports, report);
	add_row(&outcome, report, report ? kernels_row(report) : NULL);
	add_rest(now->arguments, now->index + 1, &outcome);
	json_decref(report);
	finish(now->arguments, &outcome);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A run could not be made. The runs before it, if there are any, make the kernel's row. */
static void add_unmade(struct runs_outcome *outcome, const struct kernel_line *kernel, const char *reason,
		       const json_t *reports)
{
	if (json_array_size(reports))
		outcome->broke = true;
	else
		add_unrun(outcome, kernel, "error", reason);
}

/* Why a kernel whose config is fine could not be run. */
static void fail_kernel(const struct arguments *arguments, const struct kernel_line *kernel, struct errors *errors,
			const struct err *err, struct runs_outcome *outcome, const json_t *reports)
{
	if (!errors->count && !errors->lost)
		errors_add(errors, "%s", err->text);
	print_errors(arguments, kernel, errors);
	add_unmade(outcome, kernel, errors->count ? errors->lines[0] : "no memory", reports);
}

/* A run of a kernel, whose report is added to reports. False: it could not be made. */
static bool run_session(const struct arguments *arguments, size_t index, struct session *session,
			struct runs_outcome *outcome, json_t *reports)
{
	const struct kernel_line *kernel = &arguments->list.kernels[index];
	struct now now = { arguments, outcome, index, reports };
	struct one_run one = {
		.session = session, .options = &arguments->options, .take = deliver, .taker = &now,
	};
	struct errors errors = { 0 };
	json_t *report = NULL;
	bool ran = false;

	if (!load(arguments, kernel, &session->config, &errors)) {
		session->run.signals = &arguments->signals;
		one.what = file_name(session->config.guest.kernel);
		ran = !one_run(&one, &report, &errors) && !json_array_append_new(reports, report);
	}
	if (!ran)
		fail_kernel(arguments, kernel, &errors, &session->run.err, outcome, reports);
	outcome->signal = session->run.signal;
	outcome->stuck = session->run.stuck;
	errors_free(&errors);
	return ran;
}

static bool run_once(const struct arguments *arguments, size_t index, struct runs_outcome *outcome,
		     json_t *reports)
{
	struct session *session = session_new();
	bool ran = session && run_session(arguments, index, session, outcome, reports);

	if (!session)
		add_unmade(outcome, &arguments->list.kernels[index], "no memory for the run", reports);
	session_free(session);
	return ran;
}

static void run_kernel(const struct arguments *arguments, size_t index, struct runs_outcome *outcome)
{
	uint64_t runs = arguments->options.runs ? arguments->options.runs : 1;
	json_t *reports = json_array(), *report;
	bool ran = true;

	for (uint64_t i = 0; ran && i < runs && !outcome->signal && !outcome->stuck; i++)
		ran = run_once(arguments, index, outcome, reports);
	report = json_array_size(reports) ? report_of_runs(reports) : NULL;
	if (ran || json_array_size(reports))
		add_row(outcome, report, report ? kernels_row(report) : NULL);
	json_decref(report);
	json_decref(reports);
}

static int run_all(const struct arguments *arguments)
{
	struct runs_outcome outcome = { .rows = json_array() };
	size_t i;

	for (i = 0; i < arguments->list.count && !outcome.signal && !outcome.stuck; i++)
		run_kernel(arguments, i, &outcome);
	add_rest(arguments, i, &outcome);
	signals_claim(&arguments->signals);
	return finish(arguments, &outcome);
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
		.documents = DOCUMENT(KERNELS), .judges = true,
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
