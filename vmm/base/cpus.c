// SPDX-License-Identifier: GPL-2.0-only
#include "base/cpus.h"

#include <unistd.h>

unsigned int cpus_configured(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	return cpus > 0 ? (unsigned int)cpus : 1;
}
