// SPDX-License-Identifier: GPL-2.0-only
#include "base/suggest.h"

#include <ctype.h>
#include <string.h>

#define WORD_MAX 48

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * The number of edits from a to b (optimal string alignment): swapping two neighbouring letters
 * is one edit, and a difference in case is none.
 */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int rows[3][WORD_MAX + 1];
	size_t length_a = strlen(a), length_b = strlen(b);

	if (length_a > WORD_MAX || length_b > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= length_b; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= length_a; i++) {
		unsigned int *row = rows[i % 3], *above = rows[(i + 2) % 3];
		const unsigned int *before = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= length_b; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[length_a % 3][length_b];
}

void suggest_try(struct suggestion *suggestion, const char *name)
{
	/* A third of the letters may be wrong, but always one. */
	size_t limit = strlen(suggestion->word) < 6 ? 1 : strlen(suggestion->word) / 3;
	unsigned int distance = edit_distance(suggestion->word, name);

	/* A word that is the beginning of a name is one edit away from it. */
	if (strlen(suggestion->word) > 2 &&
	    !strncmp(suggestion->word, name, strlen(suggestion->word)))
		distance = least(distance, 1);
	if (distance > limit || (suggestion->best && distance >= suggestion->distance))
		return;
	suggestion->best = name;
	suggestion->distance = distance;
}
