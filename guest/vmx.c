// SPDX-License-Identifier: GPL-2.0-only
/* Enters L2 by VMX. Field encodings: Intel SDM, volume 3, appendix B; controls: chapter 25. */
#include "cpu.h"
#include "nested_ops.h"

#define CR4_VMXE (1ull << 13)

#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED 1
#define FEATURE_CONTROL_VMXON 4
#define MSR_VMX_BASIC 0x480
#define VMX_BASIC_TRUE_CONTROLS (1ull << 55)
#define MSR_VMX_PIN_CONTROLS 0x481
#define MSR_VMX_PRIMARY_CONTROLS 0x482
#define MSR_VMX_EXIT_CONTROLS 0x483
#define MSR_VMX_ENTRY_CONTROLS 0x484
#define MSR_VMX_CR0_FIXED0 0x486
#define MSR_VMX_CR4_FIXED0 0x488
#define MSR_VMX_SECONDARY_CONTROLS 0x48b
#define MSR_VMX_EPT_VPID_CAP 0x48c
#define MSR_VMX_TRUE_PIN_CONTROLS 0x48d	/* the other three follow in the same order */

#define PRIMARY_HLT_EXITING (1u << 7)
#define PRIMARY_SECONDARY (1u << 31)
#define SECONDARY_EPT (1u << 1)
#define EXIT_HOST_64_BIT (1u << 9)
#define EXIT_SAVE_EFER (1u << 20)
#define EXIT_LOAD_EFER (1u << 21)
#define ENTRY_GUEST_64_BIT (1u << 9)
#define ENTRY_LOAD_EFER (1u << 15)

#define EPT_CAP_4_LEVELS (1ull << 6)
#define EPT_CAP_WRITE_BACK (1ull << 14)
#define EPT_CAP_2M (1ull << 16)
#define EPT_CAP_1G (1ull << 17)
#define EPT_CAP_INVEPT_ALL (1ull << 20 | 1ull << 26)
#define INVEPT_ALL 2ull
#define EPTP_WRITE_BACK_4_LEVELS (6 | 3 << 3)

#define REASON_EXCEPTION_OR_NMI 0
#define REASON_INTERRUPT 1
#define REASON_VMCALL 18
#define REASON_EPT_VIOLATION 48
#define REASON_ENTRY_FAILED (1u << 31)
#define VECTOR_NMI 2
#define VECTOR_PF 14
#define INTERRUPTION_ERROR_CODE (1u << 11)

enum vmcs_field {
	GUEST_ES_SELECTOR = 0x0800,	/* then CS SS DS FS GS LDTR TR, 2 apart */
	HOST_ES_SELECTOR = 0x0c00,	/* then CS SS DS FS GS TR, 2 apart */
	EPT_POINTER = 0x201a,
	GUEST_PHYSICAL_ADDRESS = 0x2400,
	LINK_POINTER = 0x2800,
	GUEST_EFER = 0x2806,
	HOST_EFER = 0x2c02,
	PIN_CONTROLS = 0x4000,
	PRIMARY_CONTROLS = 0x4002,
	EXCEPTION_BITMAP = 0x4004,
	PAGE_FAULT_MASK = 0x4006,
	PAGE_FAULT_MATCH = 0x4008,
	CR3_TARGET_COUNT = 0x400a,
	EXIT_CONTROLS = 0x400c,
	EXIT_MSR_STORE_COUNT = 0x400e,
	EXIT_MSR_LOAD_COUNT = 0x4010,
	ENTRY_CONTROLS = 0x4012,
	ENTRY_MSR_LOAD_COUNT = 0x4014,
	ENTRY_INTERRUPTION = 0x4016,
	SECONDARY_CONTROLS = 0x401e,
	INSTRUCTION_ERROR = 0x4400,
	EXIT_REASON = 0x4402,
	EXIT_INTERRUPTION = 0x4404,
	EXIT_INTERRUPTION_ERROR = 0x4406,
	EXIT_INSTRUCTION_LENGTH = 0x440c,
	GUEST_ES_LIMIT = 0x4800,	/* as the selectors */
	GUEST_GDTR_LIMIT = 0x4810,
	GUEST_IDTR_LIMIT = 0x4812,
	GUEST_ES_ACCESS = 0x4814,	/* as the selectors */
	GUEST_INTERRUPTIBILITY = 0x4824,
	GUEST_ACTIVITY = 0x4826,
	CR0_MASK = 0x6000,
	CR4_MASK = 0x6002,
	EXIT_QUALIFICATION = 0x6400,
	GUEST_CR0 = 0x6800,
	GUEST_CR3 = 0x6802,
	GUEST_CR4 = 0x6804,
	GUEST_ES_BASE = 0x6806,		/* as the selectors */
	GUEST_GDTR_BASE = 0x6816,
	GUEST_IDTR_BASE = 0x6818,
	GUEST_DR7 = 0x681a,
	GUEST_RSP = 0x681c,
	GUEST_RIP = 0x681e,
	GUEST_RFLAGS = 0x6820,
	HOST_CR0 = 0x6c00,
	HOST_CR3 = 0x6c02,
	HOST_CR4 = 0x6c04,
	HOST_FS_BASE = 0x6c06,
	HOST_GS_BASE = 0x6c08,
	HOST_TR_BASE = 0x6c0a,
	HOST_GDTR_BASE = 0x6c0c,
	HOST_IDTR_BASE = 0x6c0e,
	/* HOST_RSP and HOST_RIP: entry.S */
};

