// SPDX-License-Identifier: GPL-2.0-only
#include "vm/uart.h"

#include <linux/serial_reg.h>
#include <string.h>

#define WHICH_FIFO 0xc0		/* of UART_IIR: both FIFOs are enabled */
#define MODEM_READY (UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)

bool uart_interrupts(const struct uart *uart)
{
	return (uart->ier & UART_IER_THRI && uart->empty_pending) ||
	       (uart->ier & UART_IER_RDI && uart->received_count);
}

/* Reading it acknowledges "transmitter empty", if that is what it says. */
static uint8_t read_iir(struct uart *uart)
{
	uint8_t fifo = uart->fcr & UART_FCR_ENABLE_FIFO ? WHICH_FIFO : 0;

	if (uart->ier & UART_IER_RDI && uart->received_count)
		return UART_IIR_RDI | fifo;
	if (uart->ier & UART_IER_THRI && uart->empty_pending) {
		uart->empty_pending = false;
		return UART_IIR_THRI | fifo;
	}
	return UART_IIR_NO_INT | fifo;
}

static uint8_t take_byte(struct uart *uart)
{
	uint8_t byte = uart->received[0];

	if (!uart->received_count)
		return 0;
	uart->received_count--;
	memmove(uart->received, uart->received + 1, uart->received_count);
	return byte;
}

/* In loopback, by which a driver finds the chip, the modem's outputs are its inputs. */
static uint8_t read_msr(const struct uart *uart)
{
	uint8_t out = uart->mcr;

	if (!(out & UART_MCR_LOOP))
		return MODEM_READY;
	return (uint8_t)((out & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			 (out & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			 (out & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			 (out & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

uint8_t uart_read(struct uart *uart, unsigned int reg)
{
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return latch ? uart->divisor[0] : take_byte(uart);
	case UART_IER:
		return latch ? uart->divisor[1] : uart->ier;
	case UART_IIR:
		return read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return (uint8_t)(UART_LSR_TEMT | UART_LSR_THRE |
				 (uart->received_count ? UART_LSR_DR : 0));
	case UART_MSR:
		return read_msr(uart);
	default:
		return uart->scr;
	}
}

static void write_fcr(struct uart *uart, uint8_t value)
{
	uart->fcr = value;
	if (value & UART_FCR_CLEAR_RCVR)
		uart->received_count = 0;
}

/* Turning the interrupt on when nothing is left to send raises it. */
static void write_ier(struct uart *uart, uint8_t value)
{
	if (value & ~uart->ier & UART_IER_THRI)
		uart->empty_pending = true;
	uart->ier = value & 0xf;
}

/* What is sent in loopback comes back, and does not go out. */
static bool send(struct uart *uart, uint8_t value, uint8_t *sent)
{
	uart->empty_pending = true;
	if (uart->mcr & UART_MCR_LOOP) {
		uart_receive(uart, &value, 1);
		return false;
	}
	*sent = value;
	return true;
}

bool uart_write(struct uart *uart, unsigned int reg, uint8_t value, uint8_t *sent)
{
	bool latch = uart->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:
		if (!latch)
			return send(uart, value, sent);
		uart->divisor[0] = value;
		break;
	case UART_IER:
		if (latch)
			uart->divisor[1] = value;
		else
			write_ier(uart, value);
		break;
	case UART_FCR:
		write_fcr(uart, value);
		break;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		uart->mcr = value & 0x1f;
		break;
	case UART_SCR:
		uart->scr = value;
		break;
	}
	return false;
}

size_t uart_receive(struct uart *uart, const uint8_t *bytes, size_t count)
{
	size_t room = UART_FIFO - uart->received_count, taken = count < room ? count : room;

	memcpy(uart->received + uart->received_count, bytes, taken);
	uart->received_count += (unsigned int)taken;
	return taken;
}
