// SPDX-License-Identifier: GPL-2.0-only
#include "console.h"

#include "cpu.h"

void console_text(const struct cpu *cpu, const char *text)
{
	uint64_t length = 0;

	while (text[length])
		length++;
	/* KVM 6.12 makes one exit of each character nevertheless; minivmm handles any count. */
	asm volatile("rep outsb"
		     : "+S"(text), "+c"(length)
		     : "d"(cpu_port(cpu, ABI_PORT_CONSOLE))
		     : "memory");
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
