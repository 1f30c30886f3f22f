// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.stat of the cgroup (v2) this process is in: what KVM allocates for its VM is charged
 * there, and any user may read it. The root cgroup is not charged.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/source.h"

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

int cgroup_own_folder(char *folder, size_t size, char why[SOURCE_WHY])
{
	struct cgroup_place place;
	int code = cgroup_find("", 0, CGROUP_V2, &place, why);

	if (!code)
		snprintf(folder, size, "%s", place.folder);
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
	struct cgroup_place place;
	const char *folder = place.folder;
	int code = cgroup_find(sources->root, 0, CGROUP_V2, &place, why);

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
