// SPDX-License-Identifier: GPL-2.0-only
#include "cpu.h"

struct cpu *cpu_init(uint32_t index, uint64_t stack_top)
{
	uint64_t block = stack_top - ABI_VCPU_STACK_TOP;
	struct cpu *cpu = (struct cpu *)(block + CPU_PAGE_STATE * ABI_PAGE_SIZE);

	*cpu = (struct cpu){
		.self = cpu,
		.canary = 0x6d696e69766d6d00,
		.index = index,
		.tree.port_base = ABI_PORT_BASE_DEFAULT,	/* until the tree is read */
		.block = block,
		.report = (struct abi_report *)block,
	};
	wrmsr(MSR_FS_BASE, (uint64_t)cpu);
	return cpu;
}
