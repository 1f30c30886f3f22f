// SPDX-License-Identifier: GPL-2.0-only
/* minivmm plan: the kernel memory that a config would take. It needs neither KVM nor root. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/config_arguments.h"
#include "cmd/machine_source.h"
#include "cmd/options.h"
#include "config/machine.h"
#include "config/config.h"
#include "config/layout.h"
#include "host/host.h"
#include "model/implicit_slots.h"
#include "report/plan_report.h"
#include "report/report.h"
#include "report/report_render.h"
#include "run/probe.h"

enum key {
	KEY_KERNEL = 512, KEY_TDP_MMU, KEY_PID, KEY_SIZE, KEY_MACHINE, KEY_VMS, KEY_PRINT_CONFIG,
};

struct arguments {
	struct options options;
	struct config_arguments config;
	struct machine_source source;
	uint64_t vms;		/* equal ones */
	bool print_config;
	const char *kernel, *tdp_mmu;
};

static const char doc[] =
	"Predicts the kernel memory that a VM would take: KVM's arrays when the slots are "
	"created and when a nested guest first runs, page tables, and the headroom that the VM's "
	"cgroup needs. It runs nothing, and needs neither KVM nor, but for --pid, root. The VM is that "
	"of CONFIG.ini; of qemu:FILE, what QEMU's monitor prints for info mtree -f; of firecracker:FILE, "
	"its JSON configuration; one of --size; or the one that runs as --pid.\v"
	"Without --kernel the plan is for the running kernel. RELEASE is what uname -r says there: "
	"6.1.0-50-amd64, 5.14.0-570.12.1.el9_6.x86_64, 6.8.0-49-generic; or a version, which is "
	"taken for Debian's: 6.12, 6.1-amd64; or newest; or all, which is one kernel of each model. "
	"Where kernels of a release differ, the plan is for what takes the most.\n\n"
	"Example: minivmm plan --size 64G --machine q35 --kernel all\n\n"
	"Exit status: 0 planned, 2 usage or config error, 3 environment or internal error, 4 the running kernel, or "
	"the VM of --pid, can't be told here.";

static const struct argp_option rows[] = {
	{ "kernel", KEY_KERNEL, "RELEASE", 0, "Plan for this kernel, or for all", 0 },
	{ "pid", KEY_PID, "PID", 0, "Plan the VM that this process runs, with its memslots as they are "
	  "(root)", 0 },
	{ "size", KEY_SIZE, "SIZE", 0, "Plan a VM with so much memory", 0 },
	{ "machine", KEY_MACHINE, "KIND", 0, "Of --size: q35 (default) or microvm, as QEMU lays them out",
	  0 },
	{ "vms", KEY_VMS, "N", 0, "Plan so many equal VMs: what they take together", 0 },
	{ "print-config", KEY_PRINT_CONFIG, NULL, 0, "Write the VM's layout as a config that runs, and "
	  "plan nothing", 0 },
	{ "tdp-mmu", KEY_TDP_MMU, "on|off", 0, "Assume this value of kvm.tdp_mmu", 0 },
	{ 0 },
};

static error_t take_source(struct arguments *arguments, int key, char *text,
			   struct argp_state *state)
{
	struct machine_source *source = &arguments->source;

	if (key == KEY_MACHINE && !machine_kind_is(text))
		command_line_error(state, "--machine %s: not q35 or microvm", text);
	if (key == KEY_SIZE && !machine_size_parse(text, &source->size))
		command_line_error(state, "--size %s: " MACHINE_SIZE_RULE, text);
	if (key == KEY_PID && (!parse_u64(text, &source->pid) || !source->pid ||
			       source->pid > INT32_MAX))
		command_line_error(state, "--pid %s: not the number of a process", text);
	if (key == KEY_MACHINE)
		source->machine = text;
	else
		arguments->config.builtin = true;	/* no CONFIG: all arguments are overrides */
	return 0;
}

static void take_vms(struct arguments *arguments, const char *text, struct argp_state *state)
{
	if (!parse_u64(text, &arguments->vms) || !arguments->vms || arguments->vms > 1000000)
		command_line_error(state, "--vms %s: not a number from 1 to 1000000", text);
}

