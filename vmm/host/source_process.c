// SPDX-License-Identifier: GPL-2.0-only
/* The descriptors and vCPU mappings of this process: a VM that is destroyed leaves none. */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/value.h"
#include "host/source.h"

#define DESCRIPTORS "/proc/self/fd"
#define MAPPINGS "/proc/self/maps"

static int count_descriptors(const char *root, uint64_t *count, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];
	DIR *folder = opendir(source_path(path, root, DESCRIPTORS));
	int code;

	if (!folder)
		return source_errno(why, errno, DESCRIPTORS);
	*count = 0;
	errno = 0;
	for (const struct dirent *entry; (entry = readdir(folder)); )
		*count += entry->d_name[0] != '.';
	code = errno;
	closedir(folder);
	if (code)
		return source_errno(why, code, DESCRIPTORS);
	/* One of them is the descriptor that reads the folder. */
	if (!root[0])
		--*count;
	return 0;
}

static int count_mappings(FILE *file, uint64_t *count)
{
	char line[1024];

	*count = 0;
	while (fgets(line, sizeof(line), file))
		*count += strstr(line, "anon_inode:kvm") != NULL;
	return source_end(file);
}

int process_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	uint64_t descriptors, mappings;
	FILE *file;
	int code = count_descriptors(sources->root, &descriptors, why);

	if (!code)
		code = source_open(&file, sources->root, MAPPINGS, why);
	if (code)
		return code;
	code = source_close(file, MAPPINGS, count_mappings(file, &mappings), why);
	if (code)
		return code;
	snapshot->process.descriptors = descriptors;
	snapshot->process.kvm_mappings = mappings;
	return 0;
}

json_t *process_json(const struct snapshot *snapshot)
{
	return json_pack("{s:o, s:o}",
			 "descriptors", value_u64(snapshot->process.descriptors),
			 "kvm_mappings", value_u64(snapshot->process.kvm_mappings));
}
