// SPDX-License-Identifier: GPL-2.0-only
/* The memslots of a VM as other VMMs describe it. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/machine.h"

#define PAGE 4096ull
#define SLOTS_MOST (2 * 32764)	/* KVM's memslots, of both address spaces: KVM_USER_MEM_SLOTS */
#define LOW_MOST 0xd0000000ull	/* of Firecracker's memory: MEM_32BIT_GAP_SIZE is 768 MiB */

/* What the reader of `info mtree -f` is in. */
struct mtree {
	struct machine *machine;
	bool memory, smm;		/* this view is of these address spaces */
	bool seen;			/* there was one */
	uint64_t vcpus;
};

/* " AS "NAME", root: ..." below "FlatView #N". */
static void take_space(struct mtree *mtree, const char *line)
{
	mtree->memory |= !strncmp(line, "AS \"memory\"", 11);
	mtree->smm |= !strncmp(line, "AS \"KVM-SMRAM\"", 14) || !strncmp(line, "AS \"cpu-smm-0\"", 14);
	mtree->vcpus += !strncmp(line, "AS \"cpu-memory-", 15);
}

/* "NAME[ @OFFSET][ owner:{...} or orphan][ KVM]": a name may have blanks, as those of VFIO's BARs. */
static size_t name_length(const char *name)
{
	static const char *const next[] = { " @", " owner:{", " parent:{", " orphan", " KVM" };
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		const char *end = strstr(name, next[i]);

		if (end && (size_t)(end - name) < length)
			length = (size_t)(end - name);
	}
	return length;
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
		code = mtree->machine->count < SLOTS_MOST ? machine_add(mtree->machine, &slot) : -E2BIG;
	}
	return code;
}

/*
 * What QEMU's memory_region_type() calls RAM, with "nv-" before it if the memory is not volatile.
 * False: it is no RAM.
 */
static bool take_kind(const char *kind, struct machine_slot *slot)
{
	kind += strncmp(kind, "nv-", 3) ? 0 : 3;
	slot->device = !strcmp(kind, "ramd");
	slot->readonly = !strcmp(kind, "rom") || !strcmp(kind, "romd");
	return !strcmp(kind, "ram") || slot->device || slot->readonly;
}

/* "FIRST-LAST (prio N, KIND): NAME..." */
static int take_range(struct mtree *mtree, char *line)
{
	struct machine_slot slot = { 0 };
	const char *offset;
	char kind[16];
	uint64_t last;
	int at = 0;

	if ((!mtree->memory && !mtree->smm) ||
	    sscanf(line, "%" SCNx64 "-%" SCNx64 " (prio %*[^,], %15[^)]): %n", &slot.base, &last,
		   kind, &at) != 3 || !at || !take_kind(kind, &slot))
		return 0;
	offset = strstr(line + at, " @");
	slot.offset = offset ? strtoull(offset + 2, NULL, 16) : 0;
	line[(size_t)at + name_length(line + at)] = '\0';
	slot.memory = text_hash(line + at);
	return align(&slot, last) ? add_range(mtree, &slot, line + at) : 0;
}

/* The first view of a print. If a monitor's log has several prints, the last one counts. */
static void begin(struct mtree *mtree)
{
	mtree->machine->count = 0;
	mtree->vcpus = 0;
}

static int take_line(struct mtree *mtree, char *line)
{
	line += strspn(line, " \t");
	line[strcspn(line, "\r\n")] = '\0';
	if (!strcmp(line, "FlatView #0"))
		begin(mtree);
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

/* The first bytes of a line: the rest of one that is longer is dropped. */
static bool next_line(FILE *file, char *line, int size)
{
	char rest[256];
	const char *last = line;

	if (!fgets(line, size, file))
		return false;
	while (!strchr(last, '\n') && fgets(rest, sizeof(rest), file))
		last = rest;
	return true;
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
	char line[1024];
	int code = 0;

	*machine = (struct machine){ 0 };
	snprintf(machine->what, sizeof(machine->what), "QEMU's memory, from info mtree -f: %.80s", name);
	while (!code && next_line(file, line, sizeof(line)))
		code = take_line(&mtree, line);
	if (code == -E2BIG)
		err_set(err, E2BIG, "%s: more ranges of RAM than the %d memslots that KVM has", name, SLOTS_MOST);
	else if (code)
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
	bool hotplug = json_object_size(json_object_get(json, "memory-hotplug"));
	bool pmem = json_array_size(json_object_get(json, "pmem"));
	const char *less = hotplug && pmem ? ", without memory-hotplug and pmem" :
			   hotplug ? ", without memory-hotplug" : pmem ? ", without pmem" : "";
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
	snprintf(machine->what, sizeof(machine->what), "Firecracker's memory%s: %.60s", less, name);
	machine->vcpus = (uint64_t)vcpus;
	code = firecracker_memory(machine, (uint64_t)mib << 20);
	if (code)
		machine_free(machine);
	return code ? err_errno(err, ENOMEM, "%s", name) : 0;
}
