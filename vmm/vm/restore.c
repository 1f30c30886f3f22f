// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM may be migrated while its nested guest runs: this is what the VMM on the new host then does.
 * L1's state is the vCPU's own; see ABI_PORT_RESTORE for how L2's differs from it.
 */
#include "vm/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* AMD APM volume 2, appendix B: the VMCB's state save area. */
#define VMCB_RFLAGS 0x570
#define VMCB_RIP 0x578
#define VMCB_RSP 0x5d8
#define VMCB_RAX 0x5f8

static uint64_t *vmcb_field(struct kvm_nested_state *state, size_t offset)
{
	return (uint64_t *)(state->data.svm->vmcb12 + offset);
}

/* KVM completes the OUT only when the vCPU is run again (api.rst, struct kvm_run: io). */
static int complete_out(const struct vcpu *vcpu, struct err *err)
{
	uint8_t none = 0, ours = 2;	/* a kick writes 1, which must stay */
	int code;

	__atomic_compare_exchange_n(&vcpu->run->immediate_exit, &none, ours, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	code = ioctl(vcpu->fd, KVM_RUN, NULL) ? errno : 0;
	__atomic_compare_exchange_n(&vcpu->run->immediate_exit, &ours, 0, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (code == EINTR)
		return 0;
	return err_errno(err, code ? code : EPROTO, "KVM_RUN(vCPU %u, immediate_exit)",
			 vcpu->index);
}

static int set_state(const struct vcpu *vcpu, struct kvm_nested_state *state, struct err *err)
{
	uint64_t control = state->format == KVM_STATE_NESTED_FORMAT_SVM ?
				   state->hdr.svm.vmcb_pa : state->hdr.vmx.vmcs12_pa;
	int code = kvm_ioctl(vcpu->fd, KVM_SET_NESTED_STATE, state, err,
			     "KVM_SET_NESTED_STATE(vCPU %u: format=%u flags=%#x %s=%#llx size=%u)",
			     vcpu->index, state->format, state->flags,
			     state->format == KVM_STATE_NESTED_FORMAT_SVM ? "vmcb" : "vmcs12",
			     (unsigned long long)control, state->size);

	return code < 0 ? code : 0;
}

/*
 * The VMCB in guest memory has L2's RIP, RSP, RAX and RFLAGS. KVM takes these from the vCPU's
 * registers, and svm_set_nested_state() expects L1's in their place in the VMCB that it is given.
 */
static int restore_svm(const struct vcpu *vcpu, struct kvm_nested_state *state, struct err *err)
{
	struct kvm_regs regs, l1;
	int code = kvm_ioctl(vcpu->fd, KVM_GET_REGS, &l1, err, "KVM_GET_REGS(vCPU %u)",
			     vcpu->index);

	if (code < 0)
		return code;
	if (vm_read(vcpu->vm, l1.rax, state->data.svm->vmcb12, sizeof(state->data.svm->vmcb12)))
		return err_set(err, EFAULT, "no memory at gpa %#llx, where RAX says that the VMCB is",
			       (unsigned long long)l1.rax);
	regs = l1;
	regs.rip = *vmcb_field(state, VMCB_RIP);
	regs.rsp = *vmcb_field(state, VMCB_RSP);
	regs.rax = *vmcb_field(state, VMCB_RAX);
	regs.rflags = *vmcb_field(state, VMCB_RFLAGS);
	*vmcb_field(state, VMCB_RIP) = l1.rip;
	*vmcb_field(state, VMCB_RSP) = l1.rsp;
	*vmcb_field(state, VMCB_RAX) = l1.rax;
	*vmcb_field(state, VMCB_RFLAGS) = l1.rflags;
	state->hdr.svm.vmcb_pa = l1.rax;
	state->flags = KVM_STATE_NESTED_GUEST_MODE | KVM_STATE_NESTED_GIF_SET;
	state->size = sizeof(*state) + sizeof(*state->data.svm);
	code = set_state(vcpu, state, err);
	if (code)
		return code;
	code = kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs, err, "KVM_SET_REGS(vCPU %u: rip=%#llx)",
			 vcpu->index, regs.rip);
	return code < 0 ? code : 0;
}

/* KVM_GET_NESTED_STATE gave KVM's copy of the VMCS; KVM reads L2's registers from it. */
static int restore_vmx(const struct vcpu *vcpu, struct kvm_nested_state *state, struct err *err)
{
	if (state->size < sizeof(*state) + sizeof(state->data.vmx->vmcs12))
		return err_set(err, EINVAL, "vCPU %u has no current VMCS", vcpu->index);
	state->flags |= KVM_STATE_NESTED_GUEST_MODE;
	return set_state(vcpu, state, err);
}

int restore_l2(const struct vcpu *vcpu, struct err *err)
{
	size_t size = vcpu->vm->kvm->nested_state_size;
	struct kvm_nested_state *state;
	int code;

	if (size < sizeof(*state) + KVM_STATE_NESTED_SVM_VMCB_SIZE)
		return err_set(err, ENOTSUP, "KVM_CAP_NESTED_STATE is %zu: too small for a VMCB or VMCS",
			       size);
	state = calloc(1, size);
	if (!state)
		return err_set(err, ENOMEM, "no memory for %zu bytes of nested state", size);
	state->size = (uint32_t)size;
	code = complete_out(vcpu, err);
	if (!code)
		code = kvm_ioctl(vcpu->fd, KVM_GET_NESTED_STATE, state, err,
				 "KVM_GET_NESTED_STATE(vCPU %u)", vcpu->index);
	if (code >= 0)
		code = state->format == KVM_STATE_NESTED_FORMAT_SVM ?
			       restore_svm(vcpu, state, err) : restore_vmx(vcpu, state, err);
	free(state);
	return code;
}
