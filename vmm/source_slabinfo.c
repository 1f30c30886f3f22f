// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's caches in /proc/slabinfo, over all VMs: "NAME ACTIVE_OBJS NUM_OBJS OBJSIZE ...". SLUB
 * merges caches of a size (mm/slab_common.c, find_mergeable) and lists them under one of
 * their names; links in /sys/kernel/slab then lead all of them to the same folder.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "source.h"

#define PATH "/proc/slabinfo"
#define LINKS "/sys/kernel/slab"

static const char *const names[SLAB_CACHES] = {
	[SLAB_PTE_LIST_DESC] = "pte_list_desc",
	[SLAB_MMU_PAGE_HEADER] = "kvm_mmu_page_header",
};

const char *slab_cache_name(enum slab_cache cache)
{
	return names[cache];
}

static int parse_numbers(const char *text, struct slab_figures *slab)
{
	uint64_t all;

	text += strspn(text, " ");
	if (!source_number(&text, &slab->objects))
		return -EINVAL;
	text += strspn(text, " ");
	if (!source_number(&text, &all))
		return -EINVAL;
	text += strspn(text, " ");
	return source_number(&text, &slab->object_size) ? 0 : -EINVAL;
}

int slabinfo_parse(FILE *file, const char *name, struct slab_figures *slab)
{
	size_t length = strlen(name);
	struct slab_figures found = { .known = true };
	char line[512];
	int code;

	if (!fgets(line, sizeof(line), file) || strncmp(line, "slabinfo - version: 2", 21))
		return ferror(file) ? source_end(file) : -EINVAL;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, length) || line[length] != ' ')
			continue;
		code = parse_numbers(line + length, &found);
		if (code)
			return code;
		snprintf(found.listed_as, sizeof(found.listed_as), "%s", name);
		*slab = found;
		return 0;
	}
	code = source_end(file);
	return code ? code : -ENOENT;
}

static int parse_from_start(FILE *file, const char *name, struct slab_figures *slab)
{
	rewind(file);
	return slabinfo_parse(file, name, slab);
}

static bool link_of(const char *root, const char *name, char *target, size_t size)
{
	char path[SOURCE_PATH], link[SOURCE_PATH];
	ssize_t length;

	snprintf(link, sizeof(link), LINKS "/%s", name);
	length = readlink(source_path(path, root, link), target, size - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	return true;
}

/* Under which of its names is a cache listed? Tries those that share its folder. */
static int find_merged(FILE *file, const char *root, const char *target, struct slab_figures *slab)
{
	char path[SOURCE_PATH], other[256];
	DIR *folder = opendir(source_path(path, root, LINKS));
	const struct dirent *entry;
	int code = -ENOENT;

	while (folder && code == -ENOENT && (entry = readdir(folder)))
		if (link_of(root, entry->d_name, other, sizeof(other)) && !strcmp(other, target))
			code = parse_from_start(file, entry->d_name, slab);
	if (folder)
		closedir(folder);
	return code;
}

/* How many names lead to a folder: more than one is a merged cache. */
static bool is_shared(const char *root, const char *name, const char *target)
{
	char path[SOURCE_PATH], other[256];
	DIR *folder = opendir(source_path(path, root, LINKS));
	const struct dirent *entry;
	bool shared = false;

	while (folder && !shared && (entry = readdir(folder)))
		shared = strcmp(entry->d_name, name) &&
			 link_of(root, entry->d_name, other, sizeof(other)) &&
			 !strcmp(other, target);
	if (folder)
		closedir(folder);
	return shared;
}

static int read_cache(FILE *file, const char *root, const char *name, struct slab_figures *slab)
{
	char target[256];
	int code = parse_from_start(file, name, slab);

	if (!link_of(root, name, target, sizeof(target)))
		return code;
	if (code == -ENOENT)
		code = find_merged(file, root, target, slab);
	if (!code)
		slab->merged = is_shared(root, name, target);
	return code;
}

int slabinfo_read(const struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	struct slab_figures found[SLAB_CACHES] = { 0 };
	FILE *file;
	int code = source_open(&file, sources->root, PATH, why);

	if (code)
		return code;
	for (int i = 0; i < SLAB_CACHES && !code; i++) {
		code = read_cache(file, sources->root, names[i], &found[i]);
		/* Not there: kvm.ko is not loaded, or its caches are of another name. */
		code = code == -ENOENT ? 0 : code;
	}
	code = source_close(file, PATH, code, why);
	if (!code)
		memcpy(snapshot->slabs, found, sizeof(found));
	return code;
}
