// SPDX-License-Identifier: GPL-2.0-only
#include "vm/exits.h"

#include <asm/svm.h>
#include <asm/vmx.h>
#include <linux/kvm.h>
#include <stddef.h>

/* Linux 6.8; Debian 12's headers are of 6.1. */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

struct name {
	uint64_t value;
	const char *name;
};

#define NAME(x) { x, #x }
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *lookup(const struct name *names, size_t count, uint64_t value)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].value == value)
			return names[i].name;
	return "?";
}

const char *kvm_exit_name(uint32_t reason)
{
	static const struct name names[] = {
		NAME(KVM_EXIT_UNKNOWN), NAME(KVM_EXIT_EXCEPTION), NAME(KVM_EXIT_IO),
		NAME(KVM_EXIT_HYPERCALL), NAME(KVM_EXIT_DEBUG), NAME(KVM_EXIT_HLT),
		NAME(KVM_EXIT_MMIO), NAME(KVM_EXIT_IRQ_WINDOW_OPEN), NAME(KVM_EXIT_SHUTDOWN),
		NAME(KVM_EXIT_FAIL_ENTRY), NAME(KVM_EXIT_INTR), NAME(KVM_EXIT_SET_TPR),
		NAME(KVM_EXIT_TPR_ACCESS), NAME(KVM_EXIT_NMI), NAME(KVM_EXIT_INTERNAL_ERROR),
		NAME(KVM_EXIT_SYSTEM_EVENT), NAME(KVM_EXIT_DIRTY_RING_FULL),
		NAME(KVM_EXIT_X86_RDMSR), NAME(KVM_EXIT_X86_WRMSR), NAME(KVM_EXIT_X86_BUS_LOCK),
		NAME(KVM_EXIT_NOTIFY), NAME(KVM_EXIT_MEMORY_FAULT),
	};

	return lookup(names, COUNT(names), reason);
}

const char *kvm_internal_error_name(uint32_t suberror)
{
	static const struct name names[] = {
		NAME(KVM_INTERNAL_ERROR_EMULATION), NAME(KVM_INTERNAL_ERROR_SIMUL_EX),
		NAME(KVM_INTERNAL_ERROR_DELIVERY_EV),
		NAME(KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON),
	};

	return lookup(names, COUNT(names), suberror);
}

const char *exception_name(uint32_t vector)
{
	static const char *const names[32] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "coprocessor overrun",
		"#TS", "#NP", "#SS", "#GP", "#PF", NULL, "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
		[28] = "#HV", [29] = "#VC", [30] = "#SX",
	};

	return vector < 32 && names[vector] ? names[vector] : "?";
}

/* VMEXIT_INVALID is -1. KVM reports it to L1 in 32 or 64 bits, depending on its version. */
const char *svm_exit_name(uint64_t code)
{
	static const struct name names[] = { SVM_EXIT_REASONS };

	return lookup(names, COUNT(names), code == UINT32_MAX ? UINT64_MAX : code);
}

/* Bits 16 to 31 are flags, such as "the VM entry failed". */
const char *vmx_exit_name(uint64_t reason)
{
	static const struct name names[] = { VMX_EXIT_REASONS };

	return lookup(names, COUNT(names), reason & 0xffff);
}

/* Intel SDM volume 3, section "VM Instruction Error Numbers". */
const char *vmx_instruction_error_name(uint32_t error)
{
	static const struct name names[] = {
		{ 1, "VMCALL executed in VMX root operation" },
		{ 2, "VMCLEAR with invalid physical address" },
		{ 3, "VMCLEAR with VMXON pointer" },
		{ 4, "VMLAUNCH with non-clear VMCS" },
		{ 5, "VMRESUME with non-launched VMCS" },
		{ 6, "VMRESUME after VMXOFF" },
		{ 7, "VM entry with invalid control field(s)" },
		{ 8, "VM entry with invalid host-state field(s)" },
		{ 9, "VMPTRLD with invalid physical address" },
		{ 10, "VMPTRLD with VMXON pointer" },
		{ 11, "VMPTRLD with incorrect VMCS revision identifier" },
		{ 12, "VMREAD/VMWRITE from/to unsupported VMCS component" },
		{ 13, "VMWRITE to read-only VMCS component" },
		{ 15, "VMXON executed in VMX root operation" },
		{ 16, "VM entry with invalid executive-VMCS pointer" },
		{ 17, "VM entry with non-launched executive VMCS" },
		{ 26, "VM entry with events blocked by MOV SS" },
		{ 28, "invalid operand to INVEPT/INVVPID" },
	};

	return lookup(names, COUNT(names), error);
}

const char *l2_exit_name(enum abi_vendor vendor, uint64_t code)
{
	switch (vendor) {
	case ABI_VENDOR_SVM:
		return svm_exit_name(code);
	case ABI_VENDOR_VMX:
		return vmx_exit_name(code);
	default:
		return "?";
	}
}
