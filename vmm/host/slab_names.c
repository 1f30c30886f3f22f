// SPDX-License-Identifier: GPL-2.0-only
#include "host/slab_names.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/source.h"

#define LINKS "/sys/kernel/slab"

static const char *const own_names[SLAB_CACHES] = {
	[SLAB_PTE_LIST_DESC] = "pte_list_desc",
	[SLAB_MMU_PAGE_HEADER] = "kvm_mmu_page_header",
};

const char *slab_cache_name(enum slab_cache cache)
{
	return own_names[cache];
}

static int add_name(struct slab_names *names, enum slab_cache cache, const char *name)
{
	size_t count = names->caches[cache].count;
	char **larger = realloc(names->caches[cache].list, (count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	names->caches[cache].list = larger;
	larger[count] = strdup(name);
	if (!larger[count])
		return -ENOMEM;
	names->caches[cache].count++;
	return 0;
}

/* The target of link NAME. 1; 0: NAME is no link (the kernel has no SLUB); or -errno. */
static int link_of(const char *root, const char *name, char *target, size_t size)
{
	char path[SOURCE_PATH], link[SOURCE_PATH];
	ssize_t length;

	snprintf(link, sizeof(link), LINKS "/%s", name);
	length = readlink(source_path(path, root, link), target, size - 1);
	if (length < 0)
		return errno == ENOENT || errno == EINVAL ? 0 : -errno;
	target[length] = '\0';
	return 1;
}

/* NAME is another name of the caches whose links have the same target. */
static int add_to_its_cache(struct slab_names *names, char targets[SLAB_CACHES][256],
			    const char *root, const char *name)
{
	char target[256];
	int code = link_of(root, name, target, sizeof(target));

	if (code <= 0)
		return code;
	for (int cache = 0; code >= 0 && cache < SLAB_CACHES; cache++)
		if (!strcmp(target, targets[cache]) && strcmp(name, own_names[cache]))
			code = add_name(names, cache, name);
	return code < 0 ? code : 0;
}

static int add_other_names(struct slab_names *names, char targets[SLAB_CACHES][256], const char *root)
{
	char path[SOURCE_PATH];
	const struct dirent *entry;
	int code = 0;
	DIR *folder = opendir(source_path(path, root, LINKS));

	if (!folder)
		return -errno;
	/* Most entries are the caches' own folders. */
	while (!code && (errno = 0, entry = readdir(folder)))
		if (entry->d_type != DT_DIR)
			code = add_to_its_cache(names, targets, root, entry->d_name);
	if (!code)
		code = -errno;
	closedir(folder);
	return code;
}

static int fill(struct slab_names *names, const char *root)
{
	char targets[SLAB_CACHES][256] = { 0 };
	int code = 0, links = 0;

	for (int cache = 0; !code && cache < SLAB_CACHES; cache++) {
		code = add_name(names, cache, own_names[cache]);
		if (code)
			return code;
		code = link_of(root, own_names[cache], targets[cache], sizeof(targets[cache]));
		links += code > 0;
		code = code < 0 ? code : 0;
	}
	return code || !links ? code : add_other_names(names, targets, root);
}

int slab_names_read(struct slab_names **names, const char *root)
{
	struct slab_names *found = calloc(1, sizeof(*found));
	int code = found ? fill(found, root) : -ENOMEM;

	if (code) {
		slab_names_free(found);
		return code;
	}
	*names = found;
	return 0;
}

void slab_names_free(struct slab_names *names)
{
	if (!names)
		return;
	for (int cache = 0; cache < SLAB_CACHES; cache++) {
		for (size_t i = 0; i < names->caches[cache].count; i++)
			free(names->caches[cache].list[i]);
		free(names->caches[cache].list);
	}
	free(names);
}

enum slab_cache slab_names_find(const struct slab_names *names, const char *name, size_t length)
{
	for (int cache = 0; cache < SLAB_CACHES; cache++) {
		for (size_t i = 0; i < names->caches[cache].count; i++) {
			const char *one = names->caches[cache].list[i];

			if (strlen(one) == length && !memcmp(one, name, length))
				return cache;
		}
	}
	return SLAB_CACHES;
}
