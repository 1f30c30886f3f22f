// SPDX-License-Identifier: GPL-2.0-only
/* minivmm stat: the VMs of any VMM on this host, the state of their rmaps, and its bytes. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "host/host_vms.h"
#include "model/kernel.h"
#include "report/stat.h"

static const char doc[] =
	"Shows the VMs on this host, or those that thread PID created: whether their rmaps are lazy "
	"or allocated, and what is known of their memory. It reads KVM's debugfs and needs root.\v"
	"Without --walk it reads only counters, which does not disturb the VMs: a VM whose "
	"mmu_cache_miss has counted a shadow page has rmaps. A VM looks lazy if somebody has reset "
	"its counters by writing to them.\n\n"
	"Exit status: 0 shown, even if there is no VM; 2 usage error; 3 output error; 4 the VMs "
	"can't be read here, or PID has no VM.";

enum key { KEY_WALK = 512, KEY_WATCH };

struct arguments {
	int64_t pid;
	uint64_t watch_ns;
	bool walk;
	struct options options;
};

static void take_watch(struct arguments *arguments, const char *text, struct argp_state *state)
{
	uint64_t seconds;

	if (parse_u64(text, &seconds) && seconds && seconds <= 86400)
		arguments->watch_ns = seconds * 1000000000u;
	else if (!parse_duration(text, &arguments->watch_ns) || !arguments->watch_ns)
		argp_error(state, "--watch %s: not seconds, or a duration like 500ms", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	uint64_t pid;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		return 0;
	case KEY_WALK:
		arguments->walk = true;
		return 0;
	case KEY_WATCH:
		take_watch(arguments, argument, state);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->pid || !parse_u64(argument, &pid) || !pid || pid > INT32_MAX)
			argp_error(state, "%s: one PID, a number", argument);
		arguments->pid = (int64_t)pid;
		return 0;
	case ARGP_KEY_END:
		if (arguments->watch_ns && arguments->options.output)
			argp_error(state, "-o %s: not with --watch, which has no end",
				   arguments->options.output);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* There is nothing to show: the VMs can't be read (why), or PID has none (why is ""). */
static int nothing(const struct arguments *arguments, const char *why)
{
	struct err err = { 0 };

	if (*why) {
		err_set(&err, ENOENT, "%s", why);
		err_remedy(&err, "run as root, with KVM loaded and debugfs mounted: "
				 "mount -t debugfs none /sys/kernel/debug");
	} else {
		err_set(&err, ENOENT, "thread %lld created no VM, or the VM is gone",
			(long long)arguments->pid);
	}
	cmd_print_err(&err);
	return EXIT_SKIP;
}

static int show(const struct arguments *arguments)
{
	const struct host_vms_query query = { .pid = arguments->pid, .walk = arguments->walk };
	struct kernel_facts facts;
	char why[SOURCE_WHY];
	struct host_vms vms;
	struct host host;
	int status;

	host_read("", &host);
	kernel_of_host(&host, &facts);
	if (host_vms_read("", &query, &vms, why))
		return nothing(arguments, why);
	if (arguments->pid && !vms.count)
		return nothing(arguments, "");
	kernel_judge_vms(&facts, &vms);
	status = cmd_deliver(stat_json(&host, &vms, arguments->walk), DOCUMENT_STAT,
			     &arguments->options);
	host_vms_free(&vms);
	return status;
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
		status = show(arguments);
	} while (!status && !nanosleep(&pause, NULL));
	return status;
}

int cmd_stat(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(STAT), .unused = UNUSED_ALL,
		.output_help = "Write the JSON to FILE, atomically; not with --watch",
	};
	struct arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 }, { 0 }
	};
	const struct argp_option rows[] = {
		{ "walk", KEY_WALK, NULL, 0, "Show the exact bytes of allocated VMs. Each VM stalls "
		  "while KVM reads all of its rmaps, 2 MiB per GiB of its memory", 0 },
		{ "watch", KEY_WATCH, "N", 0, "Repeat every N seconds", 0 },
		{ 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "[PID]", .doc = doc,
		.children = children,
	};

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE_ERROR;
	if (arguments.walk)
		fputs("minivmm: --walk stalls each VM that has rmaps while KVM counts them\n",
		      stderr);
	return arguments.watch_ns ? watch(&arguments) : show(&arguments);
}
