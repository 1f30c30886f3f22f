// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each vCPU does: it says its ABI version, reads the device tree, and runs the phases that
 * the VMM names.
 *
 * The order of the files here; each includes only headers before it. tests/lint checks that:
 * tree memory touch leaf_table l2 own_map cpu report console trap nested_ops svm vmx nested_run leaf tables nested main
 */
#include "console.h"
#include "cpu.h"
#include "memory.h"
#include "nested.h"
#include "report.h"
#include "touch.h"
#include "trap.h"

/* do = "boot": prints what it found; virtualization stays off. */
static enum abi_status boot(struct cpu *cpu)
{
	const struct nested_ops ops = nested_detect();

	cpu->report->vendor = ops.vendor;
	if (cpu->index)
		return ABI_OK;
	console_text(cpu, "minivmm payload: ABI ");
	console_number(cpu, ABI_VERSION);
	console_text(cpu, ", ");
	console_text(cpu, ops.name);
	console_text(cpu, ", ");
	console_number(cpu, cpu->tree.vcpus);
	console_text(cpu, cpu->tree.vcpus == 1 ? " vCPU\n" : " vCPUs\n");
	return ABI_OK;
}

/* do = "touch": L1 itself writes. */
static enum abi_status touch(struct cpu *cpu, const struct phase *phase)
{
	struct touch written = phase->touch;
	struct touch_error error;

	if (!touch_check_first(&cpu->tree, &phase->touch, cpu->index, &error))
		return report_page(cpu, &error, "read by L1 before it wrote");
	cpu->report->l1_pages += touch_repeat(&cpu->tree, &written, cpu->index, cpu->report);
	return report_touched(cpu, &written);
}

static enum abi_status run_phase(struct cpu *cpu, uint32_t index)
{
	struct phase phase;
	const char *wrong = tree_phase(&cpu->tree, index, &phase);

	if (wrong)
		return report_failure(cpu, ABI_BAD_TREE, wrong);
	phase.touch.pass = cpu->report->pass = ++cpu->passes;
	touch_begin(&cpu->tree, &phase.touch);
	if (phase.touch.pages && !touch_possible(&cpu->tree))
		return report_failure(cpu, ABI_BAD_TREE, "phase: touch: no memory that may be written");
	if (cpu->tree.broken == BREAK_UD2)
		asm volatile("ud2");
	if (cpu->tree.broken == BREAK_TRIPLE_FAULT)
		trap_triple_fault();

	switch (phase.what) {
	case DO_BOOT:
		return boot(cpu);
	case DO_L2:
	case DO_L2_REWRITE:
	case DO_RESTORE:
	case DO_FAILED_ENTRY:
	case DO_NPT_CHURN:
	case DO_ALIAS:
	case DO_ALIAS_COUNTS:
	case DO_TABLES:
	case DO_ENABLE:
		return nested_phase(cpu, &phase);
	case DO_TOUCH:
		return touch(cpu, &phase);
	}
	return ABI_BAD_TREE;
}

/* NULL, or what is wrong with this vCPU's place in the tree. */
static const char *check_block(const struct cpu *cpu)
{
	uint64_t offset = (uint64_t)cpu->index * ABI_VCPU_PAGES * ABI_PAGE_SIZE;

	if (cpu->index >= cpu->tree.vcpus)
		return "/minivmm vcpus: this vCPU's index is not below it";
	if (cpu->block != cpu->tree.vcpu_blocks + offset)
		return "/minivmm vcpu-blocks: this vCPU's stack lies elsewhere";
	return NULL;
}

static enum abi_status read_tree(struct cpu *cpu, const void *fdt)
{
	const char *wrong = tree_read(&cpu->tree, fdt);

	if (!wrong)
		wrong = check_block(cpu);
	if (!wrong)
		wrong = memory_check(&cpu->tree);
	return wrong ? report_failure(cpu, ABI_BAD_TREE, wrong) : ABI_OK;
}

/* entry.S calls this. */
_Noreturn void payload_main(uint32_t index, const void *fdt, uint64_t stack_top);

void payload_main(uint32_t index, const void *fdt, uint64_t stack_top)
{
	struct cpu *cpu = cpu_init(index, stack_top);
	enum abi_status status;
	uint32_t phase;

	trap_init(cpu);
	out32(ABI_PORT_VERSION, ABI_VERSION + (tree_break(fdt) == BREAK_WRONG_ABI));
	status = read_tree(cpu, fdt);
	if (status != ABI_OK)
		report_status(cpu, status);
	while ((phase = in32(cpu_port(cpu, ABI_PORT_NEXT))) != ABI_NEXT_END)
		report_status(cpu, run_phase(cpu, phase));
	cpu_halt();
}
