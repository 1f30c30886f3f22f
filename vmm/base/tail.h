/* SPDX-License-Identifier: GPL-2.0-only */
/* The last characters of a text that somebody whom we do not trust writes, made safe to be shown. */
#ifndef TAIL_H
#define TAIL_H

#include <stdbool.h>
#include <stddef.h>

struct tail {
	char text[2048];
	size_t length;
	bool cut;		/* something came before it */
};

/* Printable ASCII, tab and newline stay; a carriage return goes, any other byte becomes '?'. */
void tail_add(struct tail *tail, char byte);
/* Ends it with that? */
bool tail_ends_with(const struct tail *tail, const char *text);
/* Copies what fits of its end, from the begin of a line if there is one. */
void tail_copy(const struct tail *tail, char *to, size_t size);

#endif
