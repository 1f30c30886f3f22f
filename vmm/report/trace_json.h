/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of a transition as reports show it. */
#ifndef TRACE_JSON_H
#define TRACE_JSON_H

#include <jansson.h>

#include "run/trace.h"

/* null where no trace was asked for. NULL: no memory. */
json_t *trace_json(const struct trace *trace);

#endif
