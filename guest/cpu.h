/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vCPU: its data, kept in its own block so that vCPUs share nothing but the image, and the
 * instructions that C cannot express.
 */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "l2.h"
#include "minivmm_abi.h"
#include "own_map.h"
#include "tree.h"

/* What each page of the vCPU's block is for. */
enum cpu_page {
	CPU_PAGE_STATE = ABI_VCPU_FREE,	/* struct cpu */
	CPU_PAGE_TRAP_STACK,
	CPU_PAGE_CONTROL,		/* VMCB or VMCS */
	CPU_PAGE_HOST,			/* SVM host save area or VMXON region */
	CPU_PAGE_L2_STACK,
	CPU_PAGE_L2_STACK_END = CPU_PAGE_L2_STACK + 2,
	CPU_PAGE_OWN_MAP = CPU_PAGE_L2_STACK_END,	/* the tables of struct own_map */
	CPU_PAGE_ALIASED = CPU_PAGE_OWN_MAP + OWN_MAP_PAGES, /* what do = "alias" writes to */
	CPU_PAGE_END,
};

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

struct idt_gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct tss {
	uint32_t reserved;
	uint64_t rsp[3], reserved2, ist[7], reserved3;
	uint16_t reserved4, io_map;
} __attribute__((packed));

struct cpu {
	struct cpu *self;		/* at %fs:0 */
	uint64_t unused[4];
	uint64_t canary;		/* at %fs:0x28: libfdt.a has a stack protector */
	uint32_t index;
	uint64_t passes;		/* phases that it has begun */
	bool nested_enabled;		/* EFER.SVME set, or VMX on */
	bool launched;			/* VMX: the VMCS is, so that VMRESUME comes next */
	bool restore;			/* the next entry into L2 is by ABI_PORT_RESTORE */
	uint64_t block;
	struct abi_report *report;
	struct tree tree;
	struct own_map own_map;
	struct l2_job job;
	struct l2_registers l2;
	struct tss tss;
	uint64_t gdt[5];
	struct idt_gate idt[32];
};
_Static_assert(__builtin_offsetof(struct cpu, canary) == 0x28, "canary");
_Static_assert(sizeof(struct cpu) <= ABI_PAGE_SIZE, "struct cpu is a page");
_Static_assert(sizeof(struct tss) == 104, "TSS");
_Static_assert((int)CPU_PAGE_END <= (int)ABI_VCPU_PAGES, "block");

/*
 * Makes the vCPU's data in its block, whose stack ends at stack_top; cpu_self() works from then
 * on.
 */
struct cpu *cpu_init(uint32_t index, uint64_t stack_top);

/* The number of one of the payload's ports: ABI_PORT_NEXT, ... */
static inline uint16_t cpu_port(const struct cpu *cpu, uint16_t offset)
{
	return cpu->tree.port_base + offset;
}

static inline uint64_t cpu_page(const struct cpu *cpu, enum cpu_page page)
{
	return cpu->block + (uint64_t)page * ABI_PAGE_SIZE;
}

static inline struct cpu *cpu_self(void)
{
	struct cpu *cpu;

	asm("mov %%fs:0, %0" : "=r"(cpu));
	return cpu;
}

_Noreturn static inline void cpu_halt(void)
{
	for (;;)
		asm volatile("cli; hlt" ::: "memory");
}

static inline void cpu_relax(void)
{
	asm volatile("pause" ::: "memory");
}

static inline void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static inline void out32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" :: "a"(value), "Nd"(port) : "memory");
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* All zero for a leaf this vCPU does not have. */
static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid out;

	asm volatile("cpuid" : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
		     : "a"(leaf & 0x80000000), "c"(0));
	if (out.eax < leaf)
		return (struct cpuid){ 0 };
	asm volatile("cpuid" : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
		     : "a"(leaf), "c"(0));
	return out;
}

#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	asm volatile("wrmsr" :: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define CPU_CONTROL_REGISTER(name)                                             \
static inline uint64_t read_##name(void)                                       \
{                                                                              \
	uint64_t value;                                                        \
	asm volatile("mov %%" #name ", %0" : "=r"(value));                     \
	return value;                                                          \
}                                                                              \
static inline void write_##name(uint64_t value)                                \
{                                                                              \
	asm volatile("mov %0, %%" #name :: "r"(value) : "memory");             \
}
CPU_CONTROL_REGISTER(cr0)
CPU_CONTROL_REGISTER(cr2)
CPU_CONTROL_REGISTER(cr3)
CPU_CONTROL_REGISTER(cr4)

#endif
