/* SPDX-License-Identifier: GPL-2.0-only */
/* One ini text: what is on which line, and iniparser's reading of the values. */
#ifndef INI_SCAN_H
#define INI_SCAN_H

#include <stddef.h>

#include "config/diag.h"

enum ini_item_kind {
	INI_SECTION,
	INI_KEY,
	INI_DROPPED,	/* a line of the section before that was refused */
};

struct ini_item {
	enum ini_item_kind kind;
	unsigned int line;
	char *name;		/* as written: case is not folded */
	char *value;		/* of a key; may be "" */
	const char *section;	/* of a key: the name of the INI_SECTION before it */
};

struct ini_items {
	struct ini_item *list;	/* in file order */
	size_t count, room;
	bool incomplete;	/* a whole section, or all, was refused */
};

/*
 * Lines that break a rule go to diags and are not in items. text is changed.
 * iniparser's message callback is global: not for two threads at once.
 * Returns 0 or -errno where the machine failed (memory, memfd), not the text.
 */
int ini_scan(const char *file, char *text, size_t size, struct ini_items *items,
	     struct diags *diags);
void ini_items_free(struct ini_items *items);

#endif
