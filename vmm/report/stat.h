/* SPDX-License-Identifier: GPL-2.0-only */
/* What `minivmm stat` shows: the VMs of a host as JSON, minivmm.stat/1, and its renderings. */
#ifndef STAT_H
#define STAT_H

#include <jansson.h>
#include <stdio.h>

#include "host/host.h"
#include "host/host_vms.h"

/* walked: mmu_rmaps_stat was read. NULL: no memory. */
json_t *stat_json(const struct host *host, const struct host_vms *vms, bool walked);
/* Renderings, from the JSON alone. 0 or -ENOMEM; errors of the stream stay in the stream. */
int stat_text(const json_t *stat, FILE *out);
int stat_prom(const json_t *stat, FILE *out);

#endif
