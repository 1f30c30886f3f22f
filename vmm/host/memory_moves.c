// SPDX-License-Identifier: GPL-2.0-only
#include "host/memory_moves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/source.h"

#define VMSTAT "/proc/vmstat"

/*
 * mm/vmstat.c, vmstat_text[]. A page that the kernel wanted to move or reclaim, and could not, it has unmapped all the same
 * (try_to_migrate(), try_to_unmap()): so pgmigrate_fail counts, and pgscan instead of pgsteal. What minivmm's own
 * madvise(MADV_DONTNEED) and mprotect() do is not among them: that a huge page is split (thp_split_page) says nothing.
 */
static const struct move {
	const char *name;	/* or how it begins, where it ends in _ */
	const char *text;
} moves_known[] = {
	{ "pswpout", "pages were swapped out (pswpout)" },
	{ "pgscan_", "memory was reclaimed (pgscan)" },
	{ "pgmigrate_", "pages were migrated (pgmigrate)" },
	{ "numa_pte_updates", "pages were unmapped to see who uses them (numa_pte_updates)" },
	{ "thp_collapse_alloc", "khugepaged moved pages into huge ones (thp_collapse_alloc)" },
	{ "slabs_scanned", "the shrinkers ran, KVM's among them (slabs_scanned)" },
	{ "ksm_swpin_copy", "pages that KSM had merged were copied (ksm_swpin_copy)" },
	{ "cow_ksm", "pages that KSM had merged were copied (cow_ksm)" },
};
_Static_assert(sizeof(moves_known) / sizeof(moves_known[0]) == MEMORY_MOVES, "each has its count");

static bool has_name(const char *line, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(line, name, length) && (line[length] == ' ' || name[length - 1] == '_');
}

void memory_moves_read(const char *root, struct memory_moves *moves)
{
	char why[SOURCE_WHY], *line = NULL;
	size_t room = 0;
	FILE *file;

	*moves = (struct memory_moves){ 0 };
	if (source_open(&file, root, VMSTAT, why))
		return;
	while (getline(&line, &room, file) > 0) {
		const char *figure = strchr(line, ' ');

		for (int i = 0; figure && i < MEMORY_MOVES; i++)
			if (has_name(line, moves_known[i].name))
				moves->counts[i] += strtoull(figure, NULL, 10);
	}
	free(line);
	source_close(file, VMSTAT, source_end(file), why);
}

const char *memory_moves_between(const struct memory_moves *before, const struct memory_moves *after)
{
	for (int i = 0; i < MEMORY_MOVES; i++)
		if (before->counts[i] != after->counts[i])
			return moves_known[i].text;
	return NULL;
}
