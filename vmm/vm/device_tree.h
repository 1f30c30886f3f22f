/* SPDX-License-Identifier: GPL-2.0-only */
/* The flattened device tree that tells the payload about its VM (minivmm_abi.h). */
#ifndef DEVICE_TREE_H
#define DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/layout.h"

struct payload;

/* Index of what the payload does in a stress phase for a worker whose op has a job. */
uint32_t device_tree_job(const struct config *config, size_t phase, size_t worker);
/* Bytes a tree of this layout never exceeds. */
size_t device_tree_bound(const struct layout *layout);
/* A tree of payload->tree_size bytes, malloc'ed into *tree. */
int device_tree_make(const struct layout *layout, const struct payload *payload, void **tree,
		     struct err *err);

#endif
