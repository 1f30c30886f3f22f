/* SPDX-License-Identifier: GPL-2.0-only */
/* "Did you mean": finds the name nearest to a word. */
#ifndef SUGGEST_H
#define SUGGEST_H

struct suggestion {
	const char *word;	/* what was written */
	const char *best;	/* the nearest name so far; NULL: none is near enough */
	unsigned int distance;
};

#define SUGGESTION(written) ((struct suggestion){ .word = (written) })

void suggest_try(struct suggestion *suggestion, const char *name);

#endif
