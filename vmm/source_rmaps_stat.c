// SPDX-License-Identifier: GPL-2.0-only
/*
 * arch/x86/kvm/debugfs.c, kvm_mmu_rmaps_stat_show(), 5.15: nothing while the VM has no
 * rmaps, else how many rmap heads of each level have how many mappings:
 *
 *   Rmap_Count:	0	1	2-3	4-7	...	512-1023
 *   Level=4K:	16777208	8	0	0	...	0
 *   Level=2M:	32768	0	0	0	...	0
 *   Level=1G:	64	0	0	0	...	0
 *
 * The file is in a folder named after the thread that created the VM (task_pid_nr(): its id
 * in the initial pid namespace) and the VM's file descriptor.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source.h"

#define DEBUGFS "/sys/kernel/debug"
#define FILE_NAME "mmu_rmaps_stat"
#define LEVELS 3
#define COLUMNS 11		/* RMAP_LOG_SIZE */
#define LINE 512

static bool is_header(const char *line)
{
	static const char start[] = "Rmap_Count:\t0\t1\t2-3\t";
	unsigned int columns = 0;

	if (strncmp(line, start, sizeof(start) - 1))
		return false;
	for (; *line; line++)
		columns += *line == '\t' && line[1] != '\n';
	return columns == COLUMNS;
}

static int parse_level(const char *line, const char *name, uint64_t *heads, uint64_t *mapped)
{
	uint64_t count, empty = 0, total = 0;

	if (strncmp(line, name, strlen(name)))
		return -EINVAL;
	line += strlen(name);
	for (int column = 0; column < COLUMNS; column++) {
		if (*line++ != '\t' || !source_number(&line, &count) ||
		    __builtin_add_overflow(total, count, &total))
			return -EINVAL;
		if (!column)
			empty = count;
	}
	line += *line == '\t';
	if (strcmp(line, "\n"))
		return -EINVAL;
	*heads = total;
	*mapped = total - empty;
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
		code = parse_level(line, names[level], &stat->heads[level], &stat->mapped[level]);
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

/* Another process's VM could have the name that this one's would have. */
static bool in_pid_namespace(const char *root)
{
	static const char initial[] = "pid:[4026531836]";	/* PROC_PID_INIT_INO */
	char path[SOURCE_PATH], name[64];
	ssize_t length = readlink(source_path(path, root, "/proc/self/ns/pid"),
				  name, sizeof(name));

	return length > 0 && ((size_t)length != sizeof(initial) - 1 ||
			      memcmp(name, initial, (size_t)length));
}

static int say(char why[SOURCE_WHY], int code, const char *text)
{
	snprintf(why, SOURCE_WHY, "%s", text);
	return -code;
}

/* 0, or the errno of looking there. */
static int look_for(const char *root, const char *path)
{
	char buffer[SOURCE_PATH];
	struct stat found;

	return stat(source_path(buffer, root, path), &found) ? errno : 0;
}

/* The file can't be opened: what is missing on the way to it? */
static int explain(const char *root, const char *vm, int code, char why[SOURCE_WHY])
{
	char folder[SOURCE_PATH];

	if (code == EACCES)
		return say(why, code, DEBUGFS ": only root may look there");
	if (code == EPERM)
		return say(why, code, "the kernel is locked down: its lockdown keeps " FILE_NAME
			   " from everybody, root too");
	if (code != ENOENT)
		return source_errno(why, code, FILE_NAME);
	if (look_for(root, DEBUGFS "/kvm"))
		return say(why, code, "debugfs is not mounted (there is no " DEBUGFS "/kvm)");
	snprintf(folder, sizeof(folder), DEBUGFS "/kvm/%s", vm);
	if (!look_for(root, folder))
		return say(why, code, "this kernel has no " FILE_NAME ": it came with Linux 5.15");
	snprintf(why, SOURCE_WHY, "there is no folder %s of this VM in " DEBUGFS "/kvm", vm);
	return -code;
}

int rmaps_stat_of(const char *root, const char *vm, struct rmaps_stat *stat, char why[SOURCE_WHY])
{
	char path[128];
	FILE *file;
	int code;

	snprintf(path, sizeof(path), DEBUGFS "/kvm/%s/" FILE_NAME, vm);
	code = source_open(&file, root, path, why);
	if (code)
		return explain(root, vm, -code, why);
	return source_close(file, path, rmaps_stat_parse(file, stat), why);
}

int rmaps_stat_read(const struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	char vm[32];

	if (!sources->vm_pid)
		return say(why, ENOENT, "no VM yet");
	if (in_pid_namespace(sources->root))
		return say(why, ENOENT, "in a pid namespace (container) the VM's folder in debugfs "
			   "is named after a pid that can't be known here");
	snprintf(vm, sizeof(vm), "%d-%d", sources->vm_pid, sources->vm_fd);
	return rmaps_stat_of(sources->root, vm, &snapshot->rmaps, why);
}
