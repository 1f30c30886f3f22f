// SPDX-License-Identifier: GPL-2.0-only
#include "nested.h"

#include "cpu.h"
#include "nested_run.h"
#include "report.h"
#include "tables.h"
#include "touch.h"

#define CPUID_EBX_AMD 0x68747541	/* "Auth" */
#define CPUID_EBX_HYGON 0x6f677948	/* "Hygo" */
#define EFER_SVME (1ull << 12)
#define CR4_VMXE (1ull << 13)

struct nested_ops nested_detect(void)
{
	struct nested_ops ops = { .vendor = ABI_VENDOR_NONE, .name = "no SVM or VMX" };

	if (!svm_detect(&ops))
		vmx_detect(&ops);
	return ops;
}

/* BREAK_SKIP_VMRUN: reports what a phase would, and does nothing. */
static enum abi_status pretend(struct cpu *cpu, const struct touch *touch)
{
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTER);
	out32(cpu_port(cpu, ABI_PORT_MARK), ABI_MARK_L2_ENTERED);
	cpu->report->l2_entries += 2;
	cpu->report->l2_pages += touch_share(&cpu->tree, touch, cpu->index);
	return ABI_OK;
}

/*
 * CPUID shows neither SVM nor VMX. Turning it on must then fault, which trap.c reports. CPUs of
 * AMD and Hygon have SVM, all others VMX.
 */
static enum abi_status try_hidden(struct cpu *cpu)
{
	uint32_t vendor = cpuid(0).ebx;

	if (vendor == CPUID_EBX_AMD || vendor == CPUID_EBX_HYGON)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	else
		write_cr4(read_cr4() | CR4_VMXE);
	return report_failure(cpu, ABI_UNSUPPORTED,
			      "CPUID shows neither SVM nor VMX, yet one can be turned on");
}

/* do = "failed-entry": L2 must not run. If it ran, the entry is counted, and the VMM judges it. */
static enum abi_status fail_entry(struct cpu *cpu, const struct nested_ops *ops)
{
	struct l2_exit exit = { 0 };

	ops->enter(cpu, &exit);
	if (exit.kind == L2_NOT_ENTERED)
		cpu->report->failed_entries++;
	else
		cpu->report->l2_entries++;
	return ABI_OK;
}

/*
 * The page behind all of L2's aliases must hold what L2 wrote last, and L2 must have read that
 * there.
 */
static enum abi_status check_aliased(struct cpu *cpu)
{
	uint64_t gpa = cpu_page(cpu, CPU_PAGE_ALIASED);
	uint64_t want = abi_page_value(cpu->job.touch.pattern, ABI_ALIAS_PAGES - 1,
				       cpu->job.touch.pass);
	uint64_t got = *(volatile uint64_t *)gpa;

	if (got == want && cpu->job.seen == want)
		return ABI_OK;
	cpu->report->rip = gpa;
	cpu->report->exit_info[0] = want;
	cpu->report->exit_info[1] = got == want ? cpu->job.seen : got;
	return report_failure(cpu, ABI_BAD_MEMORY, "a page with many aliases does not hold what was written last");
}

static enum abi_status enter_l2(struct cpu *cpu, const struct nested_ops *ops,
				const struct phase *phase)
{
	enum abi_status status = nested_prepare(cpu, ops, phase, 0);

	if (status != ABI_OK)
		return status;
	nested_set_job(cpu, ops, phase, &cpu->tree);
	if (phase->what == DO_FAILED_ENTRY)
		return fail_entry(cpu, ops);
	status = nested_run_l2(cpu, ops, phase->what == DO_RESTORE);
	if (status != ABI_OK)
		return status;
	if (cpu->job.stale)
		return report_page(cpu, &cpu->job.error, "read by L2 before it wrote");
	return cpu->job.aliases ? check_aliased(cpu) : report_touched(cpu, &cpu->job.touch);
}

/* do = "alias-counts": the other vCPUs have nothing to do. */
static enum abi_status count_aliases(struct cpu *cpu, const struct nested_ops *ops,
				     const struct phase *phase)
{
	struct tree alone;
	struct touch_error error;
	enum abi_status status;

	if (cpu->index)
		return ABI_OK;
	status = nested_run_alone(cpu, ops, phase, &alone);
	if (status != ABI_OK)
		return status;
	if (cpu->job.stale)
		return report_page(cpu, &cpu->job.error, "read by L2 at one of its aliases before it wrote");
	if (touch_check(&alone, &cpu->job.touch, 0, &error))
		return ABI_OK;
	return report_page(cpu, &error, "read back by L1 after L2 wrote at its aliases");
}

enum abi_status nested_phase(struct cpu *cpu, const struct phase *phase)
{
	const struct nested_ops ops = nested_detect();

	cpu->report->vendor = ops.vendor;
	if (ops.vendor == ABI_VENDOR_NONE)
		return try_hidden(cpu);
	if (phase->what == DO_ENABLE && cpu->tree.broken != BREAK_CONTROL_NPT)
		return nested_enable(cpu, &ops, false);
	if (cpu->tree.broken == BREAK_SKIP_VMRUN)
		return pretend(cpu, &phase->touch);
	while (cpu->tree.broken == BREAK_HANG)
		cpu_relax();
	if (phase->what == DO_TABLES)
		return tables_phase(cpu, &ops, phase);
	return phase->what == DO_ALIAS_COUNTS ? count_aliases(cpu, &ops, phase) : enter_l2(cpu, &ops, phase);
}
