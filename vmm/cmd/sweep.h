/* SPDX-License-Identifier: GPL-2.0-only */
/* The transition's time and bytes against the VM's size and its number of slots. */
#ifndef SWEEP_H
#define SWEEP_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* A report of one run becomes one point, as JSON. NULL: no memory. */
json_t *sweep_point(uint64_t size, uint64_t slots, const json_t *report);
/* Points become {"schema": "minivmm.sweep/1", ...}; steals points, host is of a report. */
json_t *sweep_json(const json_t *host, json_t *points);
int sweep_text(const json_t *sweep, FILE *out);
int sweep_csv(const json_t *sweep, FILE *out);

/*
 * The config of one point: 3 GiB at most below 4 GiB, the rest above it; so many slots
 * in all. Returns text, to be freed, or NULL where there is none: slots of less than a page.
 */
char *sweep_config(uint64_t size, uint64_t slots);

#endif
