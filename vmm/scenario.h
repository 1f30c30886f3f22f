/* SPDX-License-Identifier: GPL-2.0-only */
/* Configs that are built in. Wherever a config's path is asked for, "builtin:NAME" is one. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stddef.h>

struct scenario_info {
	const char *name, *does, *text;	/* text: the ini file */
};

size_t scenario_count(void);
const struct scenario_info *scenario_info(size_t index);
/* By the path of a config: NULL if it does not begin with "builtin:", or there is no such. */
const struct scenario_info *scenario_find(const char *path);

#endif
