// SPDX-License-Identifier: GPL-2.0-only
#include "console.h"

#include "cpu.h"

void console_text(const struct cpu *cpu, const char *text)
{
	for (; *text; text++)
		out8(cpu->port_base + ABI_PORT_CONSOLE, (uint8_t)*text);
}

void console_number(const struct cpu *cpu, uint64_t number)
{
	char digits[21];
	char *first = digits + sizeof(digits) - 1;

	*first = '\0';
	do
		*--first = (char)('0' + number % 10);
	while (number /= 10);
	console_text(cpu, first);
}
