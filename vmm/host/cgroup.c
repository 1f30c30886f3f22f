// SPDX-License-Identifier: GPL-2.0-only
#include "host/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/source.h"

#define MOUNTS "/proc/self/mountinfo"

/* Does a list like "cpu,memory" have the word? It ends with the text, a colon or a newline. */
static bool lists(const char *list, const char *word)
{
	size_t all = strcspn(list, ":\n"), length = strlen(word);

	for (size_t at = 0; at < all; at += strcspn(list + at, ",") + 1)
		if (strcspn(list + at, ",:\n") == length && !strncmp(list + at, word, length))
			return true;
	return false;
}

/* "0::/PATH" of version 2, "N:memory:/PATH" of version 1. Returns the path, or NULL. */
static char *path_of_line(char *line, enum cgroup_version version)
{
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path || path[1] != '/')
		return NULL;
	if (version == CGROUP_V2 ? strncmp(line, "0::", 3) : !lists(controllers + 1, "memory"))
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	return path + 1;
}

static void take_paths(char *line, struct cgroup_paths *paths)
{
	for (int version = 0; version < CGROUP_VERSIONS; version++) {
		const char *path = path_of_line(line, (enum cgroup_version)version);

		if (path && !*paths->of[version])
			snprintf(paths->of[version], SOURCE_PATH, "%s", path);
	}
}

int cgroup_paths_read(const char *root, pid_t pid, struct cgroup_paths *paths,
		      char why[SOURCE_WHY])
{
	char name[32] = "/proc/self/cgroup", line[SOURCE_PATH];
	FILE *file;
	int code;

	*paths = (struct cgroup_paths){ 0 };
	if (pid)
		snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	code = source_open(&file, root, name, why);
	if (code)
		return code == -ENOENT && pid ? -ESRCH : code;
	while (fgets(line, sizeof(line), file))
		take_paths(line, paths);
	return source_close(file, name, source_end(file), why);
}

int cgroup_path(const char *root, pid_t pid, enum cgroup_version version, char path[SOURCE_PATH],
		char why[SOURCE_WHY])
{
	struct cgroup_paths paths;
	int code = cgroup_paths_read(root, pid, &paths, why);

	if (code)
		return code;
	if (!*paths.of[version]) {
		snprintf(why, SOURCE_WHY, version == CGROUP_V2 ?
			 "the process is in no cgroup of version 2" :
			 "the process is in no memory cgroup of version 1");
		return -ENOENT;
	}
	memcpy(path, paths.of[version], SOURCE_PATH);
	return 0;
}

/* The file system and, for version 1, the controllers among its options, the last field. */
static bool is_hierarchy(const char *line, enum cgroup_version version)
{
	const char *options = strrchr(line, ' ');

	if (version == CGROUP_V2)
		return strstr(line, " - cgroup2 ");
	return strstr(line, " - cgroup ") && options && lists(options + 1, "memory");
}

/* Fields 4 and 5 of mountinfo: what part of the tree is mounted, and where. */
static bool mounted(char *line, char **part, char **where)
{
	char *field = line, *save;

	for (int i = 0; (field = strtok_r(i ? NULL : line, " ", &save)) && i < 5; i++) {
		if (i == 3)
			*part = field;
		if (i == 4)
			*where = field;
	}
	return field != NULL;
}

const char *cgroup_memory_path_of(const struct cgroup_paths *paths)
{
	return *paths->of[CGROUP_V1_MEMORY] ? paths->of[CGROUP_V1_MEMORY] : paths->of[CGROUP_V2];
}

int cgroup_memory_path(const char *root, pid_t pid, char path[SOURCE_PATH], char why[SOURCE_WHY])
{
	int code = cgroup_path(root, pid, CGROUP_V1_MEMORY, path, why);

	return code == -ENOENT ? cgroup_path(root, pid, CGROUP_V2, path, why) : code;
}

/* How many levels a path begins above the root of this process's cgroup namespace, each a "/..". */
static size_t levels_up(const char *path)
{
	size_t levels = 0;

	while (!strncmp(path, "/..", 3) && (!path[3] || path[3] == '/')) {
		path += 3;
		levels++;
	}
	return levels;
}

/*
 * Another process's cgroup may lie outside of what is seen here. Returns the path below the mount, or
 * NULL. Where both begin at one level above, that is one cgroup; what is between two levels has no
 * name here.
 */
