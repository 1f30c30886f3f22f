/* SPDX-License-Identifier: GPL-2.0-only */
/* Configs that are built in. "builtin:NAME" is valid wherever the path of a config is. */
#ifndef BUILTIN_H
#define BUILTIN_H

#include <stddef.h>

struct builtin_info {
	const char *name, *does, *text;	/* text: the ini file */
};

size_t builtin_count(void);
const struct builtin_info *builtin_info(size_t index);
/* By the path of a config; NULL if it does not begin with "builtin:" or the name is unknown. */
const struct builtin_info *builtin_find(const char *path);

#endif
