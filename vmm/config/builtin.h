/* SPDX-License-Identifier: GPL-2.0-only */
/* Configs that are built in. Wherever a config's path is asked for, "builtin:NAME" is one. */
#ifndef BUILTIN_H
#define BUILTIN_H

#include <stddef.h>

struct builtin_info {
	const char *name, *does, *text;	/* text: the ini file */
};

size_t builtin_count(void);
const struct builtin_info *builtin_info(size_t index);
/* By the path of a config: NULL if it does not begin with "builtin:", or there is no such. */
const struct builtin_info *builtin_find(const char *path);

#endif
