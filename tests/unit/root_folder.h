/* SPDX-License-Identifier: GPL-2.0-only */
/* A root folder that a test fills with files, and that goes with it: for cmocka's setup and teardown. */
#ifndef ROOT_FOLDER_H
#define ROOT_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
