// SPDX-License-Identifier: GPL-2.0-only
/* minivmm headroom: how large a cgroup must be for the first nested guest, measured by trials. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/verdict.h"
#include "cmd/child.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/config_arguments.h"
#include "cmd/headroom.h"
#include "cmd/options.h"
#include "config/layout.h"
#include "host/trial_cgroup.h"
#include "run/probe.h"
#include "run/session.h"
#include "vm/signals.h"

#define STEP (128ull << 10)
#define LEAST (16ull << 20)	/* the first guess for a booted VM where its peak is unknown */
#define NO_LIMIT UINT64_MAX

static const char doc[] =
	"Finds the smallest memory.max under which the scenario survives its first nested guest: "
	"runs it again and again, each time in a cgroup of its own with another limit, up to the "
	"first phase with L2 under nested paging. Prints it beside what plan says, which counts the guest's "
	"memory apart: what L2 writes is written by L1 before.\v"
	"Runs end by the OOM killer on purpose. It needs root, or a delegated cgroup: systemd-run "
	"--user --scope -p Delegate=yes minivmm headroom ...\n\n"
	"Example: minivmm headroom configs/transition.ini memslot.high.size=13G\n\n"
	"Exit status: 0 measured, 1 more than planned by over 2 % and 1 MiB, 2 usage or config "
	"error, 3 environment or internal error, 4 this host can't run it, 128+N on signal N.";

/* What a search needs, and what it has found so far. */
struct search {
	const struct run_arguments *arguments;
	const struct config *config;
	struct signals signals;
	struct trials trials;
	struct headroom headroom;
	enum headroom_what what;
	int signal;
	struct err err;
};

/* The first phase that makes a shadow root, or -1. */
static int first_nested(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (phase_runs_l2(&config->phases[i]) && config->phases[i].nested_paging)
			return (int)i;
	return -1;
}

/* In the child: the scenario, up to the first nested guest. Returns the exit status of a run. */
static int run_part(const struct search *search, struct session *session, bool limited)
{
	struct config *config = &session->config;
	struct errors errors = { 0 };
	struct verdict verdict;
	int code;

	*config = *search->config;
	config->phase_count -= search->what == HEADROOM_BOOTED;
	config->report.sources = SOURCES_CHEAP;
	/* Without a limit of its own the host's count, and a run without room is refused. */
	config->vm.ignore_limits |= limited;
	code = session_open(session, &errors);
	if (!code)
		code = session_run(session);
	if (code)
		return EXIT_ENVIRONMENT;
	verdict_judge(&session->run, &verdict);
	if (!limited && session->run.err.text[0])
		cmd_print_err(&session->run.err);
	return verdict.exit_status;
}

/*
 * A huge page where a small one would do, such as for a thread's stack (until 6.7), is charged if the
 * limit has room for it, and is then missing: the smallest limit would be that of such an accident.
 */
static void use_small_pages(const struct config *config)
{
	for (size_t i = 0; i < config->memslot_count; i++)
		if (config->memslots[i].thp == THP_ALWAYS)
			return;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

/* Nothing of it is freed: its process ends, and so does its cgroup. */
static _Noreturn void be_tried(const struct search *search, const struct child *self, bool limited)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	struct session *session;

	if (limited && null >= 0)
		dup2(null, STDERR_FILENO);
	if (trial_join(&search->trials))
		_exit(EXIT_ENVIRONMENT);
	use_small_pages(search->config);
	session = session_new();
	if (!session)
		_exit(EXIT_ENVIRONMENT);
	status = run_part(search, session, limited);
	if (session->run.stuck)
		child_tell_stuck(self, status);
	_exit(status);
}

/* One run. Returns its wait status, or -errno with search->err. */
static int run_trial(struct search *search, uint64_t limit, struct trial_figures *figures)
{
	struct child child;
	int status = trial_make(&search->trials, limit, &search->err);
	pid_t pid;

	if (status)
		return status;
	pid = child_fork(&child);
	if (!pid)
		be_tried(search, &child, limit != NO_LIMIT);
	if (pid < 0)
		status = err_errno(&search->err, errno, "fork");
	else
		status = child_wait(&child, &search->signals, false, NULL, &search->signal);
	trial_end(&search->trials, figures);
	if (pid > 0 && child.stuck)
		status = err_set(&search->err, EIO, "a thread of the run is stuck in the kernel, so that its cgroup "
				 "can't be removed: %s", search->trials.folder);
	return search->signal ? err_set(&search->err, EINTR, "interrupted") : status;
}

/* Under a limit that is too low even KVM's ioctls may fail: such a run has not survived either. */
static bool survived(int status)
{
	return WIFEXITED(status) &&
	       (WEXITSTATUS(status) == EXIT_PASS || WEXITSTATUS(status) == EXIT_FAIL ||
		WEXITSTATUS(status) == EXIT_SKIP);
}

static int try_limit(uint64_t limit, void *data)
{
	struct search *search = data;
	struct headroom *headroom = &search->headroom;
	struct headroom_trial *trial = &headroom->trials[headroom->count];
	struct trial_figures figures;
	int status;

	if (headroom->count == HEADROOM_TRIALS)
		return err_set(&search->err, ERANGE, "%d runs did not find the limit",
			       HEADROOM_TRIALS);
	status = run_trial(search, limit, &figures);
	if (status < 0)
		return status;
	*trial = (struct headroom_trial){
		.what = search->what, .limit = limit, .survived = survived(status),
		.peak = figures.peak, .kills = figures.kills,
	};
	headroom->count++;
	return trial->survived;
}

