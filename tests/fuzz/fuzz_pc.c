// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that accesses any port in any way, and phases that end meanwhile: the devices stay whole. With a byte after the
 * last step it is a multiboot kernel's, with memory-mapped accesses, too.
 */
#include <string.h>

#include "fuzz.h"
#include "vm/pc.h"

/* One access, or a phase's begin. */
struct step {
	uint16_t port;
	/* how: bits 0-1 size, 2 in, 6 at the test device's memory, 7 the next phase begins; count of a string */
	uint8_t how, count;
	uint32_t value;
};

static void check(const struct pc *pc)
{
	MUST(pc->uart.received_count <= UART_FIFO);
	MUST(pc->console.tail.length <= sizeof(pc->console.tail.text));
	MUST(pc->console.buffered <= sizeof(pc->console.buffer));
	MUST(pc->agent.output.length <= sizeof(pc->agent.output.text));
	MUST(pc->agent.length < sizeof(pc->agent.text) && pc->agent.next <= pc->agent.length);
	for (size_t i = 0; i < pc->agent.output.length; i++)
		MUST((pc->agent.output.text[i] >= ' ' && pc->agent.output.text[i] <= '~') ||
		     strchr("\n\t", pc->agent.output.text[i]));
}

static void take_step(struct pc *pc, const struct step *step, size_t *phase)
{
	unsigned int size = 1u << (step->how & 3) % 3;
	uint8_t data[4 * 256];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(step->value >> i % 4 * 8);
	if (step->how & 0x80 && *phase < 2)
		pc_begin_phase(pc, ++*phase);
	if (step->how & 0x40)
		pc_mmio(pc, TEST_MEMORY - 0x1000 + step->value % 0x12000, !(step->how & 4), step->count, data);
	else
		pc_port(pc, step->port, step->how & 4, size, step->count, data);
	check(pc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[] = "login:", command[] = "true";
	struct phase_cfg phases[3] = {
		{ .what = DO_RUN, .until = UNTIL_CONSOLE, .until_text = text },
		{ .what = DO_RUN, .until = UNTIL_COMMAND, .command = command },
		{ .what = DO_RUN, .until = UNTIL_MARK, .until_value = 7 },
	};
	const struct config config = {
		.guest.payload = size % sizeof(struct step) == 1 ? PAYLOAD_MULTIBOOT : PAYLOAD_LINUX,
		.phases = phases, .phase_count = 3,
	};
	const struct layout layout = { .config = &config };
	const struct vm vm = { .layout = &layout, .fd = -1 };
	struct err err;
	struct pc pc;
	size_t phase = 0;

	MUST(!pc_open(&pc, &vm, &err));
	pc_begin_phase(&pc, 0);
	for (struct step step; size >= sizeof(step); size -= sizeof(step), data += sizeof(step)) {
		memcpy(&step, data, sizeof(step));
		take_step(&pc, &step, &phase);
	}
	pc_close(&pc);
	return 0;
}
