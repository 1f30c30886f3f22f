// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/value.h"
#include "host/source.h"

#define PATH "/proc/meminfo"
#define FIELDS 3

int meminfo_parse(FILE *file, struct meminfo *meminfo)
{
	struct meminfo found = { 0 };
	const struct {
		const char *name;
		uint64_t *bytes;
	} fields[FIELDS] = {
		{ "VmallocUsed:", &found.vmalloc_used },
		{ "MemAvailable:", &found.mem_available },
		{ "Slab:", &found.slab },
	};
	bool seen[FIELDS] = { false };
	char line[256];
	int code;

	while (fgets(line, sizeof(line), file)) {
		for (int i = 0; i < FIELDS; i++) {
			int is = source_kilobytes(line, fields[i].name, fields[i].bytes);

			if (is < 0)
				return is;
			seen[i] |= is;
		}
	}
	code = source_end(file);
	if (code)
		return code;
	for (int i = 0; i < FIELDS; i++)
		if (!seen[i])
			return -EINVAL;
	*meminfo = found;
	return 0;
}

int meminfo_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	FILE *file;
	int code = source_open(&file, sources->root, PATH, why);

	if (code)
		return code;
	return source_close(file, PATH, meminfo_parse(file, &snapshot->meminfo), why);
}

json_t *meminfo_json(const struct snapshot *snapshot)
{
	const struct meminfo *meminfo = &snapshot->meminfo;

	return json_pack("{s:o, s:o, s:o}",
			 "vmalloc_used_bytes", value_u64(meminfo->vmalloc_used),
			 "mem_available_bytes", value_u64(meminfo->mem_available),
			 "slab_bytes", value_u64(meminfo->slab));
}