static const char *below_mount(const char *path, const char *part)
{
	size_t up = levels_up(part), length;

	if (levels_up(path) != up)
		return NULL;
	path += 3 * up;
	part += 3 * up;
	length = strcmp(part, "/") ? strlen(part) : 0;
	if (strncmp(path, part, length) || (path[length] && path[length] != '/'))
		return NULL;
	return strcmp(path + length, "/") ? path + length : "";
}

static int not_mounted(enum cgroup_version version, char why[SOURCE_WHY])
{
	snprintf(why, SOURCE_WHY, version == CGROUP_V2 ? "cgroup2 is not mounted" :
							 "no memory cgroups are mounted");
	return -ENOENT;
}

/* mountinfo has blanks and backslashes of a path as \040 and the like (proc_namespace.c, mangle()). */
static void take_escaped(char *to, const char *from)
{
	size_t length = 0;

	while (*from && length < SOURCE_PATH - 1) {
		bool escaped = *from == '\\' && strspn(from + 1, "01234567") >= 3;

		to[length++] = escaped ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0') :
					 *from;
		from += escaped ? 4 : 1;
	}
	to[length] = '\0';
}

/* What is mounted later on the same folder hides the mount that was there. */
static void take_mount(char *line, struct cgroup_mounts *mounts)
{
	bool is[CGROUP_VERSIONS];
	char *part = NULL, *where = NULL;
	struct cgroup_mount mount = { 0 };

	for (int version = 0; version < CGROUP_VERSIONS; version++)
		is[version] = is_hierarchy(line, (enum cgroup_version)version);
	if (!mounted(line, &part, &where))
		return;
	take_escaped(mount.part, part);
	take_escaped(mount.where, where);
	for (int version = 0; version < CGROUP_VERSIONS; version++) {
		struct cgroup_mount *of = &mounts->of[version];

		if (!strcmp(of->where, mount.where))
			*of = (struct cgroup_mount){ 0 };
		if (is[version] && !*of->where)
			*of = mount;
	}
}

static bool mount_has(const char *root, const char *where, const char *name)
{
	char path[2 * SOURCE_PATH];

	snprintf(path, sizeof(path), "%s%s/%s", root, where, name);
	return !access(path, F_OK);
}

/*
 * Is the top of the mount that of the hierarchy? In a cgroup namespace it is called / as well, but only the
 * top has no cgroup.events (version 2), and only it has release_agent (version 1). Every cgroup has
 * cgroup.procs: where that is not seen, another file system hides the mount.
 */
static bool is_whole(const char *root, enum cgroup_version version, const char *where)
{
	if (!*where || !mount_has(root, where, "cgroup.procs"))
		return false;
	if (version == CGROUP_V2)
		return !mount_has(root, where, "cgroup.events") && errno == ENOENT;
	return mount_has(root, where, "release_agent");
}

/*
 * Can this kernel limit memory by cgroups? /proc/cgroups lists "memory HIERARCHY COUNT ENABLED", but newer kernels
 * only with CONFIG_MEMCG_V1; one with CONFIG_MEMCG also has /proc/kpagecgroup. A kernel that can't be asked may.
 */
static bool may_limit_memory(const char *root)
{
	char line[128];
	unsigned int enabled = 0;
	bool listed = false, known;
	FILE *file;

	snprintf(line, sizeof(line), "%s/proc/cgroups", root);
	file = fopen(line, "re");
	if (!file)
		return true;
	while (!listed && fgets(line, sizeof(line), file))
		listed = sscanf(line, "memory %*u %*u %u", &enabled) == 1;
	known = !ferror(file);
	fclose(file);
	if (listed || !known)
		return enabled || !known;
	return mount_has(root, "/proc", "kpagecgroup") || errno != ENOENT;
}

/* Is the root of this process's cgroup namespace the top? Before 4.6 there are none. */
static bool namespace_is_whole(const char *root)
{
	static const char initial[] = "cgroup:[4026531835]";	/* PROC_CGROUP_INIT_INO */
	char path[SOURCE_PATH], target[sizeof(initial)];
	ssize_t length = readlink(source_path(path, root, "/proc/self/ns/cgroup"), target, sizeof(target));

	if (length < 0)
		return errno == ENOENT;
	return length == sizeof(initial) - 1 && !memcmp(target, initial, sizeof(initial) - 1);
}

