/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GNUPLOT_H
#define GNUPLOT_H

#include <stddef.h>

#include "base/err.h"

/*
 * Runs a script that plots to gnuplot's standard output, and writes that output to PATH, whole or
 * not at all.
 */
int gnuplot_run(const char *script, size_t size, const char *path, struct err *err);

#endif
