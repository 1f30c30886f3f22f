/* SPDX-License-Identifier: GPL-2.0-only */
/* Members of the JSON report that have a file of their own. NULL: no memory. */
#ifndef REPORT_PARTS_H
#define REPORT_PARTS_H

#include <jansson.h>

struct run;
struct stress_result;

/* What stands before the command, at the end of the remedy of a check that failed. */
#define REPLAY_LINE "to replay it:\n"

/* phases[].workers; null for a phase that is no stress */
json_t *stress_json(const struct stress_result *stress);
/* phases[].vms: those besides the scenario's own; null for a phase that is no stress */
json_t *stress_vms_json(const struct stress_result *stress);
/* contention[]; empty where no stress phase was run */
json_t *contention_json(const struct run *run);

#endif
