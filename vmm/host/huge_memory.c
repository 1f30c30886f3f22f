// SPDX-License-Identifier: GPL-2.0-only
#include "host/huge_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/source.h"

#define SMAPS "/proc/self/smaps"
#define HUGE_PAGE (2ull << 20)

struct span {
	uint64_t start, end;
	uint64_t covered, huge;		/* bytes of it that mappings have named; that are huge */
	bool inside, beyond;		/* the mapping being read is in it; one reached beyond it */
};

/* A line with a figure in kB of what is mapped by PMDs or PUDs (fs/proc/task_mmu.c, __show_smap()). */
static uint64_t huge_bytes(const char *line)
{
	static const char *const names[] = {
		"AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:", "Shared_Hugetlb:", "Private_Hugetlb:",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(line, names[i], strlen(names[i])))
			return strtoull(line + strlen(names[i]), NULL, 10) << 10;
	return 0;
}

static void take_line(struct span *span, const char *line)
{
	uint64_t start, end;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) != 2) {
		span->huge += span->inside ? huge_bytes(line) : 0;
		return;
	}
	span->inside = start < span->end && end > span->start;
	if (!span->inside)
		return;
	span->beyond |= start < span->start || end > span->end;
	span->covered += end - start;
}

/* The bytes of a range that lie in whole huge pages. */
static uint64_t whole_pages(uint64_t start, uint64_t size)
{
	uint64_t first = (start + HUGE_PAGE - 1) / HUGE_PAGE, end = (start + size) / HUGE_PAGE;

	return end > first ? (end - first) * HUGE_PAGE : 0;
}

bool huge_memory_is_whole(const char *root, uint64_t start, uint64_t size)
{
	uint64_t huge = whole_pages(start, size);
	struct span span = { .start = start, .end = start + size };
	char why[SOURCE_WHY], *line = NULL;
	size_t room = 0;
	FILE *file;
	int code = source_open(&file, root, SMAPS, why);

	if (code)
		return false;
	while (getline(&line, &room, file) > 0)
		take_line(&span, line);
	free(line);
	code = source_close(file, SMAPS, source_end(file), why);
	return !code && !span.beyond && span.covered == size && huge && span.huge == huge;
}
