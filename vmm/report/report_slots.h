/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slots of a report. A file has them one by one; in memory a row of equal slots is one
 * value, or 32,764 of them would take more than everything else together.
 */
#ifndef REPORT_SLOTS_H
#define REPORT_SLOTS_H

#include <jansson.h>
#include <stdio.h>

#include "base/amount.h"
#include "config/layout.h"
#include "model/model.h"

/*
 * Member of a value that stands for a row: {"count": n, "stride": bytes}. Its name, id and base
 * are the first one's, those of the others count up. No file has it.
 */
#define SLOTS_REPEAT "repeat"

/* model NULL: nothing is predicted. NULL: out of memory. */
json_t *report_slots_json(const struct layout *layout, const struct model *model);
/* A footprint as JSON, null where it is not known; NULL: out of memory. */
json_t *footprint_json(const struct footprint *footprint, bool known);
/* Sets its "rmap_bytes", "tracking_bytes", ... in object. 0 or -ENOMEM. */
int footprint_set(json_t *object, const struct footprint *footprint, bool known);
/* How many slots a value stands for: 1 in a file. */
int64_t slots_in_row(const json_t *slot);
/* The VM's memory, by layout_memory(); of a report that is too old to say it, by its slots. */
struct amount report_memory(const json_t *report);
/* The slots as a JSON array, rows unfolded. Errors stay in the stream. */
void report_slots_write(const json_t *slots, FILE *out);

#endif
