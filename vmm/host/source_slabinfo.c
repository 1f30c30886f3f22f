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

#include "base/value.h"
#include "host/source.h"

#define PATH "/proc/slabinfo"
#define SYS "/sys/kernel"
#define LINKS SYS "/slab"

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
	uint64_t all, bytes;

	text += strspn(text, " ");
	if (!source_number(&text, &slab->objects))
		return -EINVAL;
	text += strspn(text, " ");
	if (!source_number(&text, &all))
		return -EINVAL;
	text += strspn(text, " ");
	if (!source_number(&text, &slab->object_size) ||
	    __builtin_mul_overflow(slab->objects, slab->object_size, &bytes))
		return -EINVAL;
	return 0;
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

/* The next name in the folder of LINKS that leads to target. 1, 0: there are no more, or -errno. */
static int next_name(DIR *folder, const char *root, const char *target, const char **name)
{
	const struct dirent *entry;
	char other[256];
	int code;

	while ((errno = 0, entry = readdir(folder))) {
		code = link_of(root, entry->d_name, other, sizeof(other));
		if (code < 0)
			return code;
		*name = entry->d_name;
		if (code && !strcmp(other, target))
			return 1;
	}
	return -errno;
}

/* A merged cache is listed under one of its names: tries all that link to its folder. */
static int find_merged(FILE *file, DIR *folder, const char *root, const char *target,
		       struct slab_figures *slab)
{
	const char *name;
	int code, found = -ENOENT;

	while (found == -ENOENT && (code = next_name(folder, root, target, &name))) {
		if (code < 0)
			return code;
		found = parse_from_start(file, name, slab);
	}
	return found;
}

/* A cache is merged if more than one name links to its folder. */
static int read_shared(DIR *folder, const char *root, const char *name, const char *target,
		       bool *shared)
{
	const char *other;
	int code;

	rewinddir(folder);
	do {
		code = next_name(folder, root, target, &other);
	} while (code > 0 && !strcmp(other, name));
	*shared = code > 0;
	return code < 0 ? code : 0;
}

static int read_cache(FILE *file, const char *root, const char *name, struct slab_figures *slab)
{
	int code = parse_from_start(file, name, slab), linked;
	char target[256], path[SOURCE_PATH];
	DIR *folder;

	linked = code && code != -ENOENT ? 0 : link_of(root, name, target, sizeof(target));
	if (linked <= 0)
		return linked ? linked : code;
	folder = opendir(source_path(path, root, LINKS));
	if (!folder)
		return -errno;
	if (code == -ENOENT)
		code = find_merged(file, folder, root, target, slab);
	if (!code)
		code = read_shared(folder, root, name, target, &slab->merged);
	closedir(folder);
	return code;
}

/* Without /sys it is not known which caches are merged. A kernel without SLUB has no links in it. */
static int check_sys(const char *root, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];

	return access(source_path(path, root, SYS), F_OK) ? source_errno(why, errno, SYS) : 0;
}

int slabinfo_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	struct slab_figures found[SLAB_CACHES] = { 0 };
	FILE *file;
	int code = source_open(&file, sources->root, PATH, why);

	if (code)
		return code;
	code = check_sys(sources->root, why);
	if (code) {
		fclose(file);
		return code;
	}
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

static json_t *slab_json(const struct slab_figures *slab)
{
	if (!slab->known)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:b}",
			 "objects", value_u64(slab->objects),
			 "bytes", value_u64(slab->objects * slab->object_size),
			 "listed_as", value_text(slab->listed_as), "merged", slab->merged);
}

json_t *slabinfo_json(const struct snapshot *snapshot)
{
	json_t *object = json_object();

	for (int i = 0; object && i < SLAB_CACHES; i++) {
		if (json_object_set_new(object, names[i], slab_json(&snapshot->slabs[i]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
