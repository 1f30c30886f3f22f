// SPDX-License-Identifier: GPL-2.0-only
/* KVM's caches in /proc/slabinfo, over all VMs: "NAME ACTIVE_OBJS NUM_OBJS OBJSIZE ...". */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/value.h"
#include "host/slab_names.h"
#include "host/source.h"

#define PATH "/proc/slabinfo"
#define SYS "/sys/kernel"

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

static int parse_line(const char *line, const struct slab_names *names,
		      struct slab_figures slabs[SLAB_CACHES])
{
	size_t length = strcspn(line, " \n");
	enum slab_cache cache = slab_names_find(names, line, length);
	struct slab_figures *slab;

	if (cache == SLAB_CACHES || line[length] != ' ')
		return 0;
	slab = &slabs[cache];
	slab->known = true;
	slab->merged = names->caches[cache].count > 1;
	snprintf(slab->listed_as, sizeof(slab->listed_as), "%.*s", (int)length, line);
	return parse_numbers(line + length, slab);
}

int slabinfo_parse(FILE *file, const struct slab_names *names,
		   struct slab_figures slabs[SLAB_CACHES])
{
	struct slab_figures found[SLAB_CACHES] = { 0 };
	char line[512];
	int code = 0;

	if (!fgets(line, sizeof(line), file) || strncmp(line, "slabinfo - version: 2", 21))
		return ferror(file) ? source_end(file) : -EINVAL;
	while (!code && fgets(line, sizeof(line), file))
		code = parse_line(line, names, found);
	if (!code)
		code = source_end(file);
	if (!code)
		memcpy(slabs, found, sizeof(found));
	return code;
}

/* Without /sys it is not known which caches are merged. A kernel without SLUB has no links in it. */
static int know_names(struct sources *sources, char why[SOURCE_WHY])
{
	char path[SOURCE_PATH];
	int code;

	if (sources->slab_names)
		return 0;
	if (access(source_path(path, sources->root, SYS), F_OK))
		return source_errno(why, errno, SYS);
	code = slab_names_read(&sources->slab_names, sources->root);
	return code ? source_errno(why, -code, SYS "/slab") : 0;
}

/* A cache that is not there stays unknown: kvm.ko is not loaded, or its caches are of another name. */
int slabinfo_read(struct sources *sources, struct snapshot *snapshot, char why[SOURCE_WHY])
{
	char buffer[SOURCE_BUFFER];
	FILE *file;
	int code = source_open(&file, sources->root, PATH, why);

	if (code)
		return code;
	code = know_names(sources, why);
	if (code) {
		fclose(file);
		return code;
	}
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	code = slabinfo_parse(file, sources->slab_names, snapshot->slabs);
	return source_close(file, PATH, code, why);
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
		if (json_object_set_new(object, slab_cache_name(i), slab_json(&snapshot->slabs[i]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
