/* SPDX-License-Identifier: GPL-2.0-only */
/* The flattened device tree that tells the payload about its VM (minivmm_abi.h). */
#ifndef DEVICE_TREE_H
#define DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/layout.h"

struct payload;

/* The index of the payload's phase that is a worker's job in a stress phase (op_info()->job). */
uint32_t device_tree_job(const struct config *config, size_t phase, size_t worker);
/* An upper bound in bytes for the tree of this layout. */
size_t device_tree_bound(const struct layout *layout);
/* Makes a tree of payload->tree_size bytes in *tree, which the caller frees. 0 or -errno. */
int device_tree_make(const struct layout *layout, const struct payload *payload, void **tree,
		     struct err *err);

#endif
