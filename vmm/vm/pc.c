// SPDX-License-Identifier: GPL-2.0-only
#include "vm/pc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vm/acpi.h"
#include "vm/pc_input.h"

#define UART_PORT 0x3f8
#define UART_IRQ 4
#define KEYBOARD_DATA 0x60
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET 0xfe
#define CMOS_DATA 0x71
#define PANIC_TEXT "Kernel panic - not syncing"

static int payload_of(const struct pc *pc)
{
	return pc->vm->layout->config->guest.payload;
}

int pc_open(struct pc *pc, const struct vm *vm, struct err *err)
{
	*pc = (struct pc){ .vm = vm, .agent.config = vm->layout->config, .console.fd = -1 };
	pthread_mutex_init(&pc->lock, NULL);
	pthread_cond_init(&pc->room, NULL);
	if (payload_of(pc) == PAYLOAD_MULTIBOOT) {
		pc->test.memory = calloc(1, TEST_MEMORY_SIZE);
		if (!pc->test.memory)
			return err_set(err, ENOMEM, "no memory for the test device");
	}
	return console_open(&pc->console, vm->layout->config, err);
}

void pc_close(struct pc *pc)
{
	pc_input_stop(pc);
	console_close(&pc->console);
	free(pc->test.memory);
	pc->test.memory = NULL;
	pthread_cond_destroy(&pc->room);
	pthread_mutex_destroy(&pc->lock);
}

enum pc_event pc_event(const struct pc *pc)
{
	return __atomic_load_n(&pc->event, __ATOMIC_ACQUIRE);
}

bool pc_has_exited(const struct pc *pc)
{
	enum pc_event event = pc_event(pc);

	return event == PC_OFF || event == PC_RESET || event == PC_EXIT;
}

bool pc_has_ended(const struct pc *pc)
{
	return pc_has_exited(pc) || pc_event(pc) == PC_PANIC;
}

/* The first event of a phase counts. */
static void tell(struct pc *pc, enum pc_event event, uint32_t value)
{
	if (pc->event)
		return;
	pc->value = value;
	__atomic_store_n(&pc->event, event, __ATOMIC_RELEASE);
}

void pc_begin_phase(struct pc *pc, size_t index)
{
	pthread_mutex_lock(&pc->lock);
	agent_begin_phase(&pc->agent, index);
	if (!pc_has_ended(pc))
		__atomic_store_n(&pc->event, PC_NOTHING, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&pc->lock);
}

static const struct phase_cfg *phase_of(const struct pc *pc)
{
	return &pc->vm->layout->config->phases[pc->agent.phase];
}

/* It can fail only for a VM without interrupt controllers. */
static void set_line(const struct pc *pc, unsigned int irq, bool level)
{
	struct kvm_irq_level line = { .irq = irq, .level = level };

	ioctl(pc->vm->fd, KVM_IRQ_LINE, &line);
}

static void set_uart_line(struct pc *pc)
{
	bool level = uart_interrupts(&pc->uart);

	if (pc->uart_line != level)
		set_line(pc, UART_IRQ, level);
	pc->uart_line = level;
}

static void print(struct pc *pc, char byte)
{
	struct guest_console *console = &pc->console;
	const struct phase_cfg *phase = phase_of(pc);

	console_put(console, byte);
	if (phase->until == UNTIL_CONSOLE && tail_ends_with(&console->tail, phase->until_text))
		tell(pc, PC_TEXT, 0);
	else if (payload_of(pc) == PAYLOAD_LINUX && tail_ends_with(&console->tail, PANIC_TEXT))
		tell(pc, PC_PANIC, 0);
	if (console->error)
		tell(pc, PC_CONSOLE_FAILED, (uint32_t)console->error);
	if (console->bytes > CONSOLE_BYTES_MAX)
		tell(pc, PC_FLOOD, 0);
}

