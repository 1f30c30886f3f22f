// SPDX-License-Identifier: GPL-2.0-only
#include "vm/vcpu_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "vm/ram_map.h"

#define CR0_PE 1u
#define CR0_MP 2u
#define CR0_ET 0x10u
#define CR0_NE 0x20u
#define CR0_WP 0x10000u
#define CR0_PG 0x80000000u
#define CR4_PAE 0x20u
#define CR4_OSFXSR 0x200u
#define EFER_LME 0x100u
#define EFER_LMA 0x400u
#define EFER_NX 0x800u

/* Selectors: code, and data in the descriptor behind it. */
static void set_flat_segments(struct kvm_sregs *sregs, uint16_t selector, bool wide)
{
	const struct kvm_segment code = {
		.selector = selector, .limit = ~0u, .type = 11, .present = 1, .s = 1, .l = wide,
		.db = !wide, .g = 1,
	};
	const struct kvm_segment data = {
		.selector = selector + 8, .limit = ~0u, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1,
	};

	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	sregs->ldt = (struct kvm_segment){ .unusable = 1 };
}

static int get_sregs(const struct vcpu *vcpu, struct kvm_sregs *sregs, struct err *err)
{
	return kvm_ioctl(vcpu->fd, KVM_GET_SREGS, sregs, err, "KVM_GET_SREGS(vCPU %u)",
			 vcpu->index);
}

static int set_registers(const struct vcpu *vcpu, struct kvm_sregs *sregs,
			 const struct kvm_regs *regs, bool wide, struct err *err)
{
	int code = kvm_ioctl(vcpu->fd, KVM_SET_SREGS, sregs, err, "KVM_SET_SREGS(vCPU %u: %s mode)",
			     vcpu->index, wide ? "long" : "protected");

	if (code < 0)
		return code;
	return kvm_ioctl(vcpu->fd, KVM_SET_REGS, (void *)regs, err,
			 "KVM_SET_REGS(vCPU %u: rip=%#llx)", vcpu->index, regs->rip);
}

int vcpu_start_64bit(const struct vcpu *vcpu, uint64_t cr3, const struct kvm_regs *regs,
		     struct err *err)
{
	struct kvm_sregs sregs;
	int code = get_sregs(vcpu, &sregs, err);

	if (code < 0)
		return code;
	set_flat_segments(&sregs, 8, true);
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr3 = cr3;
	/* Debian's libfdt.a uses no SSE today, but a newer compiler may make it use some. */
	sregs.cr4 = CR4_PAE | CR4_OSFXSR;
	/*
	 * As every hypervisor has it. Of one that has not, KVM takes the bit NX of L2's huge pages for a reserved one, and warns, on
	 * hosts of AMD with kvm.nx_huge_pages=force: kvm_init_shadow_npt_mmu(), make_spte(), 6.12; docs/kernel-bugs.md.
	 */
	sregs.efer = EFER_LME | EFER_LMA | (kvm_has_nx(vcpu->vm->kvm) ? EFER_NX : 0);
	return set_registers(vcpu, &sregs, regs, true, err);
}

/* Linux's boot protocol wants __BOOT_CS at 0x10 and __BOOT_DS at 0x18; others take any selectors. */
int vcpu_start_kernel(const struct vcpu *vcpu, bool wide, const struct kvm_regs *regs,
		      struct err *err)
{
	struct kvm_sregs sregs;
	int code = get_sregs(vcpu, &sregs, err);

	if (code < 0)
		return code;
	set_flat_segments(&sregs, 0x10, wide);
	sregs.gdt = (struct kvm_dtable){ .base = PC_GDT, .limit = 4 * 8 - 1 };
	sregs.idt.limit = 0;
	sregs.cr0 = CR0_PE | CR0_ET | (wide ? CR0_PG : 0);
	sregs.cr3 = wide ? PC_PAGE_TABLES : 0;
	sregs.cr4 = wide ? CR4_PAE : 0;
	sregs.efer = wide ? EFER_LME | EFER_LMA : 0;
	return set_registers(vcpu, &sregs, regs, wide, err);
}

/* Says whether the vCPU is in its nested guest. */
static const char *mode_of(const struct vcpu *vcpu)
{
	size_t size = vcpu->vm->kvm->nested_state_size;
	const char *mode = "unknown";
	struct kvm_nested_state *state;

	if (size < sizeof(*state))
		return "L1";
	state = calloc(1, size);
	if (!state)
		return mode;
	state->size = (uint32_t)size;
	if (!ioctl(vcpu->fd, KVM_GET_NESTED_STATE, state))
		mode = state->flags & KVM_STATE_NESTED_GUEST_MODE ? "L2" : "L1";
	free(state);
	return mode;
}

void vcpu_dump(const struct vcpu *vcpu, char *text, size_t size)
{
	struct kvm_sregs s;
	struct kvm_regs r;

	if (ioctl(vcpu->fd, KVM_GET_REGS, &r) || ioctl(vcpu->fd, KVM_GET_SREGS, &s)) {
		snprintf(text, size, "unavailable: errno %d", errno);
		return;
	}
	snprintf(text, size,
		 "vcpu %u in %s\n"
		 "rip %016llx rsp %016llx rflags %08llx\n"
		 "rax %016llx rbx %016llx rcx %016llx rdx %016llx\n"
		 "rsi %016llx rdi %016llx rbp %016llx\n"
		 "r8  %016llx r9  %016llx r10 %016llx r11 %016llx\n"
		 "r12 %016llx r13 %016llx r14 %016llx r15 %016llx\n"
		 "cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx efer %08llx",
		 vcpu->index, mode_of(vcpu), r.rip, r.rsp, r.rflags, r.rax, r.rbx, r.rcx, r.rdx,
		 r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15,
		 s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
}