static void check_source(const struct arguments *arguments, struct argp_state *state)
{
	const struct machine_source *source = &arguments->source;

	if (source->size && source->pid)
		command_line_error(state, "--size: not with --pid");
	if (source->machine && !source->size)
		command_line_error(state, "--machine: only with --size");
	if (arguments->print_config && !arguments->config.builtin &&
	    !machine_source_is(arguments->config.path))
		command_line_error(state, "--print-config: only with --pid, --size, qemu:FILE or "
			   "firecracker:FILE");
}

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
			command_line_error(state, "--kernel %s: not a version like 6.12 or 6.1-amd64, newest "
				   "or all", argument);
		arguments->kernel = argument;
		return 0;
	case KEY_TDP_MMU:
		if (!parse_bool(argument, &on))
			command_line_error(state, "--tdp-mmu %s: not on or off", argument);
		arguments->tdp_mmu = on ? "on" : "off";
		return 0;
	case KEY_PID:
	case KEY_SIZE:
	case KEY_MACHINE:
		return take_source(arguments, key, argument, state);
	case KEY_VMS:
		take_vms(arguments, argument, state);
		return 0;
	case KEY_PRINT_CONFIG:
		arguments->print_config = true;
		return 0;
	case ARGP_KEY_END:
		check_source(arguments, state);
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

static int plan_layout(struct layout *layout, const struct arguments *arguments,
		       const struct figure *vmm)
{
	const struct plan_scale scale = {
		.vms = arguments->vms ? arguments->vms : 1, .vmm = *vmm,
		.echo = arguments->options.output || arguments->options.format->render[DOCUMENT_PLAN] == report_json,
	};
	struct plan_kernel kernels[PLAN_KERNELS];
	struct plan_cost costs[PLAN_KERNELS];
	struct host host = { 0 };
	struct err err = { 0 };
	size_t count = choose_kernels(arguments, &host, kernels);

	if (!arguments->kernel && host_need_kernel(&host, &err)) {
		err_remedy(&err, "--kernel VERSION or all");
		cmd_print_err(&err);
		return EXIT_SKIP;
	}
	if (arguments->kernel)
		implicit_slots_assume(LAYOUT_LIMITS_DEFAULT.max_slots, layout);
	else
		implicit_slots_add(&host, 2, LAYOUT_LIMITS_DEFAULT.max_slots, layout);
	for (size_t i = 0; i < count; i++)
		plan_cost(layout, &kernels[i], &costs[i]);
	plan_worst_last(kernels, costs, count);
	return cmd_deliver(plan_report(layout, arguments->kernel ? NULL : &host, kernels, costs,
				       count, &scale), DOCUMENT_PLAN, &arguments->options);
}

/* text: the config where it is in no file, else NULL. */
static int load(const struct arguments *arguments, const char *text, struct config *config,
		struct errors *errors)
{
	const struct config_arguments *from = &arguments->config;

	if (text)
		return config_load_text(arguments->source.name, text, from->overrides, from->count,
					config, errors);
	return config_arguments_load(from, NULL, config, errors);
}

static int plan_config(const struct arguments *arguments, const char *text,
		       const struct figure *vmm)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct config config;
	struct layout layout;
	int status = EXIT_PASS;
	int code = load(arguments, text, &config, &errors);

	if (!code) {
		code = layout_build(&config, &limits, &layout, &errors);
		if (!code) {
			status = plan_layout(&layout, arguments, vmm);
			layout_free(&layout);
		}
		config_free(&config);
	}
	cmd_print_errors(&errors);
	errors_free(&errors);
	return code ? cmd_config_status(code) : status;
}

/* A VM that no config describes: it becomes one. */
static int plan_machine(const struct arguments *arguments)
{
	struct figure vmm = { 0 };
	struct err err = { 0 };
	char *text = NULL;
	int status = EXIT_PASS;
	int code = machine_source_text(&arguments->source, arguments->print_config, &text, &vmm, &err);

	if (code) {
		cmd_print_err(&err);
		return code == -ENOMEM || code == -EIO ? EXIT_ENVIRONMENT : code == -ENODATA ? EXIT_SKIP :
							   EXIT_USAGE_ERROR;
	}
	if (arguments->print_config)
		status = cmd_flush(fputs(text, stdout) == EOF ? -errno : 0);
	else
		status = plan_config(arguments, text, &vmm);
	free(text);
	return status;
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
		.options = rows, .parser = parse, .args_doc = "[CONFIG.ini] [SECTION.KEY=VALUE ...]",
		.doc = doc, .children = children,
	};

	if (command_line_parse(&argp, argc, argv, &arguments))
		return EXIT_USAGE_ERROR;
	/* To see another user's process takes more. */
	if (!arguments.source.pid && cmd_limit_run())
		return EXIT_ENVIRONMENT;
	if (machine_source_is(arguments.config.path))
		arguments.source.file = arguments.config.path;
	if (arguments.config.builtin || arguments.source.file) {
		machine_source_name(&arguments.source);
		return plan_machine(&arguments);
	}
	return plan_config(&arguments, NULL, &(struct figure){ 0 });
}