bool pc_receive(struct pc *pc, const uint8_t *bytes, size_t count)
{
	bool deaf;

	pthread_mutex_lock(&pc->lock);
	while (!pc->deaf) {
		size_t taken = uart_receive(&pc->uart, bytes, count);

		set_uart_line(pc);
		bytes += taken;
		count -= taken;
		if (!count)
			break;
		pthread_cond_wait(&pc->room, &pc->lock);
	}
	deaf = pc->deaf;
	pthread_mutex_unlock(&pc->lock);
	return !deaf;
}

void pc_hang_up(struct pc *pc)
{
	pthread_mutex_lock(&pc->lock);
	pc->deaf = true;
	pthread_cond_signal(&pc->room);
	pthread_mutex_unlock(&pc->lock);
}

static uint8_t read_uart(struct pc *pc, unsigned int reg)
{
	uint8_t value = uart_read(&pc->uart, reg);

	if (pc->uart.received_count < UART_FIFO)
		pthread_cond_signal(&pc->room);
	return value;
}

/* An access of a device: returns what is read, all ones where nothing is. */
#define NOTHING UINT32_MAX

static uint32_t access_uart(struct pc *pc, unsigned int reg, unsigned int size, bool in,
			    uint32_t value)
{
	uint8_t sent;

	if (size != 1)
		return NOTHING;
	if (in)
		value = read_uart(pc, reg);
	else if (uart_write(&pc->uart, reg, (uint8_t)value, &sent))
		print(pc, (char)sent);
	set_uart_line(pc);
	return value;
}

/* No event ever comes. What is enabled reads back; else Linux gives ACPI up. */
static uint32_t access_pm1_event(struct pc *pc, unsigned int at, unsigned int size, bool in,
				 uint32_t value)
{
	if (at != 2 || size != 2)
		return in ? 0 : NOTHING;
	if (!in)
		pc->pm1_enable = (uint16_t)value;
	return pc->pm1_enable;
}

/* It reads 1: ACPI is on. */
static uint32_t access_pm1_control(struct pc *pc, unsigned int at, unsigned int size, bool in,
				   uint32_t value)
{
	if (!in && !at && size == 2 && value & ACPI_SLEEP_ENABLE)
		tell(pc, PC_OFF, 0);
	return at ? 0 : 1;
}

static uint32_t access_reset(struct pc *pc, unsigned int at, unsigned int size, bool in,
			     uint32_t value)
{
	(void)at;
	(void)size;
	if (!in && (value & 0xff) == ACPI_RESET_VALUE)
		tell(pc, PC_RESET, 1);
	return NOTHING;
}

/* There is no keyboard. If its controller read as busy, a reboot would poll it 65536 times. */
static uint32_t access_keyboard(struct pc *pc, unsigned int at, unsigned int size, bool in,
				uint32_t value)
{
	if (!in && at == KEYBOARD_COMMAND - KEYBOARD_DATA && size == 1 && value == KEYBOARD_RESET)
		tell(pc, PC_RESET, 1);
	return 0;
}

/* No update of a clock is going on, for which Linux would wait. */
static uint32_t access_cmos(struct pc *pc, unsigned int at, unsigned int size, bool in,
			    uint32_t value)
{
	(void)pc;
	(void)at;
	(void)size;
	(void)in;
	(void)value;
	return 0;
}

static uint32_t access_agent(struct pc *pc, unsigned int at, unsigned int size, bool in,
			     uint32_t value)
{
	const struct phase_cfg *phase = phase_of(pc);

	if (in)
		return agent_read(&pc->agent, at, size);
	switch (agent_write(&pc->agent, at, size, value)) {
	case AGENT_MARKED:
		if (phase->until == UNTIL_MARK && phase->until_value == value)
			tell(pc, PC_MARK, value);
		break;
	case AGENT_ENDED:
		tell(pc, PC_COMMAND, value);
		break;
	case AGENT_NOTHING:
		break;
	}
	return NOTHING;
}

static uint32_t access_test_latch(struct pc *pc, unsigned int at, unsigned int size, bool in,
				  uint32_t value)
{
	return test_latch(&pc->test, at, size, in, value);
}