enum segment { ES, CS, SS, DS, FS, GS, LDTR, TR, HOST_TR = LDTR };

/* entry.S */
enum way { LAUNCH, RESUME, RESTORE };
int vmx_vmenter(struct l2_registers *registers, enum way way, uint32_t restore_port);

static void vmwrite(uint64_t field, uint64_t value)
{
	asm volatile("vmwrite %1, %0" :: "r"(field), "r"(value) : "cc", "memory");
}

static uint64_t vmread(uint64_t field)
{
	uint64_t value = 0;

	asm volatile("vmread %1, %0" : "+r"(value) : "r"(field) : "cc", "memory");
	return value;
}

/* VMXON, VMCLEAR and VMPTRLD return false when the instruction failed. */
#define VMX_REGION_INSTRUCTION(name)                                           \
static bool name(uint64_t region)                                              \
{                                                                              \
	bool failed;                                                           \
	asm volatile(#name " %1" : "=@ccbe"(failed) : "m"(region) : "memory"); \
	return !failed;                                                        \
}
VMX_REGION_INSTRUCTION(vmxon)
VMX_REGION_INSTRUCTION(vmclear)
VMX_REGION_INSTRUCTION(vmptrld)

/*
 * Reads a control MSR: its low half has the bits that must be 1, its high half those that may be
 * 1.
 */
static uint64_t control_msr(uint32_t msr)
{
	if (msr <= MSR_VMX_ENTRY_CONTROLS && rdmsr(MSR_VMX_BASIC) & VMX_BASIC_TRUE_CONTROLS)
		msr += MSR_VMX_TRUE_PIN_CONTROLS - MSR_VMX_PIN_CONTROLS;
	return rdmsr(msr);
}

static uint32_t controls(uint32_t msr, uint32_t want)
{
	uint64_t allowed = control_msr(msr);

	return (want | (uint32_t)allowed) & (uint32_t)(allowed >> 32);
}

static bool may_set(uint32_t msr, uint32_t control)
{
	return control_msr(msr) >> 32 & control;
}

static const char *vmx_lacks(bool nested_paging, int page_level)
{
	uint64_t cap;

	if ((rdmsr(MSR_FEATURE_CONTROL) & (FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMXON)) ==
	    FEATURE_CONTROL_LOCKED)
		return "IA32_FEATURE_CONTROL is locked with VMX off";
	if (!nested_paging)
		return NULL;
	if (!may_set(MSR_VMX_PRIMARY_CONTROLS, PRIMARY_SECONDARY) ||
	    !may_set(MSR_VMX_SECONDARY_CONTROLS, SECONDARY_EPT))
		return "VMX without EPT";
	cap = rdmsr(MSR_VMX_EPT_VPID_CAP);
	if (~cap & (EPT_CAP_4_LEVELS | EPT_CAP_WRITE_BACK))
		return "EPT without 4 levels or write-back tables";
	if ((page_level >= 2 && !(cap & EPT_CAP_2M)) || (page_level == 3 && !(cap & EPT_CAP_1G)))
		return "EPT lacks the page size that page-level asks for";
	return NULL;
}

/* Makes an empty region for VMXON or a VMCS. */
static uint64_t new_region(const struct cpu *cpu, enum cpu_page page)
{
	uint32_t *region = (uint32_t *)cpu_page(cpu, page);

	__builtin_memset(region, 0, ABI_PAGE_SIZE);
	*region = (uint32_t)rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	return (uint64_t)region;
}

/*
 * Bits that are 1 in a FIXED0 MSR must be 1; bits that are 0 in the FIXED1 MSR after it must be
 * 0.
 */
static uint64_t fix(uint64_t value, uint32_t fixed0_msr)
{
	return (value | rdmsr(fixed0_msr)) & rdmsr(fixed0_msr + 1);
}

static const char *vmx_enable(struct cpu *cpu)
{
	if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_CONTROL_LOCKED))
		wrmsr(MSR_FEATURE_CONTROL, FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMXON);
	write_cr0(fix(read_cr0(), MSR_VMX_CR0_FIXED0));
	write_cr4(fix(read_cr4() | CR4_VMXE, MSR_VMX_CR4_FIXED0));
	return vmxon(new_region(cpu, CPU_PAGE_HOST)) ? NULL : "VMXON failed";
}

