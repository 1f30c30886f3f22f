// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds files to a harness, without libFuzzer: usage: HARNESS FILE... It names on stderr the file
 * that it reads.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint8_t *read_whole(const char *path, size_t *size)
{
	static uint8_t data[4 << 20];
	FILE *file = fopen(path, "r");
	uint8_t *exact;

	MUST(file);
	*size = fread(data, 1, sizeof(data), file);
	MUST(feof(file));
	fclose(file);
	/* Memory of just this size: the sanitizer sees a read behind its end. */
	exact = malloc(*size ? *size : 1);
	MUST(exact);
	memcpy(exact, data, *size);
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
