/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of a config: collected as they are found, and reported in the order of the file. */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct diag {
	struct origin at;
	size_t serial;		/* keeps the order of errors on one line */
	char *text;
};

struct diags {
	struct diag *list;
	size_t count, room;
	bool lost;		/* there are more, for which there was no memory */
};

/*
 * Adds "file:line: section.key: value: rule", or "file: ..." for line 0. section, key and value may
 * be NULL, and value may be empty. at.file is not copied.
 */
void diag_add(struct diags *diags, struct origin at, const char *section, const char *key,
	      const char *value, const char *rule, ...) __attribute__((format(printf, 6, 7)));

/* Moves all to errors, sorted by file and line. Returns 0 if there were none, else -EINVAL. */
int diags_report(struct diags *diags, struct errors *errors);

#endif
