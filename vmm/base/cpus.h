/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CPUS_H
#define CPUS_H

/* How many CPUs the host may have: the kernel keeps memory back for each. At least 1. */
unsigned int cpus_configured(void);

#endif
