// SPDX-License-Identifier: GPL-2.0-only
#include "base/planted.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS 40	/* as the kernel's MAXSYMLINKS */

/* How much of path is its folder, with the slash. */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash + 1 - path) : 0;
}

/* Did somebody else create st in a folder that is open to anyone? The folder's owner is trusted. */
static bool is_planted(const struct stat *st, const char *path)
{
	char folder[PATH_MAX + 1];
	struct stat parent;

	snprintf(folder, sizeof(folder), "%.*s.", folder_length(path), path);
	if (st->st_uid == geteuid() || stat(folder, &parent))
		return false;
	return parent.st_mode & S_ISVTX && parent.st_mode & S_IWOTH && parent.st_uid != st->st_uid;
}

static int check(const char *path, int depth, struct err *err);

static int check_target(const char *link, int depth, struct err *err)
{
	char target[PATH_MAX], path[2 * PATH_MAX];
	ssize_t size = readlink(link, target, sizeof(target) - 1);

	if (size < 0)
		return 0;	/* It is gone: whatever is opened there now is looked at when it is open. */
	target[size] = '\0';
	snprintf(path, sizeof(path), "%.*s%s", *target == '/' ? 0 : folder_length(link), link, target);
	return check(path, depth + 1, err);
}

/* One component: path ends with it. */
static int check_name(const char *path, bool last, int depth, struct err *err)
{
	struct stat st;

	if (lstat(path, &st))
		return 0;
	if (!S_ISLNK(st.st_mode) && (!last || S_ISDIR(st.st_mode)))
		return 0;
	if (is_planted(&st, path))
		return err_set(err, EPERM, "writing %s: it belongs to another user (%u), in a folder where anyone may "
			       "create files", path, st.st_uid);
	return S_ISLNK(st.st_mode) ? check_target(path, depth, err) : 0;
}

static int check(const char *path, int depth, struct err *err)
{
	size_t length = strlen(path);
	char name[PATH_MAX];
	int rc = 0;

	if (depth > LINKS)
		return err_errno(err, ELOOP, "following %s", path);
	if (length >= sizeof(name))
		return err_errno(err, ENAMETOOLONG, "following the links of a path");
	for (size_t end = 1; !rc && end <= length; end++) {
		if (path[end] && path[end] != '/')
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)end, path);
		rc = check_name(name, !path[end], depth, err);
	}
	return rc;
}

int planted_check(const char *path, struct err *err)
{
	return check(path, 0, err);
}
