/* SPDX-License-Identifier: GPL-2.0-only */
/* Many kernels, each run by itself: what is kept of each run, and the renderings of all of them. */
#ifndef KERNELS_H
#define KERNELS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* What is kept of a kernel's report. NULL: no memory. */
json_t *kernels_row(const json_t *report);
/* The row of a kernel that was not run, and so has no report. NULL: no memory. */
json_t *kernels_row_without(const char *kernel, const char *result, const char *reason);
/* Takes over rows. exit_status: of all. NULL: no memory. */
json_t *kernels_json(const json_t *host, json_t *rows, uint64_t seed, int exit_status);

int kernels_text(const json_t *kernels, FILE *out);
int kernels_csv(const json_t *kernels, FILE *out);
int kernels_ktap(const json_t *kernels, FILE *out);

#endif
