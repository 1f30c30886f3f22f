// SPDX-License-Identifier: GPL-2.0-only
/* What another VMM prints of a VM: any text. What is read of it can be written as a config, and that is parsed. */
#include <stdlib.h>
#include <string.h>

#include "config/layout.h"
#include "config/machine.h"
#include "fuzz.h"

static void check_slots(const struct machine *machine)
{
	for (size_t i = 0; i < machine->count; i++) {
		const struct machine_slot *slot = &machine->slots[i];

		MUST(slot->size && !(slot->size % 4096) && !(slot->base % 4096));
		MUST(slot->name[0] && strlen(slot->name) < CONFIG_NAME_MAX);
		MUST(slot->alias == SIZE_MAX || slot->alias < machine->count);
		MUST(slot->alias == SIZE_MAX || machine->slots[slot->alias].alias == SIZE_MAX);
		for (size_t j = 0; j < i; j++)
			MUST(strcmp(slot->name, machine->slots[j].name));
	}
}

/* The config has the slots of the machine, in their order. */
static void check_same(const struct config *config, const struct machine *machine)
{
	MUST(config->memslot_count == machine->count);
	for (size_t i = 0; i < machine->count; i++) {
		const struct memslot_cfg *read = &config->memslots[i];
		const struct machine_slot *slot = &machine->slots[i], *of;

		MUST(!strcmp(read->name, slot->name) && read->base == slot->base && read->size == slot->size);
		MUST(!read->alias == (slot->alias == SIZE_MAX));
		of = read->alias ? &machine->slots[slot->alias] : slot;
		MUST(!read->alias || !strcmp(read->alias, of->name));
		MUST(read->alias_offset == slot->offset - of->offset);
	}
}

/* Rules of the layout may be broken, as the text may have ranges that overlap; the config is one. */
static void check_config(const char *text, const struct machine *machine)
{
	const struct layout_limits limits = LAYOUT_LIMITS_DEFAULT;
	struct errors errors = { 0 };
	struct config config;
	struct layout layout;

	MUST(!config_load_text("machine", text, NULL, 0, &config, &errors));
	check_same(&config, machine);
	if (!layout_build(&config, &limits, &layout, &errors))
		layout_free(&layout);
	config_free(&config);
	errors_free(&errors);
}

static void check_machine(struct machine *machine)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	MUST(out);
	check_slots(machine);
	MUST(!machine_write(machine, true, out));
	MUST(!fclose(out));
	check_config(text, machine);
	free(text);
	machine_free(machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int (*const readers[])(FILE *, const char *, struct machine *, struct err *) = {
		machine_of_qemu, machine_of_firecracker,
	};

	for (size_t i = 0; size && i < 2; i++) {
		FILE *file = fmemopen((void *)data, size, "r");
		struct err err = { .text = "" };
		struct machine machine;
		int code;

		MUST(file);
		code = readers[i](file, "input", &machine, &err);
		fclose(file);
		MUST(!code || err.text[0]);
		if (!code)
			check_machine(&machine);
	}
	return 0;
}
