/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices of a PC that a kernel looks for, as far as the VMM has them: the serial port; for Linux
 * ACPI's power-off and reset, and the agent's ports; for a test kernel the test device. Interrupt
 * controllers and timer are KVM's. The guest may access anything at any time from any vCPU: what is in no
 * table is not there, and one lock is over all.
 */
#ifndef PC_H
#define PC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vm/agent_port.h"
#include "vm/guest_console.h"
#include "vm/test_device.h"
#include "vm/uart.h"
#include "vm/vm.h"

/* What the vCPUs stop for: the end of the phase, or of the guest. */
enum pc_event {
	PC_NOTHING,
	PC_MARK,		/* the mark of until = mark:N */
	PC_TEXT,		/* the text of until = console:TEXT */
	PC_COMMAND,		/* the phase's command ended; value: its exit status */
	PC_OFF, PC_RESET,	/* the guest powered off, or asked for a reset */
	PC_EXIT,		/* it wrote to the test device's exit port; value: what it wrote */
	PC_PANIC,		/* Linux says so on its console */
	PC_FLOOD,		/* it printed more than a console takes */
	PC_CONSOLE_FAILED,	/* its console can't be written; value: errno */
};

/* See pc_input.h. */
struct pc_input {
	int fd, wake;			/* wake: an eventfd, it is to end */
	pthread_t thread;
	bool started;
};

struct pc {
	const struct vm *vm;
	pthread_mutex_t lock;		/* of everything below */
	struct uart uart;
	bool uart_line;			/* the level of its interrupt as KVM has it */
	struct guest_console console;
	struct pc_input input;
	pthread_cond_t room;		/* the guest has read a byte, or deaf has changed */
	bool deaf;			/* nobody waits any more for the guest to read */
	struct agent_port agent;
	uint16_t pm1_enable;
	struct test_device test;	/* of payload = multiboot */
	enum pc_event event;		/* atomic: the vCPUs read it without the lock */
	uint32_t value;
};

/* -errno: the console can't be opened, or there is no memory. pc_close() may follow all the same. */
int pc_open(struct pc *pc, const struct vm *vm, struct err *err);
void pc_close(struct pc *pc);

/* The config's phase `index` begins. A guest that has ended stays so. */
void pc_begin_phase(struct pc *pc, size_t index);
/* Has something happened for which the vCPUs stop? */
enum pc_event pc_event(const struct pc *pc);
/* Has the guest come to its end? It has an exit status if it exited: 0 powered off, 1 reset, or its own. */
bool pc_has_exited(const struct pc *pc);
bool pc_has_ended(const struct pc *pc);

/*
 * The serial port gets these bytes, as it has room for them: may wait long for the guest to read. False: pc_hang_up() was
 * called meanwhile.
 */
bool pc_receive(struct pc *pc, const uint8_t *bytes, size_t count);
void pc_hang_up(struct pc *pc);
/* One exit: `count` accesses of `size` bytes each to one port, or one of up to 8 to memory where no memslot is. */
void pc_port(struct pc *pc, uint16_t port, bool in, unsigned int size, uint32_t count, uint8_t *data);
void pc_mmio(struct pc *pc, uint64_t gpa, bool write, uint32_t size, uint8_t data[8]);

#endif
