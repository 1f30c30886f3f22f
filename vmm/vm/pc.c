// SPDX-License-Identifier: GPL-2.0-only
#include "vm/pc.h"

#include <string.h>
#include <sys/ioctl.h>

#include "vm/acpi.h"

#define UART_PORT 0x3f8
#define UART_IRQ 4
#define KEYBOARD_DATA 0x60
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET 0xfe
#define CMOS_DATA 0x71
#define PANIC_TEXT "Kernel panic - not syncing"

int pc_open(struct pc *pc, const struct vm *vm, struct err *err)
{
	*pc = (struct pc){ .vm = vm, .agent.config = vm->layout->config };
	pthread_mutex_init(&pc->lock, NULL);
	return console_open(&pc->console, vm->layout->config, err);
}

void pc_close(struct pc *pc)
{
	console_close(&pc->console);
	pthread_mutex_destroy(&pc->lock);
}

enum pc_event pc_event(const struct pc *pc)
{
	return __atomic_load_n(&pc->event, __ATOMIC_ACQUIRE);
}

bool pc_has_ended(const struct pc *pc)
{
	enum pc_event event = pc_event(pc);

	return event == PC_OFF || event == PC_RESET || event == PC_PANIC;
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
static void set_uart_line(struct pc *pc)
{
	struct kvm_irq_level line = { .irq = UART_IRQ, .level = uart_interrupts(&pc->uart) };

	if (pc->uart_line == (bool)line.level)
		return;
	pc->uart_line = line.level;
	ioctl(pc->vm->fd, KVM_IRQ_LINE, &line);
}

static void print(struct pc *pc, char byte)
{
	struct guest_console *console = &pc->console;
	const struct phase_cfg *phase = phase_of(pc);

	console_put(console, byte);
	if (phase->until == UNTIL_CONSOLE && tail_ends_with(&console->tail, phase->until_text))
		tell(pc, PC_TEXT, 0);
	else if (tail_ends_with(&console->tail, PANIC_TEXT))
		tell(pc, PC_PANIC, 0);
	if (console->error)
		tell(pc, PC_CONSOLE_FAILED, (uint32_t)console->error);
	if (console->bytes > CONSOLE_BYTES_MAX)
		tell(pc, PC_FLOOD, 0);
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
		value = uart_read(&pc->uart, reg);
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

static const struct device {
	uint16_t first, count;
	uint32_t (*access)(struct pc *pc, unsigned int at, unsigned int size, bool in, uint32_t value);
} devices[] = {
	{ KEYBOARD_DATA, KEYBOARD_COMMAND - KEYBOARD_DATA + 1, access_keyboard },
	{ CMOS_DATA, 1, access_cmos },
	{ UART_PORT, 8, access_uart },
	{ AGENT_PORT, AGENT_PORTS, access_agent },
	{ ACPI_PM1_EVENT, 4, access_pm1_event },
	{ ACPI_PM1_CONTROL, 2, access_pm1_control },
	{ ACPI_RESET, 1, access_reset },
};

static uint32_t access_port(struct pc *pc, uint16_t port, unsigned int size, bool in, uint32_t value)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (port >= devices[i].first && port - devices[i].first < devices[i].count)
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

void pc_mmio(bool write, uint8_t data[8])
{
	if (!write)
		memset(data, 0xff, 8);
}
