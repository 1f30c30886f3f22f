/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's registers: those that it starts with, and those that are shown when something went
 * wrong.
 */
#ifndef VCPU_STATE_H
#define VCPU_STATE_H

#include <stddef.h>

#include "vm/vcpu.h"

/* Sets regs, and 64-bit mode with flat segments and these page tables. 0 or -errno. */
int vcpu_start_64bit(const struct vcpu *vcpu, uint64_t cr3, const struct kvm_regs *regs,
		     struct err *err);
/*
 * Sets regs, and how a kernel of the user's is entered: with the GDT at PC_GDT and flat segments, in
 * long mode with the tables at PC_PAGE_TABLES or in protected mode without paging. 0 or -errno.
 */
int vcpu_start_kernel(const struct vcpu *vcpu, bool wide, const struct kvm_regs *regs,
		      struct err *err);
/* Writes the registers as lines of text. */
void vcpu_dump(const struct vcpu *vcpu, char *text, size_t size);

#endif
