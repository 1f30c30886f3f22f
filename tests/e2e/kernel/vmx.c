// SPDX-License-Identifier: GPL-2.0-only
/* Intel SDM, volume 3: appendix A has the MSRs, appendix B the fields. */
#include <stddef.h>

#include "nested.h"

#define EFER 0xc0000080
#define EXIT_VMCALL 18

static uint32_t vmxon_region[1024] __attribute__((aligned(4096))), vmcs[1024] __attribute__((aligned(4096)));
static uint64_t ept[3][512] __attribute__((aligned(4096)));
static uint8_t stack[4096] __attribute__((aligned(16)));

static void write(uint64_t field, uint64_t value)
{
	asm volatile("vmwrite %1, %0" : : "r"(field), "r"(value) : "cc", "memory");
}

/* The low half of a control's MSR has the bits that must be 1, its high half those that may be. */
static uint64_t control(uint32_t msr, uint32_t wanted)
{
	uint64_t allowed = rdmsr(msr);

	return (wanted | (uint32_t)allowed) & (uint32_t)(allowed >> 32);
}

static uint64_t fixed(uint64_t value, uint32_t msr)
{
	return (value | rdmsr(msr)) & rdmsr(msr + 1);
}

/* The first GiB, by pages of 2 MiB that can be read, written and executed. */
static uint64_t ept_pointer(void)
{
	ept[0][0] = (uintptr_t)ept[1] | 7;
	ept[1][0] = (uintptr_t)ept[2] | 7;
	for (uint64_t i = 0; i < 512; i++)
		ept[2][i] = i << 21 | 0xb7;	/* write-back */
	return (uintptr_t)ept[0] | 6 | 3 << 3;
}

static bool enable(void)
{
	uintptr_t region = (uintptr_t)vmxon_region, current = (uintptr_t)vmcs;
	bool failed;

	if (!(rdmsr(0x3a) & 1))
		wrmsr(0x3a, 5);
	WRITE_CR(0, fixed(READ_CR(0), 0x486));
	WRITE_CR(4, fixed(READ_CR(4) | 1 << 13, 0x488));
	vmxon_region[0] = vmcs[0] = (uint32_t)rdmsr(0x480) & 0x7fffffff;
	asm volatile("vmxon %1" : "=@ccbe"(failed) : "m"(region) : "memory");
	if (failed)
		return false;
	asm volatile("vmclear %1" : "=@ccbe"(failed) : "m"(current) : "memory");
	if (failed)
		return false;
	asm volatile("vmptrld %1" : "=@ccbe"(failed) : "m"(current) : "memory");
	return !failed;
}

static void fill_controls(void)
{
	write(0x4000, control(0x481, 0));
	write(0x4002, control(0x482, 1u << 31));		/* secondary controls */
	write(0x401e, control(0x48b, 1 << 1));			/* EPT */
	write(0x400c, control(0x483, 1 << 9 | 1 << 21));	/* exit: 64 bits, loads EFER */
	write(0x4012, control(0x484, 1 << 9 | 1 << 15));	/* entry: the same */
	write(0x201a, ept_pointer());
	write(0x4004, UINT32_MAX);				/* exceptions */
	write(0x2800, UINT64_MAX);				/* VMCS link pointer */
}

static void fill_host(bool bad)
{
	for (uint64_t i = 0; i < 4; i++)
		write(0xc00 + 2 * i, i == 1 ? (bad ? 0 : 8) : 16);	/* ES CS SS DS; a CS of 0 is refused */
	write(0xc0c, 24);						/* TR may not be 0 */
	write(0x2c02, rdmsr(EFER));
	write(0x6c00, READ_CR(0));
	write(0x6c02, READ_CR(3));
	write(0x6c04, READ_CR(4));
}

static void fill_guest(void)
{
	/* ES CS SS DS FS GS LDTR TR */
	for (uint64_t i = 0; i < 8; i++) {
		write(0x800 + 2 * i, i == 1 ? 8 : i == 6 ? 0 : i == 7 ? 24 : 16);
		write(0x4800 + 2 * i, i == 7 ? 0x67 : UINT32_MAX);
		write(0x4814 + 2 * i, i == 1 ? 0xa09b : i == 6 ? 0x10000 : i == 7 ? 0x8b : 0xc093);
	}
	write(0x2806, rdmsr(EFER));
	write(0x6800, READ_CR(0));
	write(0x6802, READ_CR(3));
	write(0x6804, READ_CR(4));
	write(0x681a, 0x400);
	write(0x681c, (uintptr_t)stack + sizeof(stack));
	write(0x681e, (uintptr_t)l2_vmx);
	write(0x6820, 2);
}

bool vmx_run(bool bad)
{
	uint64_t reason = 0;

	if (!enable())
		return false;
	fill_controls();
	fill_host(bad);
	fill_guest();
	if (!vmlaunch())
		return bad;
	asm volatile("vmread %1, %0" : "+r"(reason) : "r"(0x4402ul) : "cc", "memory");
	return !bad && reason == EXIT_VMCALL;
}
