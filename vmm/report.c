// SPDX-License-Identifier: GPL-2.0-only
/* Reports as files and on streams; report_build.c makes them. */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report_render.h"
#include "value.h"

int report_format_parse(const char *name)
{
	static const char *const names[] = {
		[FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_KTAP] = "ktap",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return (int)i;
	return -1;
}

/* Why a stream failed, where stdio did not keep it. */
static int stream_error(void)
{
	return errno ? -errno : -EIO;
}

static int write_json(const json_t *report, FILE *out)
{
	if (json_dumpf(report, out, JSON_INDENT(2)) || fputc('\n', out) == EOF || fflush(out))
		return stream_error();
	return 0;
}

int report_render(const json_t *report, enum report_format format, FILE *out)
{
	int rc = 0;

	errno = 0;
	switch (format) {
	case FORMAT_TEXT:
		rc = report_text(report, out);
		break;
	case FORMAT_JSON:
		rc = write_json(report, out);
		break;
	case FORMAT_KTAP:
		report_ktap(report, out);
		break;
	}
	if (!rc && (fflush(out) || ferror(out)))
		rc = stream_error();
	return rc;
}

/* A new file in the folder of path. Returns its descriptor and name, or -errno. */
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
static int write_and_close(const json_t *report, int fd)
{
	FILE *out = fdopen(fd, "w");
	int rc;

	if (!out) {
		rc = -errno;
		close(fd);
		return rc;
	}
	errno = 0;
	rc = write_json(report, out);
	/* pipes and devices can't be synced: EINVAL, EROFS */
	if (!rc && fsync(fd) && errno != EINVAL && errno != EROFS)
		rc = -errno;
	if (fclose(out) && !rc)
		rc = -errno;
	return rc;
}

/* So that the new name, too, survives a crash of the host. */
static void sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

static int replace_file(const json_t *report, const char *path)
{
	char *name;
	int fd = open_beside(path, &name);
	int rc;

	if (fd < 0)
		return fd;
	rc = write_and_close(report, fd);
	if (!rc && rename(name, path))
		rc = -errno;
	if (rc)
		unlink(name);
	else
		sync_folder(path);
	free(name);
	return rc;
}

/*
 * /dev/null, a terminal, a FIFO: there is nothing to keep whole, and it must stay
 * what it is. The same goes for a file that is somebody's open descriptor.
 */
static bool write_in_place(const char *path)
{
	struct stat st;

	if (!strncmp(path, "/dev/std", 8) || !strncmp(path, "/dev/fd/", 8) ||
	    !strncmp(path, "/proc/", 6))
		return true;
	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static int append_to(const json_t *report, const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	return fd < 0 ? -errno : write_and_close(report, fd);
}

int report_save(const json_t *report, const char *path, struct err *err)
{
	/* Through a symbolic link it is the file it points to that is replaced. */
	char *target = realpath(path, NULL);
	int rc;

	if (write_in_place(path))
		rc = append_to(report, path);
	else
		rc = replace_file(report, target ? target : path);
	free(target);
	return rc ? err_errno(err, -rc, "writing the report to %s", path) : 0;
}

/* "minivmm.report/1", or a minor version of it: "minivmm.report/1.2". */
static int check_schema(const json_t *report, const char *path, struct err *err)
{
	const char *schema = value_string(report, "schema");
	size_t length = strlen(REPORT_SCHEMA);

	if (!schema)
		return err_set(err, EINVAL, "%s: not a report: there is no \"schema\" in it", path);
	if (strncmp(schema, REPORT_SCHEMA, length) || (schema[length] && schema[length] != '.')) {
		err_set(err, EINVAL, "%s: schema \"%.64s\", not \"" REPORT_SCHEMA "\"", path,
			schema);
		err_remedy(err, "read it with the minivmm that wrote it");
		return -EINVAL;
	}
	return 0;
}

static int read_json(FILE *file, const char *path, json_t **report, struct err *err)
{
	json_error_t error;

	*report = json_loadf(file, 0, &error);
	if (*report)
		return 0;
	if (ferror(file))
		return err_set(err, EIO, "reading %s failed", path);
	return err_set(err, EINVAL, "%s:%d:%d: not JSON: %s", path, error.line, error.column,
		       error.text);
}

int report_load(const char *path, json_t **report, struct err *err)
{
	FILE *file = fopen(path, "re");
	struct stat st;
	int rc;

	*report = NULL;
	if (!file)
		return err_errno(err, errno, "opening the report %s", path);
	if (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode))
		rc = err_errno(err, EISDIR, "opening the report %s", path);
	else
		rc = read_json(file, path, report, err);
	fclose(file);
	if (!rc)
		rc = check_schema(*report, path, err);
	if (rc) {
		json_decref(*report);
		*report = NULL;
	}
	return rc;
}
