// SPDX-License-Identifier: GPL-2.0-only
/* minivmm stat: the VMs of any VMM on this host, the state of their rmaps, and its bytes. */
#include <argp.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "base/value.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/options.h"
#include "host/host_vms.h"
#include "model/kernel.h"
#include "model/predict.h"
#include "report/report_render.h"
#include "report/stat.h"
#include "run/probe.h"

static const char doc[] =
	"Shows the VMs on this host, or those of thread or process PID: whether their rmaps are lazy "
	"or allocated, and what is known of their memory. It reads KVM's debugfs and needs root.\v"
	"Without --walk and --predict it reads only counters, which does not disturb the VMs: a VM "
	"whose mmu_cache_miss has counted a shadow page has rmaps. A VM looks lazy if somebody has "
	"reset its counters by writing to them.\n\n"
	"--predict reads each VM's memslots from the kernel's memory (/proc/kcore, or by BPF where that "
	"can't be read), and says what its first nested guest will take and whether that fits: would be "
	"killed, if some limit has less "
	"room now; tight, if all that may come, a full guest's memory and shadow pages, does not fit; "
	"has room; paid, if nothing is missing; or unknown.\n\n"
	"Example: minivmm stat --predict --state lazy\n\n"
	"Exit status: 0 shown, even if there is no VM; 2 usage error; 3 output error; 4 the VMs "
	"can't be read here, PID has no VM, or --predict can't tell which kernel this is.";

enum key { KEY_WALK = 512, KEY_WATCH, KEY_PREDICT, KEY_NAME, KEY_STATE };

struct arguments {
	int64_t pid;
	uint64_t watch_ns;
	bool walk, predict;
	const char *name, *state;	/* NULL: any */
	struct options options;
};

static void take_watch(struct arguments *arguments, const char *text, struct argp_state *state)
{
	uint64_t seconds;

	if (parse_u64(text, &seconds) && seconds && seconds <= 86400)
		arguments->watch_ns = seconds * 1000000000u;
	else if (!parse_duration(text, &arguments->watch_ns) || !arguments->watch_ns)
		command_line_error(state, "--watch %s: not seconds, or a duration like 500ms", text);
}

static void take_pid(struct arguments *arguments, const char *text, struct argp_state *state)
{
	uint64_t pid;

	if (arguments->pid || !parse_u64(text, &pid) || !pid || pid > INT32_MAX)
		command_line_error(state, "%s: one PID, a number", text);
	arguments->pid = (int64_t)pid;
}

