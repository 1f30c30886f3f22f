// SPDX-License-Identifier: GPL-2.0-only
#include "trap.h"

#include <stddef.h>

#include "cpu.h"
#include "report.h"

#define TRAP_STUB_SIZE 16
#define GATE_INTERRUPT 0x8e	/* present, 64-bit interrupt gate */

extern const char trap_stubs[];

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct trap_frame {
	uint64_t vector, error_code, rip, cs, rflags, rsp, ss;
};

static void load_segments(struct cpu *cpu)
{
	const struct table_register gdtr = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };

	asm volatile("lgdt %0\n\t"
		     "push %1\n\t"
		     "lea 1f(%%rip), %%rax\n\t"
		     "push %%rax\n\t"
		     "lretq\n"
		     "1:\n\t"
		     "mov %2, %%ds\n\t"
		     "mov %2, %%es\n\t"
		     "mov %2, %%ss\n\t"
		     "lldt %w3\n\t"
		     "ltr %w4"
		     :: "m"(gdtr), "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(0), "r"(SELECTOR_TSS)
		     : "rax", "memory");
}

static void set_gdt(struct cpu *cpu)
{
	uint64_t base = (uint64_t)&cpu->tss;

	cpu->tss.io_map = sizeof(cpu->tss);
	cpu->tss.ist[0] = cpu_page(cpu, CPU_PAGE_TRAP_STACK) + ABI_PAGE_SIZE;
	cpu->gdt[SELECTOR_CODE / 8] = 0x00af9b000000ffff;
	cpu->gdt[SELECTOR_DATA / 8] = 0x00cf93000000ffff;
	cpu->gdt[SELECTOR_TSS / 8] = (sizeof(cpu->tss) - 1) | (base & 0xffffff) << 16 |
				     0x89ull << 40 | (base >> 24 & 0xff) << 56;
	cpu->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

void trap_init(struct cpu *cpu)
{
	const struct table_register idtr = { sizeof(cpu->idt) - 1, (uint64_t)cpu->idt };

	set_gdt(cpu);
	load_segments(cpu);
	for (unsigned int vector = 0; vector < 32; vector++) {
		uint64_t stub = (uint64_t)trap_stubs + vector * TRAP_STUB_SIZE;

		cpu->idt[vector] = (struct idt_gate){
			.offset_low = (uint16_t)stub,
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
			.selector = SELECTOR_CODE,
			.ist = 1,
			.type = GATE_INTERRUPT,
		};
	}
	asm volatile("lidt %0" :: "m"(idtr));
}

void trap_triple_fault(void)
{
	const struct table_register nothing = { 0, 0 };

	asm volatile("lidt %0; ud2" :: "m"(nothing));
	__builtin_unreachable();
}

/* entry.S calls this. */
_Noreturn void trap_report(const struct trap_frame *frame);

void trap_report(const struct trap_frame *frame)
{
	struct cpu *cpu = cpu_self();

	cpu->report->vector = (uint32_t)frame->vector;
	cpu->report->error_code = frame->error_code;
	cpu->report->rip = frame->rip;
	cpu->report->cr2 = read_cr2();
	report_message(cpu, "");
	report_status(cpu, ABI_EXCEPTION);
	cpu_halt();
}