/*
 * A change of the mapping's rights has KVM unmap the page in the guest: mprotect_fixup() (mm/mprotect.c) comes
 * to KVM's MMU notifier. It stays readable and writable all the time, for other vCPUs and for the VMM.
 * What can't be flushed, where the host refuses an executable mapping, stays mapped.
 */
static void flush_page(const struct pc *pc, uint64_t gpa)
{
	const struct slot *slot = vm_slot_at(pc->vm, gpa);
	uint8_t *page = vm_page(pc->vm, gpa);

	if (!slot || slot->kvm_flags & KVM_MEM_READONLY || !page)
		return;
	if (!mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC))
		mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static uint32_t access_test_flush(struct pc *pc, unsigned int at, unsigned int size, bool in,
				  uint32_t value)
{
	if (!in && !at && size == 4)
		flush_page(pc, value);
	return NOTHING;
}

static uint32_t access_test_exit(struct pc *pc, unsigned int at, unsigned int size, bool in,
				 uint32_t value)
{
	(void)at;
	(void)size;
	if (!in)
		tell(pc, PC_EXIT, value);
	return NOTHING;
}

static uint32_t access_test_irq(struct pc *pc, unsigned int at, unsigned int size, bool in,
				uint32_t value)
{
	(void)size;
	if (!in)
		set_line(pc, at, value != 0);
	return 0;
}

#define LINUX (1u << PAYLOAD_LINUX)
#define TESTS (1u << PAYLOAD_MULTIBOOT)

static const struct device {
	unsigned int payloads;		/* that find it */
	uint16_t first, count;
	uint32_t (*access)(struct pc *pc, unsigned int at, unsigned int size, bool in, uint32_t value);
} devices[] = {
	{ LINUX | TESTS, KEYBOARD_DATA, KEYBOARD_COMMAND - KEYBOARD_DATA + 1, access_keyboard },
	{ LINUX | TESTS, CMOS_DATA, 1, access_cmos },
	{ LINUX | TESTS, UART_PORT, 8, access_uart },
	{ LINUX, AGENT_PORT, AGENT_PORTS, access_agent },
	{ LINUX, ACPI_PM1_EVENT, 4, access_pm1_event },
	{ LINUX, ACPI_PM1_CONTROL, 2, access_pm1_control },
	{ LINUX, ACPI_RESET, 1, access_reset },
	{ TESTS, TEST_LATCH, 4, access_test_latch },
	{ TESTS, TEST_FLUSH, 4, access_test_flush },
	{ TESTS, TEST_EXIT, 1, access_test_exit },
	{ TESTS, TEST_IRQ, TEST_IRQS, access_test_irq },
};

static bool is_there(const struct pc *pc, const struct device *device, uint16_t port)
{
	return device->payloads & 1u << payload_of(pc) && port >= device->first &&
	       port - device->first < device->count;
}

static uint32_t access_port(struct pc *pc, uint16_t port, unsigned int size, bool in, uint32_t value)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (is_there(pc, &devices[i], port))
			return devices[i].access(pc, port - devices[i].first, size, in, value);
	return NOTHING;
}

void pc_port(struct pc *pc, uint16_t port, bool in, unsigned int size, uint32_t count, uint8_t *data)
{
	pthread_mutex_lock(&pc->lock);
	for (uint32_t i = 0; i < count; i++, data += size) {
		uint32_t value = 0;

		if (!in)
			memcpy(&value, data, size);
		value = access_port(pc, port, size, in, value);
		if (in)
			memcpy(data, &value, size);
	}
	pthread_mutex_unlock(&pc->lock);
}

void pc_mmio(struct pc *pc, uint64_t gpa, bool write, uint32_t size, uint8_t data[8])
{
	bool found;

	pthread_mutex_lock(&pc->lock);
	found = size <= 8 && test_memory(&pc->test, gpa, write, size, data);
	pthread_mutex_unlock(&pc->lock);
	if (!found && !write)
		memset(data, 0xff, 8);
}
