/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's memory as an address space to read from: /proc/kcore, or in a unit test an
 * ELF core file that holds a slice of it, or a probe (kernel_probe.h). Nothing is ever written, and
 * no lock of KVM is taken.
 */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/kernel_probe.h"
#include "host/snapshot.h"

struct kernel_memory {
	int fd;
	void *loads;		/* the program headers, Elf64_Phdr[count] */
	size_t count;
	bool probed;		/* read it by the probe, not by fd */
	struct kernel_probe probe;
};

/* root: "" or a fixture folder. 0, or -errno with the reason in why. */
int kernel_memory_open(struct kernel_memory *memory, const char *root, char why[SOURCE_WHY]);
/* The same by a probe. It allocates memory in the kernel, so never while that is measured. */
int kernel_memory_open_probe(struct kernel_memory *memory, char why[SOURCE_WHY]);
void kernel_memory_close(struct kernel_memory *memory);
/* 0, or -EFAULT where the address is no memory. Unmapped vmalloc space may also read as zeroes. */
int kernel_memory_read(const struct kernel_memory *memory, uint64_t address, void *buffer,
		       size_t size);

/* Can this be the address of a kernel object? */
bool kernel_pointer(uint64_t address);

/* A symbol of vmlinux or of module kvm, and its address: 0 until it is found. */
struct kernel_symbol {
	const char *name;
	uint64_t address;
};
/*
 * Looks all of them up in one pass over /proc/kallsyms. 0, or -errno with the reason in why when
 * the file can't be read or hides its addresses (kptr_restrict, no CAP_SYSLOG). A symbol that the
 * kernel does not have keeps address 0. At most one of them may be kvm's: where kvm is a module,
 * the pass ends there, as no kernel has all symbols that kvm_memslots.c asks for.
 */
int kernel_symbols_find(const char *root, struct kernel_symbol *symbols, size_t count,
			char why[SOURCE_WHY]);

#endif
