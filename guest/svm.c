// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enters L2 by SVM. Names and offsets: AMD64 Architecture Programmer's Manual, volume 2, appendix
 * B.
 */
#include <stddef.h>

#include "cpu.h"
#include "nested_ops.h"

#define EFER_SVME (1ull << 12)
#define MSR_VM_HSAVE_PA 0xc0010117

#define INTERCEPT_HLT (1u << 24)
#define INTERCEPT_SHUTDOWN (1u << 31)
#define INTERCEPT2_VMRUN (1u << 0)	/* VMRUN refuses a VMCB without it */
#define INTERCEPT2_VMMCALL (1u << 1)
#define NESTED_NP_ENABLE 1
#define TLB_FLUSH_ALL 1

#define EXIT_EXCEPTION 0x40		/* + vector */
#define EXIT_EXCEPTION_PF (EXIT_EXCEPTION + 14)
#define EXIT_INTR 0x60
#define EXIT_NMI 0x61
#define EXIT_VMMCALL 0x81
#define EXIT_NPF 0x400
#define EXIT_INVALID 0xffffffffu	/* in the low half; KVM may leave the high half 0 */
#define VMMCALL_LENGTH 3

struct vmcb_segment {
	uint16_t selector, attributes;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	uint32_t intercept_cr, intercept_dr, intercept_exceptions;
	uint32_t intercept, intercept2;
	uint8_t reserved_014[0x58 - 0x14];
	uint32_t asid;
	uint32_t tlb_control;
	uint8_t reserved_060[0x70 - 0x60];
	uint64_t exit_code, exit_info[2], exit_interrupt;
	uint64_t nested_control;
	uint8_t reserved_098[0xb0 - 0x98];
	uint64_t nested_cr3;
	uint8_t reserved_0b8[0x400 - 0xb8];
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved_4a0[0x4cb - 0x4a0];
	uint8_t cpl;
	uint8_t reserved_4cc[4];
	uint64_t efer;
	uint8_t reserved_4d8[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t reserved_580[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t reserved_5e0[0x5f8 - 0x5e0];
	uint64_t rax;
	uint8_t reserved_600[0x640 - 0x600];
	uint64_t cr2;
	uint8_t reserved_648[0x668 - 0x648];
	uint64_t g_pat;
	uint8_t reserved_670[0x1000 - 0x670];
};
#define VMCB_AT(field, offset) _Static_assert(offsetof(struct vmcb, field) == (offset), #field)
VMCB_AT(asid, 0x058);
VMCB_AT(exit_code, 0x070);
VMCB_AT(nested_control, 0x090);
VMCB_AT(nested_cr3, 0x0b0);
VMCB_AT(es, 0x400);
VMCB_AT(tr, 0x490);
VMCB_AT(cpl, 0x4cb);
VMCB_AT(efer, 0x4d0);
VMCB_AT(cr4, 0x548);
VMCB_AT(rip, 0x578);
VMCB_AT(rsp, 0x5d8);
VMCB_AT(rax, 0x5f8);
VMCB_AT(cr2, 0x640);
VMCB_AT(g_pat, 0x668);
_Static_assert(sizeof(struct vmcb) == ABI_PAGE_SIZE, "VMCB");

/* entry.S */
void svm_vmrun(struct vmcb *vmcb, struct l2_registers *registers, uint32_t restore_port);

static struct vmcb *vmcb_of(const struct cpu *cpu)
{
	return (struct vmcb *)cpu_page(cpu, CPU_PAGE_CONTROL);
}

static const char *svm_lacks(bool nested_paging, int page_level)
{
	if (nested_paging && !(cpuid(0x8000000a).edx & 1))
		return "CPUID shows SVM without nested paging";
	if (nested_paging && page_level == 3 && !(cpuid(0x80000001).edx & 1 << 26))
		return "CPUID shows no 1G pages, which page-level asks for";
	return NULL;
}

static const char *svm_enable(struct cpu *cpu)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, cpu_page(cpu, CPU_PAGE_HOST));
	return NULL;
}

