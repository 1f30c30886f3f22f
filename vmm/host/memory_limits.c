// SPDX-License-Identifier: GPL-2.0-only
#include "host/memory_limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup.h"
#include "host/source.h"

/* Returns the limit's index, or SIZE_MAX without memory. */
static size_t add(struct memory_limits *limits, const struct memory_limit *limit)
{
	for (size_t i = 0; i < limits->count; i++)
		if (!strcmp(limits->list[i].where, limit->where))
			return i;
	if (limits->count == limits->room) {
		size_t room = limits->room ? 2 * limits->room : 16;
		struct memory_limit *larger = reallocarray(limits->list, room, sizeof(*larger));

		if (!larger) {
			limits->lost = true;
			return SIZE_MAX;
		}
		limits->list = larger;
		limits->room = room;
	}
	limits->list[limits->count] = *limit;
	return limits->count++;
}

static void take_figure(const char *line, const char *name, struct figure *figure)
{
	figure->known |= source_kilobytes(line, name, &figure->value) > 0;
}

void memory_limits_open(const char *root, struct memory_limits *limits)
{
	struct memory_limit host = { .where = "MemAvailable" };
	char path[SOURCE_PATH], line[128];
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
	host.room = limits->available.value;
	host.swap = limits->swap.value;
	if (limits->available.known && add(limits, &host) == SIZE_MAX)
		limits->available.known = false;
}

struct search {
	struct memory_limits *limits;
	struct vm_limits *own;
};

static void take_limit(const struct cgroup_limit *found, void *data)
{
	struct search *search = data;
	struct vm_limits *own = search->own;
	struct memory_limit limit = {
		.limit = { true, found->limit },
		.room = found->room,
		.swap = search->limits->swap.value,
	};
	size_t index;

	if (!found->hard)
		return;
	if (found->swap < limit.swap)
		limit.swap = found->swap;
	snprintf(limit.where, sizeof(limit.where), "%s of %s", found->file, found->folder);
	index = add(search->limits, &limit);
	if (index == SIZE_MAX || own->count == LIMITS_OF_VM)
		own->known = false;
	else
		own->index[own->count++] = index;
}

void memory_limits_of(const char *root, pid_t pid, struct memory_limits *limits,
		      struct vm_limits *own)
{
	struct search search = { limits, own };
	char why[SOURCE_WHY];

	*own = (struct vm_limits){ .known = limits->available.known };
	if (limits->available.known)
		own->index[own->count++] = 0;
	if (cgroup_memory_path(root, pid, own->cgroup, why))
		own->cgroup[0] = '\0';
	/* take_limit() may find that not all of them fit. */
	if (!cgroup_each_limit(root, pid, take_limit, &search))
		own->known = false;
}

void memory_limits_free(struct memory_limits *limits)
{
	free(limits->list);
	*limits = (struct memory_limits){ 0 };
}
