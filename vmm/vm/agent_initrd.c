// SPDX-License-Identifier: GPL-2.0-only
#include "vm/agent_initrd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "minivmm_agent.h"

/* payload_image.S */
extern const char agent_image[], agent_image_end[];

#define DIRECTORY 040755u
#define PROGRAM 0100755u
#define LINK 0120777u
#define HEADER 110	/* "070701", and 13 numbers of 8 digits */

struct archive {
	char *data;
	size_t size;
};

static void pad(struct archive *archive)
{
	while (archive->size % 4)
		archive->data[archive->size++] = '\0';
}

static void add(struct archive *archive, const char *name, unsigned int mode, const void *data,
		size_t size)
{
	static const char owner_root[] = "0000000000000000";	/* user, group */

	snprintf(archive->data + archive->size, HEADER + 1, "07070100000000%08X%s00000001%08X%08X%032X%08X%08X",
		mode, owner_root, 0, (unsigned int)size, 0, (unsigned int)strlen(name) + 1, 0);
	archive->size += HEADER;
	memcpy(archive->data + archive->size, name, strlen(name) + 1);
	archive->size += strlen(name) + 1;
	pad(archive);
	memcpy(archive->data + archive->size, data, size);
	archive->size += size;
	pad(archive);
}

void *agent_initrd(size_t *size)
{
	/* cppcheck-suppress comparePointers ; the assembler puts one right behind the other */
	size_t image = (size_t)(agent_image_end - agent_image);
	struct archive archive = { .data = malloc(image + 1024) };

	if (!archive.data)
		return NULL;
	/* Names in the archive are relative to the root. */
	add(&archive, AGENT_FOLDER + 1, DIRECTORY, "", 0);
	add(&archive, AGENT_INIT + 1, PROGRAM, agent_image, image);
	add(&archive, AGENT_MARKER + 1, LINK, AGENT_INIT, strlen(AGENT_INIT));
	add(&archive, "TRAILER!!!", 0, "", 0);
	*size = archive.size;
	return archive.data;
}
