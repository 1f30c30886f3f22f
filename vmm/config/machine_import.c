// SPDX-License-Identifier: GPL-2.0-only
/* The memslots of a VM as other VMMs describe it. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "config/machine.h"

#define PAGE 4096ull
#define LOW_MOST 0xd0000000ull	/* of Firecracker's memory: MEM_32BIT_GAP_SIZE is 768 MiB */

/* What the reader of `info mtree -f` is in. */
struct mtree {
	struct machine *machine;
	bool memory, smm;		/* this view is of these address spaces */
	bool seen;			/* there was one */
	uint64_t vcpus;
	char regions[64][48];		/* names of memory regions: their place is the memory's number */
	size_t region_count;
};

/* " AS "NAME", root: ..." below "FlatView #N". */
static void take_space(struct mtree *mtree, const char *line)
{
	mtree->memory |= !strncmp(line, "AS \"memory\"", 11);
	mtree->smm |= !strncmp(line, "AS \"KVM-SMRAM\"", 14) || !strncmp(line, "AS \"cpu-smm-0\"", 14);
	mtree->vcpus += !strncmp(line, "AS \"cpu-memory-", 15);
}

static uint64_t region(struct mtree *mtree, const char *name)
{
	size_t i;

	for (i = 0; i < mtree->region_count; i++)
		if (!strcmp(mtree->regions[i], name))
			return i;
	if (i == sizeof(mtree->regions) / sizeof(mtree->regions[0]))
		return i;	/* all others are one: they have no alias with different offsets */
	snprintf(mtree->regions[i], sizeof(mtree->regions[i]), "%s", name);
	return mtree->region_count++;
}

/* KVM has memslots of whole pages: kvm_align_section(), accel/kvm/kvm-all.c. */
static bool align(struct machine_slot *slot, uint64_t last)
{
	uint64_t base = (slot->base + PAGE - 1) / PAGE * PAGE, end = (last + 1) / PAGE * PAGE;

	if (last == UINT64_MAX || end <= base)
		return false;
	slot->offset += base - slot->base;
	slot->base = base;
	slot->size = end - base;
	return true;
}

static int add_range(struct mtree *mtree, const struct machine_slot *range, const char *name)
{
	struct machine_slot slot = *range;
	int code = 0;

	for (int smm = 0; !code && smm < 2; smm++) {
		if (smm ? !mtree->smm : !mtree->memory)
			continue;
		slot.smm = smm;
		snprintf(slot.name, sizeof(slot.name), "%s%.24s", smm ? "smm-" : "", name);
		code = machine_add(mtree->machine, &slot);
	}
	return code;
}

/* "FIRST-LAST (prio N, KIND): NAME[ @OFFSET][ KVM]": what memory_region_type() calls RAM. */
static int take_range(struct mtree *mtree, const char *line)
{
	struct machine_slot slot = { 0 };
	char kind[16], name[48];
	const char *offset;
	uint64_t last;

	if ((!mtree->memory && !mtree->smm) ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " (prio %*[^,], %15[^)]): %47s", &slot.base, &last, kind,
		   name) != 4)
		return 0;
	slot.device = !strcmp(kind, "ramd");
	slot.readonly = !strcmp(kind, "rom") || !strcmp(kind, "romd");
	if (strcmp(kind, "ram") && strcmp(kind, "nv-ram") && !slot.device && !slot.readonly)
		return 0;
	offset = strstr(line, " @");
	slot.offset = offset ? strtoull(offset + 2, NULL, 16) : 0;
	slot.memory = region(mtree, name);
	return align(&slot, last) ? add_range(mtree, &slot, name) : 0;
}

static int take_line(struct mtree *mtree, char *line)
{
	line += strspn(line, " \t");
	line[strcspn(line, "\r\n")] = '\0';
	if (!strncmp(line, "FlatView #", 10)) {
		mtree->memory = mtree->smm = false;
		mtree->seen = true;
		return 0;
	}
	if (!strncmp(line, "AS \"", 4)) {
		take_space(mtree, line);
		return 0;
	}
	return take_range(mtree, line);
}

static bool has_ram(const struct machine *machine)
{
	for (size_t i = 0; i < machine->count; i++)
		if (!machine->slots[i].smm)
			return true;
	return false;
}

int machine_of_qemu(FILE *file, const char *name, struct machine *machine, struct err *err)
{
	struct mtree mtree = { .machine = machine };
	char *line = NULL;
	size_t room = 0;
	int code = 0;

	*machine = (struct machine){ 0 };
	snprintf(machine->what, sizeof(machine->what), "QEMU's memory, from info mtree -f: %.80s", name);
	while (!code && getline(&line, &room, file) > 0)
		code = take_line(&mtree, line);
	free(line);
	if (code)
		err_errno(err, -code, "%s", name);
	else if (ferror(file))
		code = err_errno(err, EIO, "%s", name);
	else if (!has_ram(machine))
		code = err_set(err, EINVAL, mtree.seen ?
			       "%s: no FlatView of the address space \"memory\" has RAM" :
			       "%s: no FlatView: not what QEMU's monitor prints for info mtree -f", name);
	machine->vcpus = mtree.vcpus;
	if (code)
		machine_free(machine);
	else
		machine_join(machine);
	return code;
}

static int firecracker_memory(struct machine *machine, uint64_t size)
{
	uint64_t low = size < LOW_MOST ? size : LOW_MOST;
	struct machine_slot slot = { .name = "low", .size = low };
	int code = machine_add(machine, &slot);

	if (code || low == size)
		return code;
	slot = (struct machine_slot){ .name = "high", .base = 1ull << 32, .size = size - low,
				      .offset = low };
	return machine_add(machine, &slot);
}

int machine_of_firecracker(FILE *file, const char *name, struct machine *machine, struct err *err)
{
	json_error_t wrong;
	json_t *json = json_loadf(file, JSON_REJECT_DUPLICATES, &wrong);
	const json_t *config = json_object_get(json, "machine-config");
	json_int_t mib, vcpus;
	int code = 0;

	*machine = (struct machine){ 0 };
	config = config ? config : json;
	mib = json_integer_value(json_object_get(config, "mem_size_mib"));
	vcpus = json_integer_value(json_object_get(config, "vcpu_count"));
	if (!json && ferror(file))
		code = err_errno(err, EIO, "%s", name);
	else if (!json)
		code = err_set(err, EINVAL, "%s:%d: not JSON: %.80s", name, wrong.line, wrong.text);
	else if (mib <= 0 || mib > 1 << 30)
		code = err_set(err, EINVAL, "%s: machine-config.mem_size_mib: not a number of MiB", name);
	else if (vcpus <= 0 || vcpus > 4096)
		code = err_set(err, EINVAL, "%s: machine-config.vcpu_count: not a number of vCPUs", name);
	json_decref(json);
	if (code)
		return code;
	snprintf(machine->what, sizeof(machine->what), "Firecracker's memory: %.80s", name);
	machine->vcpus = (uint64_t)vcpus;
	code = firecracker_memory(machine, (uint64_t)mib << 20);
	if (code)
		machine_free(machine);
	return code ? err_errno(err, ENOMEM, "%s", name) : 0;
}
