// SPDX-License-Identifier: GPL-2.0-only
#include "host/memory_limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup_limits.h"
#include "host/source.h"

/* The list with room for one more element; NULL without memory, and then it is as it was. */
static void *with_room(void *list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 16;
	void *larger = count < *room ? list : reallocarray(list, more, size);

	if (count == *room && larger)
		*room = more;
	return larger;
}

/* Returns the limit's index, or LIMIT_NONE without memory. */
static size_t add(struct memory_limits *limits, const struct memory_limit *limit)
{
	struct memory_limit *list = with_room(limits->list, limits->count, &limits->room,
					      sizeof(*limit));

	if (!list) {
		limits->lost = true;
		return LIMIT_NONE;
	}
	limits->list = list;
	list[limits->count] = *limit;
	return limits->count++;
}

static void take_figure(const char *line, const char *name, struct figure *figure)
{
	figure->known |= source_kilobytes(line, name, &figure->value) > 0;
}

void memory_limits_open(const char *root, struct memory_limits *limits)
{
	struct memory_limit host = { .where = "MemAvailable" };
	char path[SOURCE_PATH], line[128], why[SOURCE_WHY];
	int code;
	FILE *file = fopen(source_path(path, root, "/proc/meminfo"), "re");

	*limits = (struct memory_limits){ 0 };
	while (file && fgets(line, sizeof(line), file)) {
		take_figure(line, "MemAvailable:", &limits->available);
		take_figure(line, "SwapFree:", &limits->swap);
	}
	if (file && ferror(file))
		limits->available.known = limits->swap.known = false;
	if (file)
		fclose(file);
	code = cgroup_mounts_read(root, &limits->mounts, why);
	/* A kernel without cgroups has no limits. */
	limits->mounts_known = !code || code == -ENOENT;
	host.room = limits->available.value;
	host.swap = limits->swap.value;
	if (limits->available.known && add(limits, &host) == LIMIT_NONE)
		limits->available.known = false;
}

/* The cgroup that is being read. */
struct reading {
	struct memory_limits *limits;
	struct memory_group group;
};

static void take_limit(const struct cgroup_limit *found, void *data)
{
	struct reading *reading = data;
	struct memory_limit limit = {
		.limit = { true, found->limit },
		.room = found->room,
		.swap = reading->limits->swap.value,
	};

	if (!found->hard)
		return;
	if (found->swap < limit.swap)
		limit.swap = found->swap;
	snprintf(limit.where, sizeof(limit.where), "%s of %s", found->file, found->folder);
	reading->group.limit = add(reading->limits, &limit);
}

/* Returns NULL without memory. */
static const struct memory_group *read_group(const char *root, const struct cgroup_place *place,
					     struct memory_limits *limits)
{
	struct reading reading = { limits, { .limit = LIMIT_NONE } };
	struct memory_group *list = with_room(limits->groups, limits->group_count,
					      &limits->group_room, sizeof(*list));

	if (!list) {
		limits->lost = true;
		return NULL;
	}
	limits->groups = list;
	strcpy(reading.group.folder, place->folder);
	reading.group.known = !cgroup_limits(root, place, take_limit, &reading) && !limits->lost;
	list[limits->group_count] = reading.group;
	return &list[limits->group_count++];
}

static const struct memory_group *find_group(const char *root, const struct cgroup_place *place,
					     struct memory_limits *limits)
{
	for (size_t i = 0; i < limits->group_count; i++)
		if (!strcmp(limits->groups[i].folder, place->folder))
			return &limits->groups[i];
	return read_group(root, place, limits);
}

struct search {
	const char *root;
	struct memory_limits *limits;
	struct vm_limits *own;
};

static bool take_group(const struct cgroup_place *place, void *data)
{
	const struct search *search = data;
	const struct memory_group *group = find_group(search->root, place, search->limits);
	struct vm_limits *own = search->own;

	if (!group)
		return false;
	if (group->limit != LIMIT_NONE && own->count == LIMITS_OF_VM)
		return false;
	if (group->limit != LIMIT_NONE)
		own->index[own->count++] = group->limit;
	return group->known;
}

void memory_limits_of(const char *root, pid_t pid, struct memory_limits *limits,
		      struct vm_limits *own)
{
	struct search search = { root, limits, own };
	struct cgroup_paths paths;

	*own = (struct vm_limits){ .known = limits->available.known };
	if (limits->available.known)
		own->index[own->count++] = 0;
	if (cgroup_paths_read(root, pid, &paths, own->why)) {
		own->known = false;
		return;
	}
	strcpy(own->cgroup, cgroup_memory_path_of(&paths));
	if (!limits->mounts_known ||
	    !cgroup_each_place(&limits->mounts, pid, &paths, take_group, &search, own->why) ||
	    !cgroup_tops_seen(&limits->mounts, &paths, own->why))
		own->known = false;
}

void memory_limits_free(struct memory_limits *limits)
{
	free(limits->list);
	free(limits->groups);
	*limits = (struct memory_limits){ 0 };
}
