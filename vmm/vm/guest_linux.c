// SPDX-License-Identifier: GPL-2.0-only
/* payload = linux: boots a Linux kernel of the user's in a PC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "vm/agent_initrd.h"
#include "vm/boot_linux.h"
#include "vm/guest.h"
#include "vm/guest_pc.h"
#include "vm/vcpu_state.h"

struct linux_guest {
	struct pc_guest in_pc;
	struct boot_file initrd;
	struct boot_plan plan;
	char args[PC_ARGS_SIZE];
	void *agent;			/* an initramfs of its own, or NULL */
	struct boot_extra extra;	/* that */
};

static struct linux_guest *linux_of(const struct payload *payload)
{
	return (struct linux_guest *)payload->pc_guest;
}

static int open_files(struct linux_guest *guest, const struct config *config, struct err *err)
{
	int code = pc_guest_open(&guest->in_pc, config, err);

	if (!code)
		code = boot_image_parse(&guest->in_pc.kernel, &guest->in_pc.image, err);
	if (!code && config->guest.initrd)
		code = boot_file_open("guest.initrd", config->guest.initrd, &guest->initrd, err);
	return code;
}

static const struct boot_file *initrd_of(const struct linux_guest *guest)
{
	return guest->initrd.fd >= 0 ? &guest->initrd : NULL;
}

static const struct boot_extra *extra_of(const struct linux_guest *guest)
{
	return guest->agent ? &guest->extra : NULL;
}

/* The agent comes first, and starts the user's init at the end: see minivmm_agent.h. */
static int add_agent(struct linux_guest *guest, const struct config *config, struct err *err)
{
	const char *args = config->guest.args ? config->guest.args : "";

	if (!agent_is_needed(config)) {
		snprintf(guest->args, sizeof(guest->args), "%s", args);
		return 0;
	}
	guest->agent = agent_initrd(&guest->extra.size);
	if (!guest->agent)
		return err_set(err, ENOMEM, "no memory for the agent's initramfs");
	guest->extra.data = guest->agent;
	if (agent_args(args, guest->args, sizeof(guest->args)))
		return err_set(err, EINVAL,
			       "guest.args: a quote is not closed, and the agent's argument comes behind it");
	return 0;
}

/* Reads the files as far as it takes to know that they can be booted here. */
static int place(const struct layout *layout, struct payload *payload, struct err *err)
{
	struct linux_guest *guest = calloc(1, sizeof(*guest));
	int code;

	if (!guest)
		return err_set(err, ENOMEM, "no memory for the guest's devices");
	guest->in_pc.kernel.fd = guest->initrd.fd = -1;
	payload->pc_guest = &guest->in_pc;
	code = open_files(guest, layout->config, err);
	if (!code)
		code = add_agent(guest, layout->config, err);
	if (!code)
		code = ram_map_make(layout, &guest->in_pc.map, err);
	if (!code)
		code = boot_plan(&guest->in_pc.image, &guest->in_pc.map,
				 boot_initrd_size(initrd_of(guest), extra_of(guest)), &guest->plan, err);
	payload->size = guest->in_pc.map.low_end;
	return code;
}

static int load(struct payload *payload, const struct vm *vm, struct err *err)
{
	struct linux_guest *guest = linux_of(payload);
	struct pc_guest *in_pc = &guest->in_pc;
	const struct boot_linux boot = {
		.kernel = &in_pc->kernel, .initrd = initrd_of(guest), .extra = extra_of(guest),
		.args = guest->args,
	};
	int code = pc_guest_make(in_pc, vm, err);

	if (!code)
		code = boot_linux_load(vm, &boot, &in_pc->image, &in_pc->map, &guest->plan, err);
	boot_file_close(&in_pc->kernel);
	boot_file_close(&guest->initrd);
	return code;
}

static void release(struct payload *payload)
{
	struct linux_guest *guest = linux_of(payload);

	if (!guest)
		return;
	pc_guest_close(&guest->in_pc);
	boot_file_close(&guest->initrd);
	free(guest->agent);
	free(guest);
	payload->pc_guest = NULL;
}

/* The first vCPU enters the kernel; the kernel starts the others. */
static int start(const struct vcpu *vcpu, struct err *err)
{
	const struct linux_guest *guest = linux_of(vcpu->payload);
	bool wide = guest->in_pc.image.protocol == BOOT_LINUX_64;
	const struct kvm_regs regs = {
		.rip = guest->plan.entry, .rsi = PC_BOOT_PARAMS, .rbx = wide ? 0 : PC_START_INFO,
		.rflags = 2,
	};

	return vcpu->index ? 0 : vcpu_start_kernel(vcpu, wide, &regs, err);
}

const struct guest_ops guest_linux = {
	.needs_nesting = pc_guest_needs_nesting,
	.place = place,
	.load = load,
	.release = release,
	.cpuid = pc_guest_cpuid,
	.start = start,
	.resume = pc_guest_resume,
	.exit = pc_guest_exit,
	.report = pc_guest_report,
	.console = pc_guest_console,
};