static void set_controls(const struct l2_start *start)
{
	uint32_t primary = PRIMARY_HLT_EXITING;

	if (start->nested_paging) {
		primary |= PRIMARY_SECONDARY;
		vmwrite(SECONDARY_CONTROLS, controls(MSR_VMX_SECONDARY_CONTROLS, SECONDARY_EPT));
		vmwrite(EPT_POINTER, start->root | EPTP_WRITE_BACK_4_LEVELS);
	}
	vmwrite(PIN_CONTROLS, controls(MSR_VMX_PIN_CONTROLS, 0));
	vmwrite(PRIMARY_CONTROLS, controls(MSR_VMX_PRIMARY_CONTROLS, primary));
	vmwrite(EXIT_CONTROLS, controls(MSR_VMX_EXIT_CONTROLS,
					EXIT_HOST_64_BIT | EXIT_SAVE_EFER | EXIT_LOAD_EFER));
	vmwrite(ENTRY_CONTROLS, controls(MSR_VMX_ENTRY_CONTROLS,
					 ENTRY_GUEST_64_BIT | ENTRY_LOAD_EFER));
	vmwrite(EXCEPTION_BITMAP, ~0u);
	vmwrite(PAGE_FAULT_MASK, 0);
	vmwrite(PAGE_FAULT_MATCH, 0);
	vmwrite(CR3_TARGET_COUNT, 0);
	vmwrite(EXIT_MSR_STORE_COUNT, 0);
	vmwrite(EXIT_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(ENTRY_INTERRUPTION, 0);
	vmwrite(CR0_MASK, 0);
	vmwrite(CR4_MASK, 0);
	vmwrite(LINK_POINTER, ~0ull);
}

/* The state that L1 has after an exit. */
static void set_host(const struct cpu *cpu, bool bad)
{
	vmwrite(HOST_CR0, read_cr0());
	vmwrite(HOST_CR3, read_cr3());
	vmwrite(HOST_CR4, read_cr4());
	vmwrite(HOST_EFER, rdmsr(MSR_EFER));
	for (int segment = ES; segment <= DS; segment++)
		vmwrite(HOST_ES_SELECTOR + 2 * segment, SELECTOR_DATA);
	vmwrite(HOST_ES_SELECTOR + 2 * CS, bad ? 0 : SELECTOR_CODE);
	vmwrite(HOST_ES_SELECTOR + 2 * FS, 0);
	vmwrite(HOST_ES_SELECTOR + 2 * GS, 0);
	vmwrite(HOST_ES_SELECTOR + 2 * HOST_TR, SELECTOR_TSS);
	vmwrite(HOST_FS_BASE, (uint64_t)cpu);
	vmwrite(HOST_GS_BASE, 0);
	vmwrite(HOST_TR_BASE, (uint64_t)&cpu->tss);
	vmwrite(HOST_GDTR_BASE, (uint64_t)cpu->gdt);
	vmwrite(HOST_IDTR_BASE, (uint64_t)cpu->idt);
}

static void set_segment(enum segment segment, uint16_t selector, uint64_t base,
			uint32_t limit, uint32_t access)
{
	vmwrite(GUEST_ES_SELECTOR + 2 * segment, selector);
	vmwrite(GUEST_ES_BASE + 2 * segment, base);
	vmwrite(GUEST_ES_LIMIT + 2 * segment, limit);
	vmwrite(GUEST_ES_ACCESS + 2 * segment, access);
}

static void set_segments(const struct cpu *cpu)
{
	set_segment(CS, SELECTOR_CODE, 0, ~0u, 0xa09b);
	for (int segment = ES; segment <= GS; segment++)
		if (segment != CS)
			set_segment(segment, SELECTOR_DATA, segment == FS ? (uint64_t)cpu : 0,
				    ~0u, 0xc093);
	set_segment(LDTR, 0, 0, 0, 0x10000);
	set_segment(TR, SELECTOR_TSS, (uint64_t)&cpu->tss, sizeof(cpu->tss) - 1, 0x8b);
	vmwrite(GUEST_GDTR_BASE, (uint64_t)cpu->gdt);
	vmwrite(GUEST_GDTR_LIMIT, sizeof(cpu->gdt) - 1);
	vmwrite(GUEST_IDTR_BASE, (uint64_t)cpu->idt);
	vmwrite(GUEST_IDTR_LIMIT, sizeof(cpu->idt) - 1);
}

/* L2 has L1's state except RIP and RSP. */
static void set_guest(const struct cpu *cpu, const struct l2_start *start)
{
	set_segments(cpu);
	vmwrite(GUEST_CR0, read_cr0());
	vmwrite(GUEST_CR3, read_cr3());
	vmwrite(GUEST_CR4, read_cr4());
	vmwrite(GUEST_EFER, rdmsr(MSR_EFER));
	vmwrite(GUEST_DR7, 0x400);
	vmwrite(GUEST_RFLAGS, 2);
	vmwrite(GUEST_RSP, start->rsp);
	vmwrite(GUEST_RIP, start->rip);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_ACTIVITY, 0);
}

