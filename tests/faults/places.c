// SPDX-License-Identifier: GPL-2.0-only
/* Names for places: PROGRAM.symbols is what `nm -n --defined-only PROGRAM` prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

struct symbol {
	unsigned long address;
	char name[64];
};

static struct symbol *symbols;
static size_t count;
static unsigned long start;	/* of the program in memory */

void places_load(const char *program)
{
	char path[4096], line[512], type;
	struct symbol symbol;
	FILE *file;

	snprintf(path, sizeof(path), "%s.symbols", program);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx %c %63s", &symbol.address, &type, symbol.name) != 3)
			continue;
		if (!strcmp(symbol.name, "__executable_start"))
			start = symbol.address;
		if (type != 'T' && type != 't')
			continue;
		symbols = reallocarray(symbols, count + 1, sizeof(symbol));
		if (!symbols)
			abort();
		symbols[count++] = symbol;
	}
	if (file)
		fclose(file);
}

const char *place_name(unsigned long place)
{
	size_t low = 0, high = count;

	/* It is a return address: the call lies before it. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (symbols[middle].address <= start + place - 1)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? symbols[low - 1].name : "?";
}
