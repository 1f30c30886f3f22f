/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a VM's rmaps exist, as some source on the host shows it. */
#ifndef RMAP_STATE_H
#define RMAP_STATE_H

enum rmap_state { RMAP_UNKNOWN, RMAP_LAZY, RMAP_ALLOCATED };

const char *rmap_state_name(enum rmap_state state);	/* "lazy", "allocated", "unknown" */

#endif
