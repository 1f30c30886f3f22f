// SPDX-License-Identifier: GPL-2.0-only
#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct content {
	int (*write)(const void *what, FILE *out);
	const void *what;
};

/* Makes a new file in the folder of path, and its name in *name. Returns its descriptor or -errno. */
static int open_beside(const char *path, char **name)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;

	for (int attempt = 0; attempt < 100; attempt++) {
		int fd;

		if (asprintf(name, "%.*s.minivmm-%d-%d.tmp", folder, path, (int)getpid(),
			     attempt) < 0) {
			*name = NULL;
			return -ENOMEM;
		}
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0)
			return fd;
		free(*name);
		*name = NULL;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Writes and closes fd. Returns 0 once the data is on the disk, or -errno. */
static int write_and_close(const struct content *content, int fd)
{
	FILE *out = fdopen(fd, "w");
	int rc;

	if (!out) {
		rc = -errno;
		close(fd);
		return rc;
	}
	errno = 0;
	rc = content->write(content->what, out);
	if (!rc && (fflush(out) || ferror(out)))
		rc = errno ? -errno : -EIO;
	/* fsync() of a pipe or device fails with EINVAL or EROFS */
	if (!rc && fsync(fd) && errno != EINVAL && errno != EROFS)
		rc = -errno;
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

/* The folder of path. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
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

static int replace_file(const struct content *content, const char *path)
{
	char *name;
	int fd = open_beside(path, &name);
	int rc;

	if (fd < 0)
		return fd;
	rc = write_and_close(content, fd);
	if (!rc && rename(name, path))
		rc = -errno;
	if (rc)
		unlink(name);
	else
		rc = sync_folder(path);
	free(name);
	return rc;
}

/*
 * /dev/null, a terminal or a FIFO is written in place: it must not be replaced by a file. So is
 * what is a name of an open descriptor.
 */
static int write_in_place(const char *path, bool *in_place)
{
	struct stat st;

	*in_place = !strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
		    !strncmp(path, "/proc/", 6);
	if (*in_place)
		return 0;
	if (stat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	*in_place = !S_ISREG(st.st_mode);
	return 0;
}

static int append_to(const struct content *content, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	return fd < 0 ? -errno : write_and_close(content, fd);
}

static int check_folder(const char *path)
{
	char *folder = folder_of(path);
	int rc = !folder ? -ENOMEM : access(folder, W_OK | X_OK) ? -errno : 0;

	free(folder);
	return rc;
}

int save_check(const char *path, struct err *err)
{
	char *target = realpath(path, NULL);
	struct stat st;
	bool in_place;
	int rc = target || errno == ENOENT ? write_in_place(path, &in_place) : -errno;

	if (!rc && target && !stat(target, &st) && S_ISDIR(st.st_mode))
		rc = -EISDIR;
	else if (!rc && in_place)
		rc = access(path, W_OK) ? -errno : 0;
	else if (!rc)
		rc = *path ? check_folder(target ? target : path) : -ENOENT;
	free(target);
	return rc ? err_errno(err, -rc, "writing \"%s\"", path) : 0;
}

int save_file(const char *path, int (*write)(const void *what, FILE *out), const void *what,
	      struct err *err)
{
	struct content content = { write, what };
	/* A symbolic link stays, and the file that it points to is replaced. */
	char *target = realpath(path, NULL);
	bool in_place = false;
	int rc = target || errno == ENOENT ? write_in_place(path, &in_place) : -errno;

	if (!rc && in_place)
		rc = append_to(&content, path);
	else if (!rc)
		rc = replace_file(&content, target ? target : path);
	free(target);
	return rc ? err_errno(err, -rc, "writing %s", path) : 0;
}
