/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of a host, for `minivmm stat`: JSON of schema minivmm.stat/1 and its renderings. */
#ifndef STAT_H
#define STAT_H

#include <jansson.h>
#include <stdio.h>

#include "host/host.h"
#include "host/host_vms.h"

/* walked: were the VMs' mmu_rmaps_stat files read? Returns NULL without memory. */
json_t *stat_json(const struct host *host, const struct host_vms *vms, bool walked);
/* Renderings, for report_render(). */
int stat_text(const json_t *stat, FILE *out);
int stat_prom(const json_t *stat, FILE *out);

#endif
