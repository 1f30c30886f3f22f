/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM that runs, as a machine that a config can describe. */
#ifndef VM_MACHINE_H
#define VM_MACHINE_H

#include "config/machine.h"
#include "host/host_vms.h"

/* The VM's memslots must be settled. 0 or -ENOMEM. */
int vm_machine(const struct host_vm *vm, struct machine *machine);

#endif
