/* SPDX-License-Identifier: GPL-2.0-only */
/* The transition's time and bytes, by the VM's size and its number of slots. */
#ifndef SWEEP_H
#define SWEEP_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* One point, as JSON, from the report of its run. NULL: no memory. */
json_t *sweep_point(uint64_t size, uint64_t slots, const json_t *report);
/* {"schema": "minivmm.sweep/1", ...}. Takes over points; host is a report's. */
json_t *sweep_json(const json_t *host, json_t *points);
int sweep_text(const json_t *sweep, FILE *out);
int sweep_csv(const json_t *sweep, FILE *out);

/*
 * The config of one point, with that many slots: at most 3 GiB are below 4 GiB, the rest is above.
 * Returns a text to be freed, or NULL if a slot would be smaller than a page.
 */
char *sweep_config(uint64_t size, uint64_t slots);

#endif
