// SPDX-License-Identifier: GPL-2.0-only
#include "console.h"

#include "cpu.h"

void console_text(const struct cpu *cpu, const char *text)
{
	uint64_t length = 0;

	while (text[length])
		length++;
	/* KVM makes an exit of each character all the same (6.12); minivmm takes any count. */
	asm volatile("rep outsb"
		     : "+S"(text), "+c"(length)
		     : "d"((uint16_t)(cpu->port_base + ABI_PORT_CONSOLE))
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
