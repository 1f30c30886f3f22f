/* SPDX-License-Identifier: GPL-2.0-only */
/* A snapshot as reports show it. NULL: out of memory. */
#ifndef SNAPSHOT_JSON_H
#define SNAPSHOT_JSON_H

#include <jansson.h>

#include "host/snapshot.h"

/* Source name -> its figures, null where it could not be read. */
json_t *snapshot_json(const struct snapshot *snapshot);
/* Source name -> "ok" or "unavailable: REASON". */
json_t *snapshot_sources_json(const struct snapshot *snapshot);

#endif
