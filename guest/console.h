/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints text, by a port of the VMM. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

struct cpu;

void console_text(const struct cpu *cpu, const char *text);
void console_number(const struct cpu *cpu, uint64_t number);

#endif
