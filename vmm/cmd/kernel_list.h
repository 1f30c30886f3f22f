/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that lists kernels, one per line, each with overrides of the config for it:
 *	svm.flat guest.args="one two" phase.run.expect=allocated
 * Blanks separate words, quotes keep them together, and a line that begins with # or ; is a comment.
 */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include <stddef.h>

#include "base/err.h"

struct kernel_line {
	unsigned int line;
	char **words;		/* guest.kernel=PATH, then the overrides */
	size_t count;
};

struct kernel_list {
	struct kernel_line *kernels;
	size_t count;
};

/* A relative path is one from the list's folder. -errno, with every error in errors. */
int kernel_list_read(const char *path, struct kernel_list *list, struct errors *errors);
void kernel_list_free(struct kernel_list *list);

#endif
