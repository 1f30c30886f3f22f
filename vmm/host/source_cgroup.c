// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.stat of the cgroup (v2) this process is in: what KVM allocates for its VM is charged
 * there, and any user may read it. The root cgroup is not charged.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/source.h"

#define SELF "/proc/self/cgroup"
#define MOUNTS "/proc/self/mountinfo"
#define CHARGE_BATCH 64		/* MEMCG_CHARGE_BATCH, include/linux/memcontrol.h: pages per CPU */

static const char *const names[CGROUP_ITEMS] = {
	[CGROUP_VMALLOC] = "vmalloc",
	[CGROUP_KERNEL] = "kernel",
	[CGROUP_SLAB] = "slab",
	[CGROUP_SEC_PAGETABLES] = "sec_pagetables",
};

const char *cgroup_item_name(enum cgroup_item item)
{
	return names[item];
}

/* "vmalloc 168194048": the items that are there, in any order. */
int cgroup_parse(FILE *file, struct cgroup_memory *memory)
{
	struct cgroup_memory found = *memory;
	bool any = false;
	char line[256];
	int code;

	while (fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, " ");
		const char *text = line + length + 1;
		uint64_t value;

		if (line[length] != ' ' || !source_number(&text, &value) || *text != '\n')
			return -EINVAL;
		any = true;
		for (int i = 0; i < CGROUP_ITEMS; i++)
			if (strlen(names[i]) == length && !strncmp(names[i], line, length))
				found.items[i] = (struct figure){ true, value };
	}
	code = source_end(file);
	if (!code && !any)
		code = -EINVAL;
	if (!code)
		*memory = found;
	return code;
}

/* The path behind "0::" in /proc/self/cgroup. */
static int own_path(const struct sources *sources, char path[SOURCE_PATH], char why[SOURCE_WHY])
{
	char line[SOURCE_PATH];
	bool found = false;
	FILE *file;
	int code = source_open(&file, sources->root, SELF, why);

	if (code)
		return code;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, "0::/", 4);
	code = source_close(file, SELF, source_end(file), why);
	if (code)
		return code;
	if (!found) {
		snprintf(why, SOURCE_WHY, "this process is in no cgroup of version 2");
		return -ENOENT;
	}
	line[strcspn(line, "\n")] = '\0';
	snprintf(path, SOURCE_PATH, "%s", line + 3);
	return 0;
}

/* Fields 4 and 5 of mountinfo: what part of the tree is mounted, and where. */
static bool is_cgroup2(char *line, char **part, char **where)
{
	char *field = line, *save;

	if (!strstr(line, " - cgroup2 "))
		return false;
	for (int i = 0; (field = strtok_r(i ? NULL : line, " ", &save)) && i < 5; i++) {
		if (i == 3)
			*part = field;
		if (i == 4)
			*where = field;
	}
	return field != NULL;
}

/* The cgroup's folder: its path, with the mounted part of the tree replaced by the mount point. */
static int own_folder(const struct sources *sources, char folder[SOURCE_PATH], char why[SOURCE_WHY])
{
	char path[SOURCE_PATH], line[1024], *part = NULL, *where = NULL;
	bool found = false;
	FILE *file;
	size_t skip;
	int code = own_path(sources, path, why);

	if (!code)
		code = source_open(&file, sources->root, MOUNTS, why);
	if (code)
		return code;
	while (!found && fgets(line, sizeof(line), file))
		found = is_cgroup2(line, &part, &where);
	code = source_close(file, MOUNTS, source_end(file), why);
	if (code)
		return code;
	if (!found) {
		snprintf(why, SOURCE_WHY, "cgroup2 is not mounted");
		return -ENOENT;
	}
	skip = strcmp(part, "/") && !strncmp(path, part, strlen(part)) ? strlen(part) : 0;
	if (strlen(where) + strlen(path + skip) > SOURCE_PATH - 32)
		return source_errno(why, ENAMETOOLONG, path);
	stpcpy(stpcpy(folder, where), strcmp(path + skip, "/") ? path + skip : "");
	return 0;
}

int cgroup_own_folder(char *folder, size_t size, char why[SOURCE_WHY])
{
	const struct sources here = { .root = "" };
	char found[SOURCE_PATH];
	int code = own_folder(&here, found, why);

	if (!code)
		snprintf(folder, size, "%s", found);
	return code;
}

static bool has(const struct sources *sources, const char *folder, const char *name)
{
	char path[2 * SOURCE_PATH];
	struct stat found;

	snprintf(path, sizeof(path), "%s%s/%s", sources->root, folder, name);
	return !stat(path, &found);
}

/* memory.stat of the cgroup: 0, or -errno and why. */
static int find_statistics(const struct sources *sources, char path[SOURCE_PATH],
			   char why[SOURCE_WHY])
{
	char folder[SOURCE_PATH];
	int code = own_folder(sources, folder, why);

	if (code)
		return code;
	/* CFTYPE_NOT_ON_ROOT, mm/memcontrol.c */
	if (!has(sources, folder, "memory.current")) {
		snprintf(why, SOURCE_WHY, has(sources, folder, "memory.stat") ?
			 "this process is in the root cgroup, whose kernel memory is not charged" :
			 "this process's cgroup has no memory controller");
		return -ENOENT;
	}
	stpcpy(stpcpy(path, folder), "/memory.stat");
	return 0;
}

void cgroup_open(struct sources *sources)
{
	sources->cgroup_error = -find_statistics(sources, sources->cgroup, sources->cgroup_why);
}

int cgroup_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	long cpus;
	FILE *file;
	int code;

	if (sources->cgroup_error) {
		memcpy(why, sources->cgroup_why, SOURCE_WHY);
		return -sources->cgroup_error;
	}
	code = source_open(&file, sources->root, sources->cgroup, why);
	if (code)
		return code;
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	snapshot->cgroup.lag = (uint64_t)(cpus > 0 ? cpus : 1) * CHARGE_BATCH * 4096;
	return source_close(file, "memory.stat", cgroup_parse(file, &snapshot->cgroup), why);
}

json_t *cgroup_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int i = 0; object && i < CGROUP_ITEMS; i++) {
		if (source_set_figure(object, names[i], "_bytes", &snapshot->cgroup.items[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
