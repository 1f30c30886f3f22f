// SPDX-License-Identifier: GPL-2.0-only
#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/patient.h"
#include "base/planted.h"
#include "base/privilege.h"

struct content {
	char *text;
	size_t size;
};

/* The folder of path. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
}

/* A name beside path that nobody can guess, for free(). */
static int name_beside(const char *path, char **name)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;
	uint64_t random;

	*name = NULL;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (asprintf(name, "%.*s.minivmm-%016" PRIx64 ".tmp", folder, path, random) >= 0)
		return 0;
	*name = NULL;
	return -ENOMEM;
}

/*
 * Makes a new file in the folder of path. Until it is whole it has no name, so that not even SIGKILL leaves it behind;
 * where a file system can't do that, it has a name of its own, in *name. Should somebody empty it while it grows, what
 * follows begins at its start. Returns its descriptor or -errno.
 */
static int open_beside(const char *path, mode_t mode, char **name)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_WRONLY | O_APPEND | O_TMPFILE | O_CLOEXEC, mode) : -1;

	free(folder);
	*name = NULL;
	if (fd >= 0)
		return fd;
	fd = name_beside(path, name);
	if (fd)
		return fd;
	fd = open(*name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0)
		return fd;
	fd = -errno;
	free(*name);
	*name = NULL;
	return fd;
}