static void take_state(struct arguments *arguments, const char *text, struct argp_state *state)
{
	for (enum rmap_state is = RMAP_UNKNOWN; is <= RMAP_ALLOCATED; is++)
		if (!strcmp(text, rmap_state_name(is)))
			arguments->state = text;
	if (!arguments->state)
		command_line_error(state, "--state %s: not one of lazy, allocated, unknown", text);
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
	if (arguments->watch_ns && arguments->options.output)
		command_line_error(state, "-o %s: not with --watch, which has no end",
			   arguments->options.output);
	if (arguments->walk && arguments->predict)
		command_line_error(state, "--walk: not with --predict, which needs no walk");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		return 0;
	case KEY_WALK:
		arguments->walk = true;
		return 0;
	case KEY_PREDICT:
		arguments->predict = true;
		return 0;
	case KEY_WATCH:
		take_watch(arguments, argument, state);
		return 0;
	case KEY_NAME:
		arguments->name = argument;
		return 0;
	case KEY_STATE:
		take_state(arguments, argument, state);
		return 0;
	case ARGP_KEY_ARG:
		take_pid(arguments, argument, state);
		return 0;
	case ARGP_KEY_END:
		check(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What was read of the host for one view. */
struct sight {
	struct host host;
	struct kernel_facts facts;
	struct host_vms vms;
	struct kernel_vms kernel;
	bool kernel_read;		/* there may be none */
	struct memory_limits limits;
	struct host_prediction prediction;
	char why[SOURCE_WHY];		/* why debugfs shows no VMs, or "" */
	char memslots_why[SOURCE_WHY];	/* why the memslots can't be read, or "" */
};

static void sight_free(struct sight *sight)
{
	prediction_free(&sight->prediction);
	memory_limits_free(&sight->limits);
	host_vms_free(&sight->vms);
	kernel_vms_free(&sight->kernel);
}

/* There is nothing to show: the VMs can't be read (why), or PID has none (why is ""). */
static int nothing(const struct arguments *arguments, const struct sight *sight)
{
	struct err err = { 0 };
	char why[SOURCE_WHY];

	if (*sight->why && *sight->memslots_why)
		err_set(&err, ENOENT, "%s; %s", sight->why, sight->memslots_why);
	else if (*sight->why)
		err_set(&err, ENOENT, "%s", sight->why);
	else if (host_vms_may_lack("", &sight->vms, &sight->kernel.refusals, arguments->pid, why))
		err_set(&err, ENOENT, "%s", why);
	else
		err_set(&err, ENOENT, "thread %lld created no VM, or the VM is gone",
			(long long)arguments->pid);
	if (*sight->why)
		err_remedy(&err, "run as root, with KVM loaded and debugfs mounted: "
				 "mount -t debugfs none /sys/kernel/debug");
	cmd_print_err(&err);
	return EXIT_SKIP;
}

static bool some_state_is(enum rmap_state state, const struct host_vms *vms)
{
	for (size_t i = 0; i < vms->count; i++)
		if (vms->list[i].state == state)
			return true;
	return false;
}

/*
 * Reads the memslots where they tell something: to predict where anything is lazy, to show them,
 * and where debugfs hides its counters (lockdown=integrity). Only a prediction borrows descriptors.
 */
static int read_memslots(const struct arguments *arguments, const struct model *model,
			 struct sight *sight)
{
	bool lazy = model_is_lazy(model, ARRAY_RMAP) || model_is_lazy(model, ARRAY_TRACKING) ||
		    !kernel_is_known(&sight->facts) || some_state_is(RMAP_LAZY, &sight->vms);
	bool wanted = arguments->predict ? lazy || arguments->options.verbose || *sight->why :
					   lazy && some_state_is(RMAP_UNKNOWN, &sight->vms);
	int code = 0;

	if (wanted && kernel_vms_read("", arguments->predict, &sight->kernel, sight->memslots_why))
		return 0;
	sight->kernel_read = wanted;
	if (wanted)
		code = host_vms_join("", &sight->kernel, &sight->vms);
	kernel_judge_vms(&sight->facts, &sight->vms);
	return code;
}

/* Where debugfs shows no VMs, the kernel's memory does: all, or those that are lent to BPF. */
static void take_kernel_vms(struct sight *sight)
{
	if (*sight->why)
		host_vms_note_refusals(&sight->kernel.refusals, &sight->vms);
	*sight->why = '\0';
}

static int predict_all(const struct model *model, struct sight *sight)
{
	host_vms_survey("", &sight->vms, &sight->limits);
	return predict(model, &sight->vms, &sight->limits, sight->memslots_why, &sight->prediction);
}

/* The VMs that are read for a prediction are all, as others may be under the same limit. */
static int read_host(const struct arguments *arguments, struct sight *sight)
{
	const struct host_vms_query query = {
		.pid = arguments->predict ? 0 : arguments->pid, .walk = arguments->walk,
	};
	struct model model;
	int code;

	if (arguments->predict)
		probe_kernel(&sight->host, NULL, NULL, &sight->facts);
	else
		kernel_of_host(&sight->host, &sight->facts);
	model_choose(&sight->facts, &model);
	if (!host_vms_read("", &query, &sight->vms, sight->why))
		*sight->why = '\0';
	kernel_judge_vms(&sight->facts, &sight->vms);
	if (*sight->why && !arguments->predict)
		return 0;
	code = read_memslots(arguments, &model, sight);
	if (sight->kernel_read)
		take_kernel_vms(sight);
	return !code && arguments->predict ? predict_all(&model, sight) : code;
}

/* Returns how many VMs are left to be shown. */
static size_t choose(const struct arguments *arguments, struct host_vms *vms)
{
	size_t count = 0;

	for (size_t i = 0; i < vms->count; i++) {
		struct host_vm *vm = &vms->list[i];
		const char *name = host_vm_name(vm);

		vm->hidden = (arguments->pid && vm->pid != arguments->pid &&
			      host_vm_process(vm) != arguments->pid) ||
			     (arguments->state &&
			      strcmp(arguments->state, rmap_state_name(vm->state))) ||
			     (arguments->name && fnmatch(arguments->name, name, 0));
		count += !vm->hidden;
	}
	return count;
}

/* Each round of --watch is a line of JSON. */
static int deliver(const struct arguments *arguments, json_t *stat)
{
	int code;

	if (!arguments->watch_ns || arguments->options.format != format_of(report_json))
		return cmd_deliver(stat, DOCUMENT_STAT, &arguments->options);
	if (!stat)
		return cmd_no_memory("the result");
	code = value_write_line(stat, stdout) ? -errno : 0;
	json_decref(stat);
	return cmd_flush(code);
}

static int show_sight(const struct arguments *arguments, struct sight *sight)
{
	const struct stat_view view = {
		.host = &sight->host, .vms = &sight->vms, .time = time(NULL),
		.walked = arguments->walk,
		.prediction = arguments->predict ? &sight->prediction : NULL,
		.limits = &sight->limits, .why = sight->memslots_why,
		.kernel = sight->kernel_read ? &sight->kernel : NULL,
		.slots = arguments->predict && arguments->options.verbose,
	};

	if (*sight->why || (!choose(arguments, &sight->vms) && arguments->pid))
		return nothing(arguments, sight);
	return deliver(arguments, stat_json(&view));
}

static int show(const struct arguments *arguments)
{
	struct sight sight = { 0 };
	struct err err = { 0 };
	int status;

	host_read("", &sight.host);
	/* What is there shows without the kernel's version; what comes does not. */
	if (arguments->predict && host_need_kernel(&sight.host, &err)) {
		cmd_print_err(&err);
		return EXIT_SKIP;
	}
	status = read_host(arguments, &sight) ? cmd_no_memory("the VMs") : show_sight(arguments, &sight);
	sight_free(&sight);
	return status;
}

static void put_time(void)
{
	char text[UNIT_TEXT];

	if (format_time(text, time(NULL)))
		puts(text);
}

static int watch(const struct arguments *arguments)
{
	const struct timespec pause = { (time_t)(arguments->watch_ns / 1000000000u),
					(long)(arguments->watch_ns % 1000000000u) };
	bool terminal = arguments->options.format == format_of(stat_text) && isatty(STDOUT_FILENO);
	int status;

	do {
		if (terminal)
			fputs("\033[H\033[2J", stdout);
		if (arguments->options.format == format_of(stat_text))
			put_time();
		status = show(arguments);
	} while (!status && !nanosleep(&pause, NULL));
	return status;
}

int cmd_stat(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(STAT), .unused = UNUSED_ALL,
		.output_help = "Write the JSON to FILE, atomically, or what --format prom says; not with --watch",
	};
	struct arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 }, { 0 }
	};
	const struct argp_option rows[] = {
		{ "walk", KEY_WALK, NULL, 0, "Show the exact bytes of allocated VMs. Each VM stalls "
		  "while KVM reads all of its rmaps, 2 MiB per GiB of its memory", 0 },
		{ "predict", KEY_PREDICT, NULL, 0, "Show what the first nested guest of each VM will "
		  "take, and whether its cgroup and this host have room; with -v each memslot", 0 },
		{ "name", KEY_NAME, "PATTERN", 0, "Only VMs of such a name, as in a shell: 'web-*'", 0 },
		{ "state", KEY_STATE, "STATE", 0, "Only VMs that are lazy, allocated or unknown", 0 },
		{ "watch", KEY_WATCH, "N", 0, "Repeat every N seconds: with the time, and in JSON a "
		  "line each", 0 },
		{ 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "[PID]", .doc = doc,
		.children = children,
	};

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	if (arguments.walk)
		fputs("minivmm: --walk stalls each VM that has rmaps while KVM counts them\n",
		      stderr);
	return arguments.watch_ns ? watch(&arguments) : show(&arguments);
}
