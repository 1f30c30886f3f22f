/* SPDX-License-Identifier: GPL-2.0-only */
/* A root folder that a test fills with files, and that goes with it: for cmocka's setup and teardown. */
#ifndef ROOT_FOLDER_H
#define ROOT_FOLDER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Makes a folder below root, with its parents. No shell does it: tests make hundreds. */
static inline void make_folder(const char *root, const char *path)
{
	char full[512];
	char *slash = full;

	assert_true(snprintf(full, sizeof(full), "%s%s/", root, path) < (int)sizeof(full));
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

/* Opens a new file below root, and makes its folders. */
static inline FILE *make_file(const char *root, const char *path)
{
	char full[512];
	char *name;
	FILE *file;

	snprintf(full, sizeof(full), "%s", path);
	name = strrchr(full, '/');
	*name = 0;
	make_folder(root, full);
	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "w");
	assert_non_null(file);
	return file;
}

/* Makes a file of this text below root, and its folders. */
static inline void put_file(const char *root, const char *path, const char *text)
{
	FILE *file = make_file(root, path);

	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static inline int make_root(void **state)
{
	char *root = strdup("/tmp/minivmm-unit.XXXXXX");

	assert_non_null(mkdtemp(root));
	*state = root;
	return 0;
}

static inline int remove_root(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r '%s'", (char *)*state);
	free(*state);
	return system(command);
}

#endif