/* Gives a file that has no name this one. */
static int link_as(int fd, const char *path)
{
	char self[32];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* A name can replace another only by rename(), so the file has one for a moment, in which no signal may end the process. */
static int replace_by(int fd, const char *path)
{
	sigset_t all, old;
	char *name;
	int rc = name_beside(path, &name);

	if (rc)
		return rc;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	rc = link_as(fd, name);
	if (!rc && rename(name, path)) {
		rc = -errno;
		unlink(name);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	free(name);
	return rc;
}

/* The file is whole: it becomes path. name: as open_beside() gave it. */
static int publish(int fd, const char *name, const char *path)
{
	int rc;

	if (name)
		return rename(name, path) ? -errno : 0;
	rc = link_as(fd, path);
	return rc == -EEXIST ? replace_by(fd, path) : rc;
}

/* Writes fd and makes it path once the data is on the disk. */
static int write_and_publish(const struct content *content, int fd, const char *name, const char *path)
{
	int rc = write_patiently(fd, content->text, content->size);

	/* Some file systems have no fsync(). */
	if (!rc && fsync(fd) && errno != EINVAL)
		rc = -errno;
	return rc ? rc : publish(fd, name, path);
}

/* Makes the new name survive a crash of the host. A folder that can't be read is no error. */
static int sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = folder ? 0 : -ENOMEM;

	if (fd >= 0) {
		if (fsync(fd) && errno != EINVAL && errno != EROFS)
			rc = -errno;
		close(fd);
	}
	free(folder);
	return rc;
}

/*
 * The new file gets the owner, group and mode of the old one. Only root may give a file away; where the group can't be
 * kept, its members' rights are not given to another group.
 */
static int keep_owner(int fd, const struct stat *old)
{
	mode_t mode = old->st_mode & 0777;

	if (fchown(fd, old->st_uid, old->st_gid) && fchown(fd, (uid_t)-1, old->st_gid))
		mode &= ~(mode_t)070;
	return fchmod(fd, mode) ? -errno : 0;
}

/* Returns a descriptor of the new file, or -errno. */
static int replace_file(const struct content *content, const char *path)
{
	struct stat old;
	bool exists = !stat(path, &old);
	char *name;
	int fd = open_beside(path, exists ? 0600 : 0666, &name);
	int rc;

	if (fd < 0)
		return fd;
	rc = exists ? keep_owner(fd, &old) : 0;
	if (!rc)
		rc = write_and_publish(content, fd, name, path);
	if (rc && name)
		unlink(name);
	else if (!rc)
		rc = sync_folder(path);
	free(name);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

/* Names of open descriptors. */
static bool is_descriptor(const char *path)
{
	return !strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
	       !strncmp(path, "/proc/", 6);
}

/* Where the symbolic link at *path leads, in its place. 0, or -errno: -EINVAL: it is none. */
static int follow_once(char **path)
{
	const char *slash = strrchr(*path, '/');
	char link[PATH_MAX], *target;
	ssize_t size = readlink(*path, link, sizeof(link));
	int folder;

	if (size < 0)
		return -errno;
	folder = slash && *link != '/' ? (int)(slash + 1 - *path) : 0;
	if (asprintf(&target, "%.*s%.*s", folder, *path, (int)size, link) < 0)
		return -ENOMEM;
	free(*path);
	*path = target;
	return 0;
}

/*
 * Follows all links at the end of *path, or as far as one that leads to a descriptor (/proc/self/fd/1). realpath() fails where
 * the user may not search a folder above the working directory.
 */
static int follow(char **path)
{
	int rc = 0;

	for (int i = 0; !rc && i < PLANTED_LINKS && !is_descriptor(*path); i++)
		rc = follow_once(path);
	return rc == -EINVAL ? 0 : rc;
}

/* Is this one file a mount, as a container's volume may be? No other can take its place. Before 5.8 nothing says so. */
static bool is_mounted(const char *path)
{
	struct statx file;

	return !statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, 0, &file) && file.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

static int resolve(const char *path, char **target, bool *in_place)
{
	struct stat st;
	int rc;

	*target = strdup(path);
	*in_place = is_descriptor(path);
	if (!*target)
		return -ENOMEM;
	if (*in_place)
		return 0;
	/* Where a link leads nowhere, it is replaced. */
	if (stat(path, &st))
		return errno != ENOENT || !*path ? -errno : 0;
	*in_place = !S_ISREG(st.st_mode);
	if (S_ISBLK(st.st_mode))
		return -EINVAL;	/* a report would overwrite what is on the disk */
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	rc = follow(target);
	*in_place |= is_descriptor(*target) || is_mounted(*target);
	return rc;
}

/*
 * Where path leads, for free(): a symbolic link stays, and the file that it points to is replaced. /dev/null, a
 * terminal or a FIFO is written in place: it must not be replaced by a file. So is what is a name of an open
 * descriptor, and a file that is a mount. 0 or -errno.
 */
static int find_target(const char *path, char **target, bool *in_place, struct err *err)
{
	int rc = is_descriptor(path) ? 0 : planted_check(path, err);

	if (rc)
		return rc;
	rc = resolve(path, target, in_place);
	if (!rc)
		return 0;
	free(*target);
	return err_errno(err, -rc, "writing \"%s\"", path);
}

/* Neither opening nor writing blocks: see write_patiently(). Returns a descriptor or -errno. */
static int open_in_place(const char *path, int flags, struct err *err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0666);
	int code = errno;
	struct stat st;

	if (fd >= 0) {
		code = planted_check_open(fd, path, err);
		if (!code)
			return fd;
		close(fd);
		return code;
	}
	if (code == ENXIO && !stat(path, &st) && S_ISFIFO(st.st_mode))
		return err_set(err, code, "writing %s: nobody reads this FIFO", path);
	return err_errno(err, code, "writing %s", path);
}

/* A file gets a new content; a descriptor that has a name goes on where it is. 0 or -errno. */
static int empty(int fd, const char *path)
{
	struct stat st;

	if (is_descriptor(path))
		return 0;
	if (fstat(fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) && ftruncate(fd, 0) ? -errno : 0;
}

/* Returns a descriptor or -errno. */
static int write_in_place(const struct content *content, const char *path, struct err *err)
{
	int fd = open_in_place(path, 0, err), rc;

	if (fd < 0)
		return fd;
	rc = empty(fd, path);
	if (!rc)
		rc = write_patiently(fd, content->text, content->size);
	if (!rc)
		return fd;
	close(fd);
	return err_errno(err, -rc, "writing %s", path);
}

static int check_folder(const char *path)
{
	char *folder = folder_of(path);
	int rc = !folder ? -ENOMEM : access(folder, W_OK | X_OK) ? -errno : 0;

	free(folder);
	return rc;
}

static int check_target(const char *path, struct err *err)
{
	bool in_place;
	char *target;
	int rc = find_target(path, &target, &in_place, err);

	if (rc)
		return rc;
	if (in_place)
		rc = access(path, W_OK) ? -errno : 0;
	else
		rc = check_folder(target);
	free(target);
	return rc ? err_errno(err, -rc, "writing \"%s\"", path) : 0;
}

int save_check(const char *path, struct err *err)
{
	bool raised = privilege_raise();
	int rc = check_target(path, err);

	privilege_lower(raised);
	return rc;
}

static int render(int (*write)(const void *what, FILE *out), const void *what, struct content *content)
{
	FILE *out = open_memstream(&content->text, &content->size);
	int rc;

	if (!out)
		return -errno;
	errno = 0;
	rc = write(what, out);
	if (!rc && ferror(out))
		rc = errno ? -errno : -EIO;
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

/* Returns a descriptor or -errno. */
static int save_content(const struct content *content, const char *path, struct err *err)
{
	bool in_place;
	char *target;
	int fd = find_target(path, &target, &in_place, err);

	if (fd)
		return fd;
	if (in_place) {
		fd = write_in_place(content, target, err);
	} else {
		fd = replace_file(content, target);
		if (fd < 0)
			err_errno(err, -fd, "writing %s", path);
	}
	free(target);
	return fd;
}

int save_begin(const char *path, int (*write)(const void *what, FILE *out), const void *what, struct err *err)
{
	struct content content = { 0 };
	int fd = render(write, what, &content);
	bool raised;

	if (fd) {
		err_errno(err, -fd, "writing %s", path);
	} else {
		raised = privilege_raise();
		fd = save_content(&content, path, err);
		privilege_lower(raised);
	}
	free(content.text);
	return fd;
}

int save_file(const char *path, int (*write)(const void *what, FILE *out), const void *what,
	      struct err *err)
{
	int fd = save_begin(path, write, what, err);

	if (fd < 0)
		return fd;
	return close(fd) ? err_errno(err, errno, "writing %s", path) : 0;
}

int save_open(const char *path, struct err *err)
{
	bool in_place;
	char *target;
	int fd = find_target(path, &target, &in_place, err), rc;

	if (fd)
		return fd;
	fd = open_in_place(target, in_place ? 0 : O_CREAT | O_NOFOLLOW, err);
	rc = fd < 0 ? 0 : empty(fd, target);
	if (rc) {
		close(fd);
		fd = err_errno(err, -rc, "writing %s", path);
	}
	free(target);
	return fd;
}
