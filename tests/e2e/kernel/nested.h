/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's nested guest: its code is in entry.S, its hypervisors are svm.c and vmx.c. */
#ifndef NESTED_H
#define NESTED_H

#include <stdbool.h>
#include <stdint.h>

void kernel(void);

/* Both: did L2 end as it must, or was a bad entry refused? */
bool svm_run(bool bad);
bool vmx_run(bool bad);

/* entry.S. L2 changes no register but RIP and RFLAGS. */
extern volatile uint32_t l2_ran;
extern char l2_svm[], l2_vmx[], root[];
void vmrun(void *vmcb);
bool vmlaunch(void);

static inline uint64_t rdmsr(uint32_t index)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
	return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t index, uint64_t value)
{
	asm volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

#define READ_CR(number) ({ uint64_t value_; asm volatile("mov %%cr" #number ", %0" : "=r"(value_)); value_; })
#define WRITE_CR(number, value) asm volatile("mov %0, %%cr" #number : : "r"((uint64_t)(value)) : "memory")

#endif
