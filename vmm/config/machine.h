/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memslots of a VM that no config describes: one that runs, one that another VMM made, or a common
 * one of some size. As an ini file it is a config like any other.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "config/config.h"

struct machine_slot {
	char name[CONFIG_NAME_MAX];	/* of a section: machine_add() makes it fit and unique */
	uint64_t base, size;
	bool smm, readonly, dirty_log, device;
	/* Which memory it shows, and from where on: slots that show the same are one memory. */
	uint64_t memory, offset;
	size_t alias;			/* index of the slot whose memory it shows, or SIZE_MAX */
};

struct machine {
	char what[128];			/* a comment: where it comes from */
	uint64_t vcpus;
	struct machine_slot *slots;
	size_t count, room;
};

/* 0 or -ENOMEM. */
int machine_add(struct machine *machine, const struct machine_slot *slot);
/* Finds, once all slots are there, those that show the memory of another one. */
void machine_join(struct machine *machine);
void machine_free(struct machine *machine);

/* Writes it as a config. runs: with the phases of the transition, to be run. 0 or -errno. */
int machine_write(const struct machine *machine, bool runs, FILE *out);

/*
 * A common machine of so much memory: "q35" or "microvm". 0, -EINVAL for another kind or less memory
 * than MACHINE_LEAST, or -ENOMEM.
 */
#define MACHINE_LEAST (2ull << 20)
bool machine_kind_is(const char *text);
int machine_of_size(const char *kind, uint64_t size, struct machine *machine);
/*
 * `info mtree -f` of QEMU's monitor: the address space "memory", and that of SMM. 0, or -errno with the
 * reason in err.
 */
int machine_of_qemu(FILE *file, const char *name, struct machine *machine, struct err *err);
/* Firecracker's configuration, or what PUT /machine-config takes: sizes in MiB. The same. */
int machine_of_firecracker(FILE *file, const char *name, struct machine *machine, struct err *err);

#endif
