// SPDX-License-Identifier: GPL-2.0-only
#include "vm/guest_pc.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "model/implicit_slots.h"
#include "vm/guest_cpuid.h"
#include "vm/vcpu_set.h"

struct pc *pc_of(const struct payload *payload)
{
	return &payload->pc_guest->pc;
}

/* A vCPU whose guest has no kvmclock refuses it, and needs it not. */
void pc_guest_was_paused(const struct vcpu_set *set)
{
	for (unsigned int i = 0; i < set->count; i++)
		ioctl(set->threads[i]->vcpu.fd, KVM_KVMCLOCK_CTRL, 0);
}

int pc_guest_open(struct pc_guest *guest, const struct config *config, struct err *err)
{
	return boot_file_open("guest.kernel", config->guest.kernel, &guest->kernel, err);
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

int pc_guest_make(struct pc_guest *guest, const struct vm *vm, struct err *err)
{
	int code = make_chips(vm, err);

	if (code)
		return code;
	guest->opened = true;
	return pc_open(&guest->pc, vm, err);
}

void pc_guest_close(struct pc_guest *guest)
{
	boot_file_close(&guest->kernel);
	if (guest->opened)
		pc_close(&guest->pc);
	guest->opened = false;
}

bool pc_guest_needs_nesting(const struct config *config)
{
	for (size_t i = 0; i < config->phase_count; i++)
		if (phase_runs_l2(&config->phases[i]))
			return true;
	return false;
}

void pc_guest_cpuid(const struct vcpu *vcpu, struct kvm_cpuid2 *leaves)
{
	const struct cpuid_of of = {
		.index = vcpu->index, .count = vcpu->payload->vcpus,
		.tsc_deadline = ioctl(vcpu->vm->kvm->fd, KVM_CHECK_EXTENSION,
				      KVM_CAP_TSC_DEADLINE_TIMER) > 0,
	};

	guest_cpuid(leaves, &of);
}

bool pc_guest_resume(struct vcpu *vcpu)
{
	return !pc_event(pc_of(vcpu->payload));
}

enum vcpu_stop pc_guest_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		pc_port(pc_of(vcpu->payload), run->io.port, run->io.direction == KVM_EXIT_IO_IN,
			run->io.size, run->io.count, (uint8_t *)run + run->io.data_offset);
		return VCPU_GOES_ON;
	case KVM_EXIT_MMIO:
		pc_mmio(pc_of(vcpu->payload), run->mmio.phys_addr, run->mmio.is_write, run->mmio.len,
			run->mmio.data);
		return VCPU_GOES_ON;
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return VCPU_GOES_ON;
	default:
		return vcpu_unexpected_exit(vcpu);
	}
}

/* Nothing is counted in the guest: its hypervisor is its own. */
void pc_guest_report(const struct vcpu *vcpu, struct abi_report *report)
{
	if (vcpu->vm->layout->config->vm.nested)
		report->vendor = kvm_has_svm(vcpu->vm->kvm) ? ABI_VENDOR_SVM :
				 kvm_has_vmx(vcpu->vm->kvm) ? ABI_VENDOR_VMX : 0;
}

const char *pc_guest_console(const struct vcpu *vcpu)
{
	struct pc_guest *guest = vcpu->payload->pc_guest;

	console_flush(&guest->pc.console);
	tail_copy(&guest->pc.console.tail, guest->console, sizeof(guest->console));
	return guest->console;
}
