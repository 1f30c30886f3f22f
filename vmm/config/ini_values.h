/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef INI_VALUES_H
#define INI_VALUES_H

#include "config/ini_scan.h"

#define INI_NAME_MAX 255	/* "section:key" must fit iniparser's buffer of 1024 */

/*
 * Sets the value of each key among items, from the first-th on, as iniparser reads it in text. Not
 * for two threads at once: iniparser's message callback is global. Returns 0 or -errno. -EIO:
 * iniparser does not find a key of items, so none of its values can be trusted. -ENODEV: there is no
 * /proc. -ENOSPC: there is no room for a copy of text.
 */
int ini_values(const char *text, size_t size, struct ini_items *items, size_t first);

#endif
