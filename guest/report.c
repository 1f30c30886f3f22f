// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include "cpu.h"

void report_message(struct cpu *cpu, const char *message)
{
	char *out = cpu->report->message;
	const char *end = out + sizeof(cpu->report->message) - 1;

	while (out < end && *message)
		*out++ = *message++;
	*out = '\0';
}

enum abi_status report_failure(struct cpu *cpu, enum abi_status status, const char *message)
{
	report_message(cpu, message);
	return status;
}

enum abi_status report_page(struct cpu *cpu, const struct touch_error *error, const char *message)
{
	cpu->report->rip = error->gpa;
	cpu->report->exit_info[0] = error->want;
	cpu->report->exit_info[1] = error->got;
	return report_failure(cpu, ABI_BAD_MEMORY, message);
}

static const char *read_back(const struct touch_error *error)
{
	return error->not_lost ? "read back by L1, though nobody took the page away after that" : "read back by L1";
}

enum abi_status report_touched(struct cpu *cpu, const struct touch *touch)
{
	struct touch_error error;

	if (touch_check(&cpu->tree, touch, cpu->index, &error))
		return ABI_OK;
	return report_page(cpu, &error, read_back(&error));
}

void report_status(struct cpu *cpu, enum abi_status status)
{
	cpu->report->status = status;
	out32(cpu_port(cpu, ABI_PORT_REPORT), status);
	if (status != ABI_OK)
		cpu_halt();
}
