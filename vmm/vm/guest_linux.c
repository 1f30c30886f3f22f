// SPDX-License-Identifier: GPL-2.0-only
/* payload = linux: boots a kernel of the user's in a PC, and passes its exits on to the PC's devices. */
#include "vm/guest_linux.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "model/implicit_slots.h"
#include "vm/agent_initrd.h"
#include "vm/boot_linux.h"
#include "vm/guest.h"
#include "vm/guest_cpuid.h"
#include "vm/vcpu_set.h"
#include "vm/vcpu_state.h"

struct linux_guest {
	struct boot_file kernel, initrd;
	struct boot_image image;
	struct ram_map map;
	struct boot_plan plan;
	char args[PC_ARGS_SIZE];
	void *agent;			/* an initramfs of its own, or NULL */
	struct boot_extra extra;	/* that */
	bool opened;			/* pc is */
	struct pc pc;
	char console[256];
};

struct pc *linux_pc(const struct payload *payload)
{
	return &payload->linux_guest->pc;
}

static bool needs_nesting(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (phase_runs_l2(&config->phases[i]))
			return true;
	return false;
}

static int open_files(struct linux_guest *guest, const struct config *config, struct err *err)
{
	int code = boot_file_open("guest.kernel", config->guest.kernel, &guest->kernel, err);

	if (!code)
		code = boot_image_parse(&guest->kernel, &guest->image, err);
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
	snprintf(guest->args, sizeof(guest->args), "%s%s" AGENT_INIT_ARG AGENT_INIT, args,
		 args[0] ? " " : "");
	return 0;
}

/* Reads the files as far as it takes to know that they can be booted here. */
static int place(const struct layout *layout, struct payload *payload, struct err *err)
{
	struct linux_guest *guest = calloc(1, sizeof(*guest));
	int code;

	if (!guest)
		return err_set(err, ENOMEM, "no memory for the guest's devices");
	guest->kernel.fd = guest->initrd.fd = -1;
	payload->linux_guest = guest;
	code = open_files(guest, layout->config, err);
	if (!code)
		code = add_agent(guest, layout->config, err);
	if (!code)
		code = ram_map_make(layout, &guest->map, err);
	if (!code)
		code = boot_plan(&guest->image, &guest->map,
				 boot_initrd_size(initrd_of(guest), extra_of(guest)), &guest->plan, err);
	payload->size = guest->map.low_end;
	return code;
}

/*
 * Interrupt controllers and timer, which KVM wants to be made before the first vCPU. There is no RAM
 * where KVM on Intel may have something for real mode (ram_map_make()).
 */
static int make_chips(const struct vm *vm, struct err *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	uint64_t identity_map = IMPLICIT_IDENTITY_MAP_GPA;
	int code = kvm_ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map, err,
			     "KVM_SET_IDENTITY_MAP_ADDR(%#llx)", IMPLICIT_IDENTITY_MAP_GPA);

	if (code >= 0)
		code = kvm_ioctl(vm->fd, KVM_SET_TSS_ADDR, (void *)IMPLICIT_TSS_GPA, err,
				 "KVM_SET_TSS_ADDR(%#llx)", IMPLICIT_TSS_GPA);
	if (code >= 0)
		code = kvm_ioctl(vm->fd, KVM_CREATE_IRQCHIP, NULL, err, "KVM_CREATE_IRQCHIP");
	if (code >= 0)
		code = kvm_ioctl(vm->fd, KVM_CREATE_PIT2, &pit, err, "KVM_CREATE_PIT2");
	return code < 0 ? code : 0;
}

static int load(struct payload *payload, const struct vm *vm, struct err *err)
{
	struct linux_guest *guest = payload->linux_guest;
	const struct boot_linux boot = {
		.kernel = &guest->kernel, .initrd = initrd_of(guest), .extra = extra_of(guest),
		.args = guest->args,
	};
	int code = make_chips(vm, err);

	if (!code) {
		guest->opened = true;
		code = pc_open(&guest->pc, vm, err);
	}
	if (!code)
		code = boot_linux_load(vm, &boot, &guest->image, &guest->map, &guest->plan, err);
	boot_file_close(&guest->kernel);
	boot_file_close(&guest->initrd);
	return code;
}

static void release(struct payload *payload)
{
	struct linux_guest *guest = payload->linux_guest;

	if (!guest)
		return;
	boot_file_close(&guest->kernel);
	boot_file_close(&guest->initrd);
	if (guest->opened)
		pc_close(&guest->pc);
	free(guest->agent);
	free(guest);
	payload->linux_guest = NULL;
}

static void cpuid(const struct vcpu *vcpu, struct kvm_cpuid2 *leaves)
{
	const struct cpuid_of of = {
		.index = vcpu->index, .count = vcpu->payload->vcpus,
		.tsc_deadline = ioctl(vcpu->vm->kvm->fd, KVM_CHECK_EXTENSION,
				      KVM_CAP_TSC_DEADLINE_TIMER) > 0,
	};

	guest_cpuid(leaves, &of);
}

/* The first vCPU enters the kernel; the kernel starts the others. */
static int start(const struct vcpu *vcpu, struct err *err)
{
	const struct linux_guest *guest = vcpu->payload->linux_guest;
	bool wide = guest->image.protocol == BOOT_LINUX_64;
	const struct kvm_regs regs = {
		.rip = guest->plan.entry, .rsi = PC_BOOT_PARAMS, .rbx = wide ? 0 : PC_START_INFO,
		.rflags = 2,
	};

	return vcpu->index ? 0 : vcpu_start_kernel(vcpu, wide, &regs, err);
}

static bool resume(struct vcpu *vcpu)
{
	return !pc_event(linux_pc(vcpu->payload));
}

static enum vcpu_stop handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		pc_port(linux_pc(vcpu->payload), run->io.port, run->io.direction == KVM_EXIT_IO_IN,
			run->io.size, run->io.count, (uint8_t *)run + run->io.data_offset);
		return VCPU_GOES_ON;
	case KVM_EXIT_MMIO:
		pc_mmio(run->mmio.is_write, run->mmio.data);
		return VCPU_GOES_ON;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return VCPU_GOES_ON;
	default:
		return vcpu_unexpected_exit(vcpu);
	}
}

/* Nothing is counted in the guest: its hypervisor is its own. */
static void report(const struct vcpu *vcpu, struct abi_report *report)
{
	if (vcpu->vm->layout->config->vm.nested)
		report->vendor = kvm_has_svm(vcpu->vm->kvm) ? ABI_VENDOR_SVM :
				 kvm_has_vmx(vcpu->vm->kvm) ? ABI_VENDOR_VMX : 0;
}

static const char *console(const struct vcpu *vcpu)
{
	struct linux_guest *guest = vcpu->payload->linux_guest;

	console_flush(&guest->pc.console);
	tail_copy(&guest->pc.console.tail, guest->console, sizeof(guest->console));
	return guest->console;
}

/* A vCPU whose guest has no kvmclock refuses it, and needs it not. */
void linux_was_paused(const struct vcpu_set *set)
{
	for (unsigned int i = 0; i < set->count; i++)
		ioctl(set->threads[i]->vcpu.fd, KVM_KVMCLOCK_CTRL, 0);
}

const struct guest_ops guest_linux = {
	.needs_nesting = needs_nesting,
	.place = place,
	.load = load,
	.release = release,
	.cpuid = cpuid,
	.start = start,
	.resume = resume,
	.exit = handle_exit,
	.report = report,
	.console = console,
};
