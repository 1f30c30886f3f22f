// SPDX-License-Identifier: GPL-2.0-only
/* payload = multiboot: boots any multiboot kernel of the user's, as test kernels are, in a PC with their device. */
#include <errno.h>
#include <stdlib.h>

#include "vm/boot_multiboot.h"
#include "vm/guest.h"
#include "vm/guest_pc.h"
#include "vm/vcpu_state.h"

struct multiboot_guest {
	struct pc_guest in_pc;
	struct multiboot_words words;
};

static struct multiboot_guest *multiboot_of(const struct payload *payload)
{
	return (struct multiboot_guest *)payload->pc_guest;
}

/* Reads the file as far as it takes to know that it can be booted here. */
static int place(const struct layout *layout, struct payload *payload, struct err *err)
{
	struct multiboot_guest *guest = calloc(1, sizeof(*guest));
	struct pc_guest *in_pc = &guest->in_pc;
	int code;

	if (!guest)
		return err_set(err, ENOMEM, "no memory for the guest's devices");
	payload->pc_guest = in_pc;
	code = pc_guest_open(in_pc, layout->config, err);
	if (!code)
		code = multiboot_image_parse(&in_pc->kernel, &in_pc->image, err);
	if (!code)
		code = ram_map_make(layout, &in_pc->map, err);
	if (!code)
		code = multiboot_check(&in_pc->image, in_pc->map.low_end, err);
	if (!code)
		code = multiboot_words(layout->config, &in_pc->map, &guest->words, err);
	payload->size = in_pc->map.low_end;
	return code;
}

static int load(struct payload *payload, const struct vm *vm, struct err *err)
{
	struct multiboot_guest *guest = multiboot_of(payload);
	struct pc_guest *in_pc = &guest->in_pc;
	int code = pc_guest_make(in_pc, vm, err);

	if (!code)
		code = multiboot_load(vm, &in_pc->kernel, &in_pc->image, &in_pc->map, &guest->words, err);
	boot_file_close(&in_pc->kernel);
	return code;
}

static void release(struct payload *payload)
{
	if (!payload->pc_guest)
		return;
	pc_guest_close(payload->pc_guest);
	free(payload->pc_guest);
	payload->pc_guest = NULL;
}

/* The first vCPU enters the kernel; the kernel starts the others. */
static int start(const struct vcpu *vcpu, struct err *err)
{
	const struct kvm_regs regs = {
		.rip = multiboot_of(vcpu->payload)->in_pc.image.entry, .rax = MULTIBOOT_MAGIC,
		.rbx = PC_START_INFO, .rflags = 2,
	};

	return vcpu->index ? 0 : vcpu_start_kernel(vcpu, false, &regs, err);
}

const struct guest_ops guest_multiboot = {
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
