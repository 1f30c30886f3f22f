/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel's memory where there is no /proc/kcore, or where its addresses are hidden: two
 * BPF programs of some instructions, which are attached to nothing. The kernel runs one once for
 * each BPF_PROG_TEST_RUN, and it copies at most a chunk to a map. It writes nothing of the kernel's,
 * and needs no compiler. Linux 5.10 or newer, CAP_BPF and CAP_PERFMON.
 */
#ifndef KERNEL_PROBE_H
#define KERNEL_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "host/snapshot.h"

struct kernel_probe {
	int map, reader, task;		/* descriptors; -1: none */
	const unsigned char *chunk;	/* the map's memory */
};

/* 0, or -errno with the reason in why. */
int kernel_probe_open(struct kernel_probe *probe, char why[SOURCE_WHY]);
void kernel_probe_close(struct kernel_probe *probe);
/* 0, or -EFAULT where the address is no memory. */
int kernel_probe_read(const struct kernel_probe *probe, uint64_t address, void *buffer,
		      size_t size);
/* The address of this thread's task_struct, or 0. */
uint64_t kernel_probe_task(const struct kernel_probe *probe);

#endif