/* Without a limit: can it be run here at all? Returns 0 or an exit status. */
static int try_freely(struct search *search, struct figure *peak)
{
	struct trial_figures figures;
	int status = run_trial(search, NO_LIMIT, &figures);

	if (status < 0) {
		cmd_print_err(&search->err);
		return search->signal ? 128 + search->signal : EXIT_ENVIRONMENT;
	}
	*peak = figures.peak;
	search->headroom.trials[search->headroom.count++] = (struct headroom_trial){
		.what = search->what, .limit = NO_LIMIT, .survived = survived(status),
		.peak = figures.peak, .kills = figures.kills,
	};
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP && search->what == HEADROOM_NESTED)
		return EXIT_SKIP;
	return survived(status) ? 0 : EXIT_ENVIRONMENT;
}

/* Searches the smallest limits of both parts. 0 or an exit status, printed. */
static int search_both(struct search *search)
{
	struct headroom *headroom = &search->headroom;
	uint64_t planned = headroom->cost->first_entry_bytes + headroom->shadow_bytes;
	struct figure peak;
	int code, status;

	search->what = HEADROOM_NESTED;
	status = try_freely(search, &peak);
	search->what = HEADROOM_BOOTED;
	if (!status)
		status = try_freely(search, &peak);
	if (status)
		return status;
	code = headroom_search(0, peak.known ? peak.value + STEP : LEAST, STEP, try_limit, search,
			       &headroom->booted);
	search->what = HEADROOM_NESTED;
	if (!code)
		code = headroom_search(headroom->booted - STEP, headroom->booted + planned + STEP,
				       STEP, try_limit, search, &headroom->nested);
	if (!code)
		return 0;
	if (code == -ERANGE && !search->err.text[0])
		err_set(&search->err, ERANGE, "no limit was found that the run survives");
	cmd_print_err(&search->err);
	return search->signal ? 128 + search->signal : EXIT_ENVIRONMENT;
}

static void plan_here(const struct layout *layout, struct host *host, struct plan_cost *cost)
{
	struct plan_kernel kernel;
	struct kernel_facts facts;

	host_read("", host);
	probe_kernel(host, NULL, NULL, &facts);
	plan_kernel_running(&facts, host->kernel, &kernel);
	plan_cost(layout, &kernel, cost);
}

static int measure(struct search *search, const struct layout *layout)
{
	const struct phase_cfg *nested = &search->config->phases[search->config->phase_count - 1];
	struct plan_cost cost;
	struct host host;
	int status;

	plan_here(layout, &host, &cost);
	search->headroom.cost = &cost;
	search->headroom.shadow_bytes = headroom_shadow(nested, search->config->vm.vcpus, &cost);
	if (host_need_kernel(&host, &search->err)) {
		cmd_print_err(&search->err);
		return EXIT_SKIP;
	}
	if (trials_open(&search->trials, &search->err)) {
		cmd_print_err(&search->err);
		return EXIT_ENVIRONMENT;
	}
	status = search_both(search);
	trials_close(&search->trials);
	if (status)
		return status;
	status = cmd_deliver(headroom_json(&search->headroom, &host), DOCUMENT_HEADROOM,
			     &search->arguments->options);
	return status ? status : headroom_exceeds_plan(&search->headroom) ? EXIT_FAIL : EXIT_PASS;
}

static int measure_scenario(struct search *search, const struct layout *layout)
{
	int status;

	if (cmd_check_output(&search->arguments->options) || cmd_open_signals(&search->signals))
		return EXIT_ENVIRONMENT;
	status = measure(search, layout);
	signals_close(&search->signals);
	return status;
}

static int measure_config(const struct run_arguments *arguments, const struct config *config)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct search search = { .arguments = arguments };
	struct errors errors = { 0 };
	struct config scenario;
	struct layout layout;
	int status = EXIT_USAGE_ERROR, nested = first_nested(config);
	int code = layout_build(config, &limits, &layout, &errors);

	cmd_print_errors(&errors);
	errors_free(&errors);
	if (code)
		return cmd_config_status(code);
	if (nested < 0) {
		cmd_say("minivmm headroom: %s: no phase runs L2 under nested paging, so nothing makes a shadow root",
			 arguments->config.path);
	} else if (headroom_scenario(config, (size_t)nested, &scenario)) {
		status = cmd_no_memory("the scenario");
	} else {
		search.config = &scenario;
		status = measure_scenario(&search, &layout);
		headroom_scenario_free(&scenario);
	}
	layout_free(&layout);
	return status;
}

int cmd_headroom(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(HEADROOM), .unused = UNUSED_PROGRESS,
		.output_help = "Write the JSON to FILE, atomically",
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
	struct errors errors = { 0 };
	struct config config;
	int status, code;

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	code = config_arguments_load(&arguments.config, &arguments.options, &config, &errors);
	cmd_print_errors(&errors);
	errors_free(&errors);
	if (code)
		return cmd_config_status(code);
	status = measure_config(&arguments, &config);
	config_free(&config);
	return status;
}
