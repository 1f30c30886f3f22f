/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A symbol of module kvm, from the module's own symbol table in the kernel's memory. /proc/kallsyms
 * shows the same, but prints all symbols of vmlinux before: that takes the kernel longer than all
 * else that a reader of memslots asks of it.
 */
#ifndef MODULE_SYMBOLS_H
#define MODULE_SYMBOLS_H

#include "host/kernel_memory.h"
#include "host/kernel_types.h"

/*
 * root: "" or a fixture folder. Returns its address, or 0 where the table can't be found or has no
 * such symbol: KVM is built in, addresses are hidden, or BTF does not describe modules.
 */
uint64_t module_symbol(const char *root, const struct kernel_memory *memory,
		       const struct kernel_types *types, const char *name);

#endif
