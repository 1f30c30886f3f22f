// SPDX-License-Identifier: GPL-2.0-only
#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
 * where a file system can't do that, it has a name of its own, in *name. Returns its descriptor or -errno.
 */
static int open_beside(const char *path, mode_t mode, char **name)
{
	char *folder = folder_of(path);
	int fd = folder ? open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, mode) : -1;

	free(folder);
	*name = NULL;
	if (fd >= 0)
		return fd;
	fd = name_beside(path, name);
	if (fd)
		return fd;
	fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
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

/* Writes fd, closes it once the data is on the disk, and makes it path. */
static int write_and_publish(const struct content *content, int fd, const char *name, const char *path)
{
	int rc = write_patiently(fd, content->text, content->size);

	/* Some file systems have no fsync(). */
	if (!rc && fsync(fd) && errno != EINVAL)
		rc = -errno;
	if (!rc)
		rc = publish(fd, name, path);
	if (close(fd) && !rc)
		rc = -errno;
	return rc;
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
	if (rc)
		close(fd);
	else
		rc = write_and_publish(content, fd, name, path);
	if (rc && name)
		unlink(name);
	else if (!rc)
		rc = sync_folder(path);
	free(name);
	return rc;
}

/* Names of open descriptors. */
static bool is_descriptor(const char *path)
{
	return !strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
	       !strncmp(path, "/proc/", 6);
}

static int resolve(const char *path, char **target, bool *in_place)
{
	struct stat st;

	*target = is_descriptor(path) ? NULL : realpath(path, NULL);
	*in_place = is_descriptor(path);
	if (!*target && !*in_place && (errno != ENOENT || !*path))
		return -errno;
	if (!*target) {
		*target = strdup(path);
		return *target ? 0 : -ENOMEM;
	}
	if (stat(*target, &st))
		return -errno;
	*in_place = !S_ISREG(st.st_mode);
	if (S_ISBLK(st.st_mode))
		return -EINVAL;	/* a report would overwrite what is on the disk */
	return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

/*
 * Where path leads, for free(): a symbolic link stays, and the file that it points to is replaced. /dev/null, a
 * terminal or a FIFO is written in place: it must not be replaced by a file. So is what is a name of an open
 * descriptor. 0 or -errno.
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

static int write_in_place(const struct content *content, const char *path, struct err *err)
{
	int fd = open_in_place(path, 0, err), rc;

	if (fd < 0)
		return fd;
	rc = write_patiently(fd, content->text, content->size);
	if (close(fd) && !rc)
		rc = -errno;
	return rc ? err_errno(err, -rc, "writing %s", path) : 0;
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

static int save_content(const struct content *content, const char *path, struct err *err)
{
	bool in_place;
	char *target;
	int rc = find_target(path, &target, &in_place, err);

	if (rc)
		return rc;
	if (in_place) {
		rc = write_in_place(content, target, err);
	} else {
		rc = replace_file(content, target);
		if (rc)
			err_errno(err, -rc, "writing %s", path);
	}
	free(target);
	return rc;
}

int save_file(const char *path, int (*write)(const void *what, FILE *out), const void *what,
	      struct err *err)
{
	struct content content = { 0 };
	int rc = render(write, what, &content);
	bool raised;

	if (rc) {
		err_errno(err, -rc, "writing %s", path);
	} else {
		raised = privilege_raise();
		rc = save_content(&content, path, err);
		privilege_lower(raised);
	}
	free(content.text);
	return rc;
}

int save_open(const char *path, struct err *err)
{
	bool in_place;
	char *target;
	int fd = find_target(path, &target, &in_place, err);

	if (fd)
		return fd;
	fd = open_in_place(target, in_place ? 0 : O_CREAT | O_NOFOLLOW, err);
	if (fd >= 0 && !in_place && ftruncate(fd, 0)) {
		err_errno(err, errno, "writing %s", path);
		close(fd);
		fd = -EIO;
	}
	free(target);
	return fd;
}
