/* SPDX-License-Identifier: GPL-2.0-only */
/* The payload's reader of the device tree, on the host. */
#ifndef FUZZ_TREE_H
#define FUZZ_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads it all as vCPU 0 does, with each of so many phases. False: it is refused. */
bool tree_run(const void *fdt, size_t size, size_t phases);

#endif
