// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/x86/kvm/debugfs.c, kvm_mmu_rmaps_stat_show(), 5.15: nothing while the VM has no
 * rmaps, else how many rmap heads of each level have how many mappings:
 *
 *   Rmap_Count:	0	1	2-3	4-7	...	512-1023
 *   Level=4K:	16777208	8	0	0	...	0
 *   Level=2M:	32768	0	0	0	...	0
 *   Level=1G:	64	0	0	0	...	0
 */
#include <errno.h>
#include <string.h>

#include "base/value.h"
#include "host/source.h"

#define FILE_NAME "mmu_rmaps_stat"
#define LEVELS 3
#define LINE 512

static bool is_header(const char *line)
{
	static const char start[] = "Rmap_Count:\t0\t1\t2-3\t";
	unsigned int columns = 0;

	if (strncmp(line, start, sizeof(start) - 1))
		return false;
	for (; *line; line++)
		columns += *line == '\t' && line[1] != '\n';
	return columns == RMAPS_COLUMNS;
}

static int parse_level(const char *line, const char *name, uint64_t *columns, uint64_t *heads,
		       uint64_t *mapped)
{
	uint64_t total = 0;

	if (strncmp(line, name, strlen(name)))
		return -EINVAL;
	line += strlen(name);
	for (int column = 0; column < RMAPS_COLUMNS; column++) {
		if (*line++ != '\t' || !source_number(&line, &columns[column]) ||
		    __builtin_add_overflow(total, columns[column], &total))
			return -EINVAL;
	}
	line += *line == '\t';
	if (strcmp(line, "\n"))
		return -EINVAL;
	*heads = total;
	*mapped = total - columns[0];
	return 0;
}

static int parse_table(FILE *file, struct rmaps_stat *stat)
{
	static const char *const names[LEVELS] = { "Level=4K:", "Level=2M:", "Level=1G:" };
	char line[LINE];
	int code = 0;

	for (int level = 0; level < LEVELS && !code; level++) {
		if (!fgets(line, sizeof(line), file))
			return ferror(file) ? source_end(file) : -EINVAL;
		code = parse_level(line, names[level], stat->columns[level], &stat->heads[level],
				   &stat->mapped[level]);
	}
	if (!code && fgets(line, sizeof(line), file))
		return -EINVAL;
	return code ? code : source_end(file);
}

int rmaps_stat_parse(FILE *file, struct rmaps_stat *stat)
{
	struct rmaps_stat found = { 0 };
	char line[LINE];
	int code;

	if (fgets(line, sizeof(line), file)) {
		found.allocated = true;
		code = is_header(line) ? parse_table(file, &found) : -EINVAL;
	} else {
		code = source_end(file);
	}
	if (!code)
		*stat = found;
	return code;
}

int rmaps_stat_of(const char *root, const char *vm, struct rmaps_stat *stat, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];
	FILE *file;
	int code = debugfs_open(&file, root, vm, FILE_NAME, "5.15", why);

	if (code)
		return code;
	snprintf(path, sizeof(path), DEBUGFS "/kvm/%s/" FILE_NAME, vm);
	return source_close(file, path, rmaps_stat_parse(file, stat), why);
}

int rmaps_stat_own(const char *root, pid_t creator, int fd, struct rmaps_stat *stat,
		   char why[SOURCE_WHY])
{
	char vm[DEBUGFS_VM];
	int code = debugfs_own_vm(root, creator, fd, vm, why);

	return code ? code : rmaps_stat_of(root, vm, stat, why);
}

int rmaps_stat_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	return rmaps_stat_own(sources->root, sources->vm_pid, sources->vm_fd, &snapshot->rmaps, why);
}

static json_t *levels_json(const uint64_t levels[3])
{
	return json_pack("[o, o, o]", value_u64(levels[0]), value_u64(levels[1]),
			 value_u64(levels[2]));
}

/* The file of a lazy VM is empty: it has no figures. */
json_t *rmaps_stat_json(const struct snapshot *snapshot)
{
	const struct rmaps_stat *rmaps = &snapshot->rmaps;

	if (!rmaps->allocated)
		return json_pack("{s:s, s:n, s:n}", "state", "lazy", "heads", "mapped");
	return json_pack("{s:s, s:o, s:o}", "state", "allocated",
			 "heads", levels_json(rmaps->heads), "mapped", levels_json(rmaps->mapped));
}
