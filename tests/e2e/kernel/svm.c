// SPDX-License-Identifier: GPL-2.0-only
/* AMD64 Architecture Programmer's Manual, volume 2, appendix B. */
#include <stddef.h>

#include "nested.h"

#define EFER 0xc0000080
#define EXIT_VMMCALL 0x81u
#define EXIT_INVALID UINT32_MAX		/* the low half */

static uint8_t vmcb[4096] __attribute__((aligned(4096))), host_save[4096] __attribute__((aligned(4096)));
static uint8_t stack[4096] __attribute__((aligned(16)));

static void put(size_t offset, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		vmcb[offset + i] = (uint8_t)(value >> i * 8);
}

static void segment(size_t offset, uint16_t selector, uint16_t attributes)
{
	put(offset, selector | (uint32_t)attributes << 16, 4);
	put(offset + 4, 0xffffffff, 4);
}

static void fill(bool bad)
{
	put(0x10, 3, 4);		/* intercept VMRUN and VMMCALL */
	put(0x58, bad ? 0 : 1, 4);	/* ASID; 0 is invalid */
	put(0x90, 1, 8);		/* nested paging */
	put(0xb0, (uintptr_t)root, 8);
	segment(0x400, 16, 0xc93);
	segment(0x410, 8, 0xa9b);
	segment(0x420, 16, 0xc93);
	segment(0x430, 16, 0xc93);
	put(0x4d0, rdmsr(EFER), 8);
	put(0x548, READ_CR(4), 8);
	put(0x550, (uintptr_t)root, 8);
	put(0x558, READ_CR(0), 8);
	put(0x560, 0x400, 8);
	put(0x568, 0xffff0ff0, 8);
	put(0x570, 2, 8);
	put(0x578, (uintptr_t)l2_svm, 8);
	put(0x5d8, (uintptr_t)stack + sizeof(stack), 8);
	put(0x668, 0x0007040600070406, 8);
}

bool svm_run(bool bad)
{
	wrmsr(EFER, rdmsr(EFER) | 1 << 12);
	wrmsr(0xc0010117, (uintptr_t)host_save);
	fill(bad);
	vmrun(vmcb);
	return *(volatile uint32_t *)(vmcb + 0x70) == (bad ? EXIT_INVALID : EXIT_VMMCALL);
}
