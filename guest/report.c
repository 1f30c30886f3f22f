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

void report_status(struct cpu *cpu, enum abi_status status)
{
	cpu->report->status = status;
	out32(cpu->port_base + ABI_PORT_REPORT, status);
	if (status != ABI_OK)
		cpu_halt();
}
