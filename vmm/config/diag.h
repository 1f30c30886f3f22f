/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of a config on their way to struct errors: collected as found, handed on in file order. */
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
	bool lost;		/* no memory: there are more */
};

/*
 * "file:line: section.key: value: rule". Any of section, key and value may be
 * NULL, value also empty; without a line it is "file: ...". at.file is kept, not copied.
 */
void diag_add(struct diags *diags, struct origin at, const char *section, const char *key,
	      const char *value, const char *rule, ...) __attribute__((format(printf, 6, 7)));

/* Moves everything to errors, sorted by file and line. Returns 0, -EINVAL if there was anything. */
int diags_report(struct diags *diags, struct errors *errors);

#endif
