// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds files to a harness, without libFuzzer: usage: HARNESS FILE... It names on stderr the file
 * that it reads.
 */
#include <stdlib.h>

#include "fuzz.h"

static uint8_t *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	uint8_t *data, *exact;

	MUST(file);
	data = malloc(4 << 20);
	MUST(data);
	*size = fread(data, 1, 4 << 20, file);
	MUST(feof(file));
	fclose(file);
	/* So that a read behind the end is seen. */
	exact = realloc(data, *size ? *size : 1);
	MUST(exact);
	return exact;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t size;
		uint8_t *data = read_whole(argv[i], &size);

		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(data, size);
		free(data);
	}
	printf("%d\n", argc - 1);
	return argc < 2;
}
