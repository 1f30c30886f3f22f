/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMs of a host, for `minivmm stat`: JSON of schema minivmm.stat/1 and its renderings. */
#ifndef STAT_H
#define STAT_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "host/host.h"
#include "host/host_vms.h"
#include "model/predict.h"

struct stat_view {
	const struct host *host;
	const struct host_vms *vms;
	time_t time;			/* when they were read; 0: not said */
	bool walked;			/* were the VMs' mmu_rmaps_stat files read? */
	/* With --predict. */
	const struct host_prediction *prediction; /* NULL: not asked for */
	const struct memory_limits *limits;
	const char *why;		/* why the memslots could not be read, or "" */
	const struct kernel_vms *kernel; /* what was read of the kernel's memory; NULL: nothing */
	bool slots;			/* show each memslot */
};

/* Returns NULL without memory. A VM that is hidden counts, but is not shown. */
json_t *stat_json(const struct stat_view *view);
/* What a prediction adds to vms[i], or nulls without one. NULL without memory. */
json_t *stat_predict_json(const struct stat_view *view, size_t i);
/* The limits, and all VMs together. NULL without memory. */
json_t *stat_limits_json(const struct stat_view *view);

/* Renderings, for report_render(). */
int stat_text(const json_t *stat, FILE *out);
int stat_prom(const json_t *stat, FILE *out);
/* What stat_text() shows of a prediction, and stat_prom() adds. */
int stat_predict_text(const json_t *stat, FILE *out);
void stat_predict_sum(const json_t *stat, FILE *out);	/* below the VMs */
void stat_predict_prom(const json_t *stat, FILE *out);

#endif