static bool vmx_prepare(struct cpu *cpu, const struct l2_start *start, struct l2_exit *exit)
{
	uint64_t vmcs = cpu_page(cpu, CPU_PAGE_CONTROL);

	/*
	 * VMCLEAR comes before its page is written: it may still be the current VMCS from the
	 * last phase.
	 */
	if (!vmclear(vmcs) || !vmptrld(new_region(cpu, CPU_PAGE_CONTROL))) {
		exit->instruction_error = (uint32_t)vmread(INSTRUCTION_ERROR);
		return false;
	}
	cpu->launched = false;
	set_controls(start);
	set_host(cpu, start->bad);
	set_guest(cpu, start);
	return true;
}

static void read_exception(struct l2_exit *exit)
{
	uint32_t info = (uint32_t)vmread(EXIT_INTERRUPTION);

	exit->vector = info & 0xff;
	if (info & INTERRUPTION_ERROR_CODE)
		exit->error_code = vmread(EXIT_INTERRUPTION_ERROR);
	if (exit->vector == VECTOR_PF)
		exit->cr2 = exit->info[0];
	if (exit->vector == VECTOR_NMI)
		exit->kind = L2_INTERRUPTED;
}

static void read_exit(struct l2_exit *exit)
{
	exit->kind = L2_LEFT;
	exit->code = vmread(EXIT_REASON);
	exit->info[0] = vmread(EXIT_QUALIFICATION);
	exit->info[1] = vmread(GUEST_PHYSICAL_ADDRESS);
	exit->rip = vmread(GUEST_RIP);
	if (exit->code & REASON_ENTRY_FAILED)
		exit->kind = L2_NOT_ENTERED;
	else if (exit->code == REASON_VMCALL)
		exit->kind = L2_CALLED;
	else if (exit->code == REASON_EPT_VIOLATION)
		exit->kind = L2_MISSED;
	else if (exit->code == REASON_INTERRUPT)
		exit->kind = L2_INTERRUPTED;
	else if (exit->code == REASON_EXCEPTION_OR_NMI)
		read_exception(exit);
}

static void vmx_flush(void)
{
	const uint64_t descriptor[2] = { 0, 0 };

	if ((rdmsr(MSR_VMX_EPT_VPID_CAP) & EPT_CAP_INVEPT_ALL) == EPT_CAP_INVEPT_ALL)
		asm volatile("invept %0, %1" :: "m"(descriptor), "r"(INVEPT_ALL) : "cc", "memory");
}

static void vmx_enter(struct cpu *cpu, struct l2_exit *exit)
{
	enum way way = cpu->restore ? RESTORE : cpu->launched ? RESUME : LAUNCH;

	cpu->restore = false;
	if (vmx_vmenter(&cpu->l2, way, cpu_port(cpu, ABI_PORT_RESTORE))) {
		exit->kind = L2_NOT_ENTERED;
		exit->instruction_error = (uint32_t)vmread(INSTRUCTION_ERROR);
		return;
	}
	read_exit(exit);
	if (exit->kind == L2_NOT_ENTERED)
		return;
	cpu->launched = true;
	exit->call = cpu->l2.rax;
	if (exit->kind == L2_CALLED)
		vmwrite(GUEST_RIP, exit->rip + vmread(EXIT_INSTRUCTION_LENGTH));
}

bool vmx_detect(struct nested_ops *ops)
{
	if (!(cpuid(1).ecx & 1 << 5))
		return false;
	ops->vendor = ABI_VENDOR_VMX;
	ops->name = "VMX";
	ops->format = PT_FORMAT_EPT;
	ops->lacks = vmx_lacks;
	ops->enable = vmx_enable;
	ops->prepare = vmx_prepare;
	ops->flush = vmx_flush;
	ops->enter = vmx_enter;
	return true;
}
