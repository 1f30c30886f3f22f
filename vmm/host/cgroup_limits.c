// SPDX-License-Identifier: GPL-2.0-only
#include "host/cgroup_limits.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/source.h"

int cgroup_number(const char *root, const char *folder, const char *name, uint64_t *number)
{
	char path[2 * SOURCE_PATH], line[64] = "";
	const char *text = line;
	FILE *file;
	int code = 0;

	snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	*number = UINT64_MAX;
	if (!fgets(line, sizeof(line), file))
		code = -EIO;
	else if (strcmp(line, "max\n") && !source_number(&text, number))
		code = -EINVAL;
	fclose(file);
	return code;
}

int cgroup_items(const char *root, const char *folder, const char *name, const char *const *items,
		 uint64_t *sum)
{
	char path[2 * SOURCE_PATH], line[256];
	int code = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s%s/%s", root, folder, name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	*sum = 0;
	while (fgets(line, sizeof(line), file)) {
		size_t length = strcspn(line, " ");
		const char *text = line + length + 1;
		uint64_t value;

		if (line[length] != ' ' || !source_number(&text, &value))
			continue;
		for (size_t i = 0; items[i]; i++) {
			if (strlen(items[i]) == length && !strncmp(items[i], line, length))
				*sum += value;
		}
	}
	if (ferror(file))
		code = -EIO;
	fclose(file);
	return code;
}

/* How each version names what is asked. The first limit is hard, a second one only throttles. */
static const struct names {
	const char *limits[3], *usage;
	const char *cache[4], *busy[3];	/* of memory.stat: of the cache, busy can't be reclaimed at once */
	const char *swap_limit, *swap_usage;	/* of anonymous memory that is swapped out */
	const char *events;
} names[CGROUP_VERSIONS] = {
	[CGROUP_V2] = {
		{ "memory.max", "memory.high", NULL }, "memory.current",
		{ "active_file", "inactive_file", "slab_reclaimable", NULL },
		{ "file_dirty", "file_writeback", NULL }, "memory.swap.max",
		"memory.swap.current", "memory.events",
	},
	[CGROUP_V1_MEMORY] = {
		{ "memory.limit_in_bytes", NULL }, "memory.usage_in_bytes",
		{ "total_active_file", "total_inactive_file", NULL },
		{ "total_dirty", "total_writeback", NULL }, NULL, NULL, "memory.oom_control",
	},
};

/* Where memory.stat can't be read, nothing is taken for reclaimable. 0 or -errno. */
static int read_spare(const char *root, const struct cgroup_place *place, uint64_t *spare)
{
	const struct names *name = &names[place->version];
	uint64_t cache = 0, busy = 0;
	int code = cgroup_items(root, place->folder, "memory.stat", name->cache, &cache);

	if (!code)
		code = cgroup_items(root, place->folder, "memory.stat", name->busy, &busy);
	*spare = !code && cache > busy ? cache - busy : 0;
	return code;
}

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

/* Without a limit of its own a cgroup may use all of the host's swap. */
static uint64_t read_swap(const char *root, const struct cgroup_place *place)
{
	const struct names *name = &names[place->version];
	uint64_t limit, used;

	if (!name->swap_limit || cgroup_number(root, place->folder, name->swap_limit, &limit) ||
	    cgroup_number(root, place->folder, name->swap_usage, &used) || limit == UINT64_MAX)
		return UINT64_MAX;
	return less(limit, used);
}

/* A cgroup without a file has no limit of that kind. */
int cgroup_limits(const char *root, const struct cgroup_place *place, cgroup_visit *visit, void *data)
{
	const struct names *name = &names[place->version];
	struct cgroup_limit limit = { .folder = place->folder };
	int code = cgroup_number(root, place->folder, name->usage, &limit.used), spare_code = 0;

	for (size_t i = 0; !code && name->limits[i]; i++) {
		code = cgroup_number(root, place->folder, name->limits[i], &limit.limit);
		/* Without a limit, version 1 says about LONG_MAX. */
		if (code == -ENOENT || (!code && limit.limit >> 62)) {
			code = 0;
			continue;
		}
		if (code)
			break;
		limit.file = name->limits[i];
		limit.hard = !i;
		spare_code = read_spare(root, place, &limit.spare);
		limit.room = less(limit.limit, less(limit.used, limit.spare));
		limit.swap = read_swap(root, place);
		visit(&limit, data);
	}
	return code == -ENOENT ? 0 : code ? code : spare_code;
}

struct limit_search {
	const char *root;
	cgroup_visit *visit;
	void *data;
};

static bool visit_limits(const struct cgroup_place *place, void *data)
{
	const struct limit_search *search = data;

	return !cgroup_limits(search->root, place, search->visit, search->data);
}

/* A kernel without cgroups has no such files, and no limits. */
bool cgroup_each_limit(const char *root, pid_t pid, cgroup_visit *visit, void *data, char unseen[SOURCE_WHY])
{
	struct limit_search search = { root, visit, data };
	struct cgroup_mounts mounts;
	struct cgroup_paths paths;
	char why[SOURCE_WHY];
	bool known;
	int code = cgroup_paths_read(root, pid, &paths, why);

	*unseen = '\0';
	if (!code)
		code = cgroup_mounts_read(root, &mounts, why);
	if (code)
		return code == -ENOENT;
	cgroup_tops_seen(&mounts, &paths, unseen);
	known = cgroup_each_place(&mounts, pid, &paths, visit_limits, &search, why);
	if (*why)
		memcpy(unseen, why, SOURCE_WHY);
	return known;
}

/* Keeps the limit if it leaves less room than those before. */
static void narrow(const struct cgroup_limit *limit, void *data)
{
	struct memory_room *room = data;

	if (room->limited && limit->room >= room->room)
		return;
	room->limited = true;
	room->limit = limit->limit;
	room->room = limit->room;
	snprintf(room->where, sizeof(room->where), "%s of %s", limit->file, limit->folder);
}

void cgroup_memory_room(const char *root, struct memory_room *room)
{
	*room = (struct memory_room){ 0 };
	room->known = cgroup_each_limit(root, 0, narrow, room, room->unseen);
}

struct figure cgroup_oom_kills(const char *root)
{
	static const char *const items[] = { "oom_kill", NULL };
	struct figure sum = { 0 };

	for (int version = 0; version < CGROUP_VERSIONS; version++) {
		struct cgroup_place place;
		char why[SOURCE_WHY];
		uint64_t kills;

		if (cgroup_find(root, 0, (enum cgroup_version)version, &place, why) ||
		    cgroup_items(root, place.folder, names[version].events, items, &kills))
			continue;
		sum.known = true;
		sum.value += kills;
	}
	return sum;
}