static void set_control(struct vmcb *vmcb, const struct l2_start *start)
{
	vmcb->intercept_exceptions = ~0u;
	vmcb->intercept = INTERCEPT_HLT | INTERCEPT_SHUTDOWN;
	vmcb->intercept2 = INTERCEPT2_VMRUN | INTERCEPT2_VMMCALL;
	vmcb->asid = start->bad ? 0 : 1;	/* 0 is L1's own */
	vmcb->tlb_control = TLB_FLUSH_ALL;
	if (start->nested_paging) {
		vmcb->nested_control = NESTED_NP_ENABLE;
		vmcb->nested_cr3 = start->root;
	}
}

/* L2 has L1's state except RIP and RSP. VMRUN does not load FS, GS and TR: they stay L1's. */
static void set_state(struct vmcb *vmcb, const struct cpu *cpu, const struct l2_start *start)
{
	const struct vmcb_segment data = { SELECTOR_DATA, 0xc93, 0xffffffff, 0 };

	vmcb->cs = (struct vmcb_segment){ SELECTOR_CODE, 0xa9b, 0xffffffff, 0 };
	vmcb->ss = vmcb->ds = vmcb->es = data;
	vmcb->gdtr = (struct vmcb_segment){ 0, 0, sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };
	vmcb->idtr = (struct vmcb_segment){ 0, 0, sizeof(cpu->idt) - 1, (uint64_t)cpu->idt };
	vmcb->efer = rdmsr(MSR_EFER);
	vmcb->cr0 = read_cr0();
	vmcb->cr3 = read_cr3();
	vmcb->cr4 = read_cr4();
	vmcb->dr6 = 0xffff0ff0;
	vmcb->dr7 = 0x400;
	vmcb->rflags = 2;
	vmcb->g_pat = 0x0007040600070406;
	vmcb->rip = start->rip;
	vmcb->rsp = start->rsp;
}

static bool svm_prepare(struct cpu *cpu, const struct l2_start *start, struct l2_exit *exit)
{
	struct vmcb *vmcb = vmcb_of(cpu);

	(void)exit;
	*vmcb = (struct vmcb){ 0 };
	set_control(vmcb, start);
	set_state(vmcb, cpu, start);
	return true;
}

static enum l2_exit_kind exit_kind(uint64_t code)
{
	if ((uint32_t)code == EXIT_INVALID)
		return L2_NOT_ENTERED;
	if (code == EXIT_VMMCALL)
		return L2_CALLED;
	if (code == EXIT_NPF)
		return L2_MISSED;
	return code == EXIT_INTR || code == EXIT_NMI ? L2_INTERRUPTED : L2_LEFT;
}

/* Nothing to do: every VMRUN has TLB_FLUSH_ALL. */
static void svm_flush(void)
{
}

static void svm_enter(struct cpu *cpu, struct l2_exit *exit)
{
	struct vmcb *vmcb = vmcb_of(cpu);

	svm_vmrun(vmcb, &cpu->l2, cpu->restore ? cpu_port(cpu, ABI_PORT_RESTORE) : 0);
	cpu->restore = false;

	exit->kind = exit_kind(vmcb->exit_code);
	exit->code = vmcb->exit_code;
	exit->info[0] = vmcb->exit_info[0];
	exit->info[1] = vmcb->exit_info[1];
	exit->rip = vmcb->rip;
	exit->call = vmcb->rax;
	if (exit->kind == L2_CALLED)
		vmcb->rip += VMMCALL_LENGTH;
	if (exit->code - EXIT_EXCEPTION < 32) {
		exit->vector = (uint32_t)(exit->code - EXIT_EXCEPTION);
		exit->error_code = vmcb->exit_info[0];
	}
	if (exit->code == EXIT_EXCEPTION_PF)
		exit->cr2 = vmcb->exit_info[1];
}

bool svm_detect(struct nested_ops *ops)
{
	if (!(cpuid(0x80000001).ecx & 1 << 2))
		return false;
	ops->vendor = ABI_VENDOR_SVM;
	ops->name = "SVM";
	ops->format = PT_FORMAT_X86;
	ops->lacks = svm_lacks;
	ops->enable = svm_enable;
	ops->prepare = svm_prepare;
	ops->flush = svm_flush;
	ops->enter = svm_enter;
	return true;
}
