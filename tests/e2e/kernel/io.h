/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports, and the first serial port as a console. */
#ifndef IO_H
#define IO_H

#include <stdint.h>

static inline void out8(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void print(const char *text)
{
	for (; *text; text++) {
		while (!(in8(0x3fd) & 0x20))
			continue;
		out8(0x3f8, (uint8_t)*text);
	}
}

#endif
