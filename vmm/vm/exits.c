// SPDX-License-Identifier: GPL-2.0-only
#include "vm/exits.h"

#include <linux/kvm.h>
#include <stddef.h>

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
		NAME(KVM_EXIT_NOTIFY), { 39, "KVM_EXIT_MEMORY_FAULT" },
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

/* AMD APM volume 2, appendix C. */
static const struct name svm_exits[] = {
	{ 0x60, "SVM_EXIT_INTR" }, { 0x61, "SVM_EXIT_NMI" }, { 0x62, "SVM_EXIT_SMI" },
	{ 0x63, "SVM_EXIT_INIT" }, { 0x64, "SVM_EXIT_VINTR" }, { 0x6e, "SVM_EXIT_RDTSC" },
	{ 0x72, "SVM_EXIT_CPUID" }, { 0x73, "SVM_EXIT_RSM" }, { 0x74, "SVM_EXIT_IRET" },
	{ 0x75, "SVM_EXIT_SWINT" }, { 0x76, "SVM_EXIT_INVD" }, { 0x77, "SVM_EXIT_PAUSE" },
	{ 0x78, "SVM_EXIT_HLT" }, { 0x79, "SVM_EXIT_INVLPG" }, { 0x7a, "SVM_EXIT_INVLPGA" },
	{ 0x7b, "SVM_EXIT_IOIO" }, { 0x7c, "SVM_EXIT_MSR" }, { 0x7d, "SVM_EXIT_TASK_SWITCH" },
	{ 0x7e, "SVM_EXIT_FERR_FREEZE" }, { 0x7f, "SVM_EXIT_SHUTDOWN" },
	{ 0x80, "SVM_EXIT_VMRUN" }, { 0x81, "SVM_EXIT_VMMCALL" }, { 0x82, "SVM_EXIT_VMLOAD" },
	{ 0x83, "SVM_EXIT_VMSAVE" }, { 0x84, "SVM_EXIT_STGI" }, { 0x85, "SVM_EXIT_CLGI" },
	{ 0x86, "SVM_EXIT_SKINIT" }, { 0x87, "SVM_EXIT_RDTSCP" }, { 0x88, "SVM_EXIT_ICEBP" },
	{ 0x89, "SVM_EXIT_WBINVD" }, { 0x8a, "SVM_EXIT_MONITOR" }, { 0x8b, "SVM_EXIT_MWAIT" },
	{ 0x8d, "SVM_EXIT_XSETBV" }, { 0x400, "SVM_EXIT_NPF" },
	{ 0x401, "SVM_EXIT_AVIC_INCOMPLETE_IPI" }, { 0x402, "SVM_EXIT_AVIC_NOACCEL" },
	{ UINT64_MAX, "SVM_EXIT_ERR (VMEXIT_INVALID)" }, { UINT32_MAX, "SVM_EXIT_ERR (VMEXIT_INVALID)" },
};

const char *svm_exit_name(uint64_t code)
{
	static const char *const exceptions[32] = {
		"SVM_EXIT_EXCP #DE", "SVM_EXIT_EXCP #DB", "SVM_EXIT_EXCP NMI", "SVM_EXIT_EXCP #BP",
		"SVM_EXIT_EXCP #OF", "SVM_EXIT_EXCP #BR", "SVM_EXIT_EXCP #UD", "SVM_EXIT_EXCP #NM",
		"SVM_EXIT_EXCP #DF", NULL, "SVM_EXIT_EXCP #TS", "SVM_EXIT_EXCP #NP",
		"SVM_EXIT_EXCP #SS", "SVM_EXIT_EXCP #GP", "SVM_EXIT_EXCP #PF", NULL,
		"SVM_EXIT_EXCP #MF", "SVM_EXIT_EXCP #AC", "SVM_EXIT_EXCP #MC", "SVM_EXIT_EXCP #XM",
	};

	if (code >= 0x40 && code < 0x60)
		return exceptions[code - 0x40] ? exceptions[code - 0x40] : "SVM_EXIT_EXCP";
	return lookup(svm_exits, COUNT(svm_exits), code);
}

/* As the kernel's asm/vmx.h spells them; numbers: Intel SDM volume 3, appendix C. */
static const struct name vmx_exits[] = {
	{ 0, "EXIT_REASON_EXCEPTION_NMI" }, { 1, "EXIT_REASON_EXTERNAL_INTERRUPT" },
	{ 2, "EXIT_REASON_TRIPLE_FAULT" }, { 3, "EXIT_REASON_INIT" },
	{ 4, "EXIT_REASON_SIPI" }, { 7, "EXIT_REASON_INTERRUPT_WINDOW" },
	{ 8, "EXIT_REASON_NMI_WINDOW" }, { 9, "EXIT_REASON_TASK_SWITCH" },
	{ 10, "EXIT_REASON_CPUID" }, { 12, "EXIT_REASON_HLT" },
	{ 13, "EXIT_REASON_INVD" }, { 14, "EXIT_REASON_INVLPG" },
	{ 15, "EXIT_REASON_RDPMC" }, { 16, "EXIT_REASON_RDTSC" },
	{ 18, "EXIT_REASON_VMCALL" }, { 19, "EXIT_REASON_VMCLEAR" },
	{ 20, "EXIT_REASON_VMLAUNCH" }, { 21, "EXIT_REASON_VMPTRLD" },
	{ 22, "EXIT_REASON_VMPTRST" }, { 23, "EXIT_REASON_VMREAD" },
	{ 24, "EXIT_REASON_VMRESUME" }, { 25, "EXIT_REASON_VMWRITE" },
	{ 26, "EXIT_REASON_VMXOFF" }, { 27, "EXIT_REASON_VMXON" },
	{ 28, "EXIT_REASON_CR_ACCESS" }, { 29, "EXIT_REASON_DR_ACCESS" },
	{ 30, "EXIT_REASON_IO_INSTRUCTION" }, { 31, "EXIT_REASON_MSR_READ" },
	{ 32, "EXIT_REASON_MSR_WRITE" }, { 33, "EXIT_REASON_INVALID_STATE" },
	{ 34, "EXIT_REASON_MSR_LOAD_FAIL" }, { 36, "EXIT_REASON_MWAIT" },
	{ 37, "EXIT_REASON_MONITOR_TRAP_FLAG" }, { 39, "EXIT_REASON_MONITOR" },
	{ 40, "EXIT_REASON_PAUSE" }, { 41, "EXIT_REASON_MCE_DURING_VMENTRY" },
	{ 43, "EXIT_REASON_TPR_BELOW_THRESHOLD" }, { 44, "EXIT_REASON_APIC_ACCESS" },
	{ 46, "EXIT_REASON_GDTR_IDTR" }, { 47, "EXIT_REASON_LDTR_TR" },
	{ 48, "EXIT_REASON_EPT_VIOLATION" }, { 49, "EXIT_REASON_EPT_MISCONFIG" },
	{ 50, "EXIT_REASON_INVEPT" }, { 51, "EXIT_REASON_RDTSCP" },
	{ 52, "EXIT_REASON_PREEMPTION_TIMER" }, { 53, "EXIT_REASON_INVVPID" },
	{ 54, "EXIT_REASON_WBINVD" }, { 55, "EXIT_REASON_XSETBV" },
	{ 58, "EXIT_REASON_INVPCID" }, { 59, "EXIT_REASON_VMFUNC" },
	{ 62, "EXIT_REASON_PML_FULL" },
};

const char *vmx_exit_name(uint64_t reason)
{
	return lookup(vmx_exits, COUNT(vmx_exits), reason & 0xffff);
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
