// SPDX-License-Identifier: GPL-2.0-only
#include "config/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define G (1ull << 30)

/* A NAME is made of a-z 0-9 . _ and -, and no two sections have the same: "_N" is only of these here. */
static void name_slot(const struct machine *machine, const char *text, char name[CONFIG_NAME_MAX])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t length = 0;

	for (; *text && length < CONFIG_NAME_MAX - 8; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 'a' - 'A') : *text;

		name[length++] = strchr(allowed, c) ? c : '-';
	}
	name[length] = '\0';
	if (!length)
		length = (size_t)snprintf(name, CONFIG_NAME_MAX, "slot");
	for (size_t i = machine->count; i--;) {
		const char *other = machine->slots[i].name;

		if (strncmp(other, name, length) || (other[length] && other[length] != '_'))
			continue;
		snprintf(name + length, CONFIG_NAME_MAX - length, "_%lu",
			 other[length] ? strtoul(other + length + 1, NULL, 10) + 1 : 2);
		return;
	}
}

int machine_add(struct machine *machine, const struct machine_slot *slot)
{
	struct machine_slot *to;

	if (machine->count == machine->room) {
		size_t room = machine->room ? 2 * machine->room : 16;
		struct machine_slot *larger = reallocarray(machine->slots, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		machine->slots = larger;
		machine->room = room;
	}
	to = &machine->slots[machine->count];
	*to = *slot;
	to->alias = SIZE_MAX;
	name_slot(machine, slot->name, to->name);
	machine->count++;
	return 0;
}

/* KVM takes whole pages of memory, so an alias begins at one. */
static bool shows(const struct machine_slot *slot, const struct machine_slot *of)
{
	return slot->memory == of->memory && slot->offset >= of->offset && !((slot->offset - of->offset) % 4096) &&
	       slot->offset + slot->size <= of->offset + of->size && slot->size <= of->size;
}

static int by_place(const void *a, const void *b)
{
	const struct machine_slot *one = a, *other = b;

	if (one->smm != other->smm)
		return one->smm ? 1 : -1;
	return one->base < other->base ? -1 : one->base > other->base;
}

/* The first of two slots that show the same memory has it, so that SMM's is the alias. */
void machine_join(struct machine *machine)
{
	struct machine_slot *slots = machine->slots;

	if (machine->count)
		qsort(slots, machine->count, sizeof(*slots), by_place);
	for (size_t i = 0; i < machine->count; i++)
		for (size_t j = 0; slots[i].alias == SIZE_MAX && j < machine->count; j++)
			if (j != i && slots[j].alias == SIZE_MAX && shows(&slots[i], &slots[j]) &&
			    (slots[j].size > slots[i].size || j < i))
				slots[i].alias = j;
	/* The slot that has the memory may have become an alias itself since. */
	for (size_t i = 0; i < machine->count; i++)
		while (slots[i].alias != SIZE_MAX && slots[slots[i].alias].alias != SIZE_MAX)
			slots[i].alias = slots[slots[i].alias].alias;
}

void machine_free(struct machine *machine)
{
	free(machine->slots);
	*machine = (struct machine){ 0 };
}

static void write_slot(const struct machine *machine, const struct machine_slot *slot, FILE *out)
{
	const struct machine_slot *of = slot->alias == SIZE_MAX ? NULL : &machine->slots[slot->alias];
	char text[UNIT_TEXT];

	fprintf(out, "\n[memslot.%s]\nbase = %#llx\nsize = %s\n", slot->name,
		(unsigned long long)slot->base, format_size_key(text, slot->size));
	if (slot->smm)
		fputs("space = smm\n", out);
	if (slot->readonly || slot->dirty_log)
		fprintf(out, "flags = %s%s%s\n", slot->readonly ? "readonly" : "",
			slot->readonly && slot->dirty_log ? "," : "",
			slot->dirty_log ? "dirty-log" : "");
	if (slot->device && !of)
		fputs("kind = device\t; no RAM of the guest\n", out);
	if (of)
		fprintf(out, "alias = %s\t; shows the same memory\n", of->name);
	if (of && slot->offset > of->offset)
		fprintf(out, "alias-offset = %s\n", format_size_key(text, slot->offset - of->offset));
}

static const char phases[] =
	"\n[guest]\n"
	"payload = nested\t; the built-in L1, which runs nested guests\n"
	"\n[phase.boot]\n"
	"do = boot\n"
	"\n[phase.control]\n"
	"do = l2\n"
	"nested-paging = off\t; without NPT or EPT: allocates nothing\n"
	"\n[phase.transition]\n"
	"do = l2\n"
	"touch = 16M\t\t; how much the nested guest writes\n";

int machine_write(const struct machine *machine, bool runs, FILE *out)
{
	fprintf(out, "; %s\n"
		"; minivmm plan THIS-FILE says what it costs, minivmm THIS-FILE runs it; man minivmm.ini\n"
		"\n[vm]\nvcpus = %llu\n", machine->what,
		(unsigned long long)(machine->vcpus ? machine->vcpus : 1));
	for (size_t i = 0; i < machine->count; i++)
		write_slot(machine, &machine->slots[i], out);
	if (runs)
		fputs(phases, out);
	return ferror(out) ? -EIO : 0;
}

/* What `info mtree -f` of QEMU 7.2 shows before the firmware runs. end 0: where low or high memory ends. */
static const struct region {
	const char *kind, *name;
	uint64_t base, end, memory, offset;
	bool readonly;
} regions[] = {
	{ "q35", "ram", 0, 0xc0000, 1, 0, false },
	{ "q35", "rom", 0xc0000, 0xe0000, 2, 0, true },
	{ "q35", "bios", 0xe0000, 0x100000, 3, 0x20000, true },
	{ "q35", "ram", 0x100000, 0, 1, 0x100000, false },
	{ "q35", "bios", 0xfffc0000, 4 * G, 3, 0, true },
	{ "microvm", "ram", 0, 0xf0000, 1, 0, false },
	{ "microvm", "bios", 0xf0000, 0x100000, 2, 0, false },
	{ "microvm", "ram", 0x100000, 0, 1, 0x100000, false },
	{ "microvm", "bios", 0xffff0000, 4 * G, 2, 0, false },
};

/* KVM has each twice, as QEMU registers all of them in SMM's space as well. */
static int add_region(struct machine *machine, const struct region *region, uint64_t end)
{
	struct machine_slot slot = {
		.base = region->base, .size = end - region->base, .memory = region->memory,
		.offset = region->offset, .readonly = region->readonly,
	};
	int code = 0;

	for (int smm = 0; !code && smm < 2; smm++) {
		slot.smm = smm;
		snprintf(slot.name, sizeof(slot.name), "%s%s", smm ? "smm-" : "", region->name);
		code = machine_add(machine, &slot);
	}
	return code;
}

/* Where each leaves the gap below 4 GiB: hw/i386/pc_q35.c, hw/i386/microvm.c. */
static uint64_t low_of(const char *kind, uint64_t size)
{
	uint64_t most = strcmp(kind, "q35") ? 3 * G : size >= 0xb0000000 ? 2 * G : 0xb0000000;

	return size < most ? size : most;
}

static int add_regions(struct machine *machine, const char *kind, uint64_t size)
{
	uint64_t low = low_of(kind, size);
	struct region high = { kind, "ram", 4 * G, 0, 1, low, false };
	int code = 0;

	for (size_t i = 0; !code && i < sizeof(regions) / sizeof(regions[0]); i++)
		if (!strcmp(regions[i].kind, kind))
			code = add_region(machine, &regions[i], regions[i].end ? regions[i].end : low);
	return !code && size > low ? add_region(machine, &high, 4 * G + size - low) : code;
}

bool machine_kind_is(const char *text)
{
	return !strcmp(text, "q35") || !strcmp(text, "microvm");
}

int machine_of_size(const char *kind, uint64_t size, struct machine *machine)
{
	char text[UNIT_TEXT];
	int code;

	*machine = (struct machine){ .vcpus = 1 };
	if (!machine_kind_is(kind) || size < MACHINE_LEAST)
		return -EINVAL;
	snprintf(machine->what, sizeof(machine->what), "A %s of %s, as QEMU registers its memory", kind,
		 format_bytes(text, size));
	code = add_regions(machine, kind, size);
	if (code)
		machine_free(machine);
	else
		machine_join(machine);
	return code;
}
