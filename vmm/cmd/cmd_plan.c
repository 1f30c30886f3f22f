// SPDX-License-Identifier: GPL-2.0-only
/* minivmm plan: the kernel memory that a config would take. It needs neither KVM nor root. */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/config_arguments.h"
#include "cmd/options.h"
#include "config/config.h"
#include "config/layout.h"
#include "host/host.h"
#include "report/plan_report.h"
#include "report/report.h"
#include "run/probe.h"

enum key { KEY_KERNEL = 512, KEY_TDP_MMU };

struct arguments {
	struct options options;
	struct config_arguments config;
	const char *kernel, *tdp_mmu;
};

static const char doc[] =
	"Predicts the kernel memory that CONFIG.ini would take: KVM's arrays when the slots are "
	"created and when a nested guest first runs, page tables, and the headroom that the VM's "
	"cgroup needs. It runs nothing, and needs neither KVM nor root.\v"
	"Without --kernel the plan is for the running kernel. RELEASE is what uname -r says there: "
	"6.1.0-50-amd64, 5.14.0-570.12.1.el9_6.x86_64, 6.8.0-49-generic; or a version, which is "
	"taken for Debian's: 6.12, 6.1-amd64; or newest; or all, which is one kernel of each model. "
	"Where kernels of a release differ, the plan is for what takes the most.\n\n"
	"Exit status: 0 planned, 2 usage or config error, 3 environment or internal error.";

static const struct argp_option rows[] = {
	{ "kernel", KEY_KERNEL, "RELEASE", 0, "Plan for this kernel, or for all", 0 },
	{ "tdp-mmu", KEY_TDP_MMU, "on|off", 0, "Assume this value of kvm.tdp_mmu", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;
	struct plan_kernel kernel;
	bool on;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &arguments->options;
		state->child_inputs[1] = &arguments->config;
		return 0;
	case KEY_KERNEL:
		if (strcmp(argument, "all") && !plan_kernel_parse(argument, &kernel))
			argp_error(state, "--kernel %s: not a version like 6.12 or 6.1-amd64, newest "
				   "or all", argument);
		arguments->kernel = argument;
		return 0;
	case KEY_TDP_MMU:
		if (!parse_bool(argument, &on))
			argp_error(state, "--tdp-mmu %s: not on or off", argument);
		arguments->tdp_mmu = on ? "on" : "off";
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Reads of the running kernel only what any user may read. */
static void running_kernel(struct host *host, struct plan_kernel *kernel)
{
	struct kernel_facts facts;

	host_read("", host);
	probe_kernel(host, NULL, NULL, &facts);
	plan_kernel_running(&facts, host->kernel, kernel);
}

/* Returns the number of kernels. host is filled only if the running kernel is one of them. */
static size_t choose_kernels(const struct arguments *arguments, struct host *host,
			     struct plan_kernel kernels[PLAN_KERNELS])
{
	bool all = arguments->kernel && !strcmp(arguments->kernel, "all");
	size_t count = all ? PLAN_KERNELS : 1;

	if (all)
		plan_kernels(kernels);
	else if (arguments->kernel)
		plan_kernel_parse(arguments->kernel, &kernels[0]);
	else
		running_kernel(host, &kernels[0]);
	for (size_t i = 0; arguments->tdp_mmu && i < count; i++)
		plan_say_tdp_mmu(&kernels[i], !strcmp(arguments->tdp_mmu, "on"));
	return count;
}

static int plan_layout(const struct layout *layout, const struct arguments *arguments)
{
	struct plan_kernel kernels[PLAN_KERNELS];
	struct plan_cost costs[PLAN_KERNELS];
	struct host host = { 0 };
	size_t count = choose_kernels(arguments, &host, kernels);

	for (size_t i = 0; i < count; i++)
		plan_cost(layout, &kernels[i], &costs[i]);
	plan_worst_last(kernels, costs, count);
	return cmd_deliver(plan_report(layout, arguments->kernel ? NULL : &host, kernels, costs,
				       count), DOCUMENT_PLAN, &arguments->options);
}

static int plan_config(const struct arguments *arguments)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct config config;
	struct layout layout;
	int status = EXIT_PASS;
	int code = config_arguments_load(&arguments->config, NULL, &config, &errors);

	if (!code) {
		code = layout_build(&config, &limits, &layout, &errors);
		if (!code) {
			status = plan_layout(&layout, arguments);
			layout_free(&layout);
		}
		config_free(&config);
	}
	cmd_print_errors(&errors);
	errors_free(&errors);
	return code ? cmd_config_status(code) : status;
}

int cmd_plan(int argc, char **argv)
{
	static const struct options_use use = {
		.documents = DOCUMENT(PLAN), .unused = UNUSED_ALL,
		.output_help = "Write the JSON report to FILE, atomically",
	};
	struct arguments arguments = { 0 };
	const struct argp_child children[] = {
		{ options_argp(&arguments.options, &use), 0, "Options:", 1 },
		{ &config_argp, 0, NULL, 0 }, { 0 }
	};
	const struct argp argp = {
		.options = rows, .parser = parse, .args_doc = "CONFIG.ini [SECTION.KEY=VALUE ...]",
		.doc = doc, .children = children,
	};

	if (argp_parse(&argp, argc, argv, 0, NULL, &arguments))
		return EXIT_USAGE_ERROR;
	return plan_config(&arguments);
}
