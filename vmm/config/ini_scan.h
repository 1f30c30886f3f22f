/* SPDX-License-Identifier: GPL-2.0-only */
/* One ini text: what is on which line, and the values as iniparser reads them. */
#ifndef INI_SCAN_H
#define INI_SCAN_H

#include <stddef.h>

#include "config/diag.h"

enum ini_item_kind {
	INI_SECTION,
	INI_KEY,
	INI_DROPPED,	/* a line with an error, in the section before it */
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
	bool incomplete;	/* a whole section, or the whole text, had an error */
};

/*
 * included: the file was named by another one, and shows nothing of its lines unless it looks like a config.
 * Errors in lines are added to diags, and these lines are left out of items. text is changed. Not
 * for two threads at once: iniparser's message callback is global. Returns 0, or -errno if there is
 * no memory or no memfd.
 */
int ini_scan(const char *file, bool included, char *text, size_t size, struct ini_items *items,
	     struct diags *diags);
void ini_items_free(struct ini_items *items);

#endif
