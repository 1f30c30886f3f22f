// SPDX-License-Identifier: GPL-2.0-only
#include "host/rmap_state.h"

const char *rmap_state_name(enum rmap_state state)
{
	static const char *const names[] = {
		[RMAP_UNKNOWN] = "unknown", [RMAP_LAZY] = "lazy", [RMAP_ALLOCATED] = "allocated",
	};

	return names[state];
}
