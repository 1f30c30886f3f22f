/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of KVM's arrays, read from a report: by array, or summed over some of them. */
#ifndef ARRAY_AMOUNT_H
#define ARRAY_AMOUNT_H

#include "base/amount.h"
#include "model/arrays.h"

/* The value is an object that has "rmap_bytes" and so on: a phase, a prediction. */
struct amount amount_array(const json_t *footprint, enum array array);
/* All arrays; all but those of the first shadow root. */
struct amount amount_arrays(const json_t *footprint);
struct amount amount_other_arrays(const json_t *footprint);

/* transition has "rmap_bytes": {"predicted": ..., "measured": ...}; which: "measured". */
struct amount amount_transition_array(const json_t *transition, enum array array,
				      const char *which);
/* All arrays of the first shadow root. */
struct amount amount_transition(const json_t *transition, const char *which);

#endif
