// SPDX-License-Identifier: GPL-2.0-only
#include "base/planted.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How much of path is its folder, with the slash. */
static int folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash + 1 - path) : 0;
}

/* May anyone create files in the folder of path, *parent? */
static bool is_open_to_anyone(const char *path, struct stat *parent)
{
	char folder[PATH_MAX + 1];

	snprintf(folder, sizeof(folder), "%.*s.", folder_length(path), path);
	return !stat(folder, parent) && parent->st_mode & S_IWOTH;
}

/* Did somebody else create st in a folder that is open to anyone? The folder's owner is trusted. */
static bool is_planted(const struct stat *st, const char *path)
{
	struct stat parent;

	return st->st_uid != geteuid() && is_open_to_anyone(path, &parent) && parent.st_mode & S_ISVTX &&
	       parent.st_uid != st->st_uid;
}

/* Where the sysctl fs.protected_hardlinks is off, anyone may give any file another name. */
static bool may_have_got_this_name(const struct stat *st, const char *path)
{
	struct stat parent;

	return S_ISREG(st->st_mode) && st->st_nlink > 1 && is_open_to_anyone(path, &parent);
}

static int refuse(const struct stat *st, const char *path, struct err *err)
{
	return err_set(err, EPERM, "writing %s: it belongs to another user (%u), in a folder where anyone may "
		       "create files", path, st->st_uid);
}

static int check(const char *path, int *links, struct err *err);

static int check_target(const char *link, int *links, struct err *err)
{
	char target[PATH_MAX], path[2 * PATH_MAX];
	ssize_t size = readlink(link, target, sizeof(target) - 1);

	if (size < 0)
		return 0;	/* It is gone: the call that opens it says so. */
	if (++*links > PLANTED_LINKS)
		return err_errno(err, ELOOP, "writing %s", link);
	target[size] = '\0';
	snprintf(path, sizeof(path), "%.*s%s", *target == '/' ? 0 : folder_length(link), link, target);
	return check(path, links, err);
}

/* One component: path ends with it. */
static int check_name(const char *path, bool last, int *links, struct err *err)
{
	struct stat st;

	if (lstat(path, &st))
		return 0;
	if (!S_ISLNK(st.st_mode) && (!last || S_ISDIR(st.st_mode)))
		return 0;
	if (is_planted(&st, path))
		return refuse(&st, path, err);
	return S_ISLNK(st.st_mode) ? check_target(path, links, err) : 0;
}

static int check(const char *path, int *links, struct err *err)
{
	size_t length = strlen(path);
	char name[PATH_MAX];
	int rc = 0;

	if (length >= sizeof(name))
		return err_errno(err, ENAMETOOLONG, "following the links of a path");
	for (size_t end = 1; !rc && end <= length; end++) {
		if (path[end] && path[end] != '/')
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)end, path);
		rc = check_name(name, !path[end], links, err);
	}
	return rc;
}

int planted_check(const char *path, struct err *err)
{
	int links = 0;

	return check(path, &links, err);
}

int planted_check_open(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_errno(err, errno, "writing %s", path);
	if (may_have_got_this_name(&st, path))
		return err_set(err, EPERM, "writing %s: it has another name, too (a hard link), in a folder where "
			       "anyone may create files", path);
	return is_planted(&st, path) ? refuse(&st, path, err) : 0;
}