int cgroup_mounts_read(const char *root, struct cgroup_mounts *mounts, char why[SOURCE_WHY])
{
	char line[1024];
	FILE *file;
	int code;

	*mounts = (struct cgroup_mounts){ 0 };
	code = source_open(&file, root, MOUNTS, why);
	if (code)
		return code;
	while (fgets(line, sizeof(line), file))
		take_mount(line, mounts);
	code = source_close(file, MOUNTS, source_end(file), why);
	for (int version = 0; !code && version < CGROUP_VERSIONS; version++)
		mounts->of[version].whole = is_whole(root, (enum cgroup_version)version,
						     mounts->of[version].where);
	mounts->may_limit = may_limit_memory(root);
	mounts->namespace_whole = namespace_is_whole(root);
	return code;
}

/* Where a path of /proc/PID/cgroup is, as it is seen here. */
static int place_of(const struct cgroup_mounts *mounts, pid_t pid, const char *path,
		    struct cgroup_place *place, char why[SOURCE_WHY])
{
	const struct cgroup_mount *mount = &mounts->of[place->version];
	const char *below;

	if (!*mount->where)
		return not_mounted(place->version, why);
	below = below_mount(path, mount->part);
	/* In a namespace the own path is already the one that is seen here, if the mount is of the namespace. */
	if (!below && !pid && !levels_up(mount->part))
		below = below_mount(path, "/");
	if (!below) {
		snprintf(why, SOURCE_WHY, "the cgroup %.60s is not seen from this process's namespace", path);
		return -EXDEV;
	}
	if (strlen(mount->where) + strlen(below) > SOURCE_PATH - 32)
		return source_errno(why, ENAMETOOLONG, path);
	stpcpy(place->mount, mount->where);
	stpcpy(stpcpy(place->folder, mount->where), below);
	return 0;
}

int cgroup_find(const char *root, pid_t pid, enum cgroup_version version,
		struct cgroup_place *place, char why[SOURCE_WHY])
{
	struct cgroup_mounts mounts;
	char path[SOURCE_PATH];
	int code = cgroup_path(root, pid, version, path, why);

	if (!code)
		code = cgroup_mounts_read(root, &mounts, why);
	place->version = version;
	return code ? code : place_of(&mounts, pid, path, place, why);
}

/* The parent's folder, up to the mount point. False: this was the top. */
static bool go_up(struct cgroup_place *place)
{
	char *slash = strrchr(place->folder, '/');

	if (strlen(place->folder) <= strlen(place->mount) || !slash)
		return false;
	*slash = '\0';
	return true;
}

bool cgroup_each_place(const struct cgroup_mounts *mounts, pid_t pid,
		       const struct cgroup_paths *paths, cgroup_place_visit *visit, void *data,
		       char why[SOURCE_WHY])
{
	bool known = true;

	*why = '\0';
	for (int version = 0; version < CGROUP_VERSIONS; version++) {
		struct cgroup_place place = { .version = (enum cgroup_version)version };
		char reason[SOURCE_WHY];
		int code = *paths->of[version] ?
				   place_of(mounts, pid, paths->of[version], &place, reason) : -ENOENT;

		if (code && code != -ENOENT) {
			known = false;
			snprintf(why, SOURCE_WHY, "%s", reason);
		}
		if (code)
			continue;
		do
			known &= visit(&place, data);
		while (go_up(&place));
	}
	return known;
}

bool cgroup_tops_seen(const struct cgroup_mounts *mounts, const struct cgroup_paths *paths,
		      char why[SOURCE_WHY])
{
	const char *path = cgroup_memory_path_of(paths);
	const struct cgroup_mount *mount =
		&mounts->of[*paths->of[CGROUP_V1_MEMORY] ? CGROUP_V1_MEMORY : CGROUP_V2];

	if (!*path || mount->whole || !mounts->may_limit)
		return true;
	if (*mount->where) {
		snprintf(why, SOURCE_WHY, "limits above %.60s are not seen from this process's namespace",
			 mount->where);
		return false;
	}
	/* The top has no limit, so nobody has to see it. */
	if (!strcmp(path, "/") && mounts->namespace_whole)
		return true;
	snprintf(why, SOURCE_WHY, "limits of the cgroup %.60s are not seen: no memory cgroups are mounted", path);
	return false;
}

bool cgroup_has_children(const char *folder)
{
	DIR *open = opendir(folder);
	const struct dirent *entry;
	bool found = false;

	while (open && !found && (entry = readdir(open)))
		found = entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (open)
		closedir(open);
	return found || !open;
}
