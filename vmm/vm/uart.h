/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 16550A at the guest's 0x3f8, as far as Linux's 8250 driver asks for it: what is written goes out
 * at once, and its interrupt says that more can be written or that something came. No ioctl.
 */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_FIFO 16

struct uart {
	uint8_t ier, lcr, mcr, scr, fcr;
	uint8_t divisor[2];
	bool empty_pending;		/* "transmitter empty" has not been acknowledged */
	uint8_t received[UART_FIFO];
	unsigned int received_count;
};

/* Registers are 0 to 7. A byte that is sent comes back in *sent, with true. */
uint8_t uart_read(struct uart *uart, unsigned int reg);
bool uart_write(struct uart *uart, unsigned int reg, uint8_t value, uint8_t *sent);
/* Adds what came in; returns how much of it had room. */
size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count);
/* The level of its interrupt line. */
bool uart_interrupts(const struct uart *uart);

#endif
