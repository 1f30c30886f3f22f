/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM that no config describes, as the arguments of `plan` name it. */
#ifndef MACHINE_SOURCE_H
#define MACHINE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "host/snapshot.h"

struct machine_source {
	const char *file;	/* "qemu:FILE", "firecracker:FILE", or NULL */
	uint64_t pid;		/* of a process that runs the VM, or 0 */
	uint64_t size;		/* of a common machine's memory, or 0 */
	const char *machine;	/* its kind; NULL: q35 */
	char name[256];		/* for messages and reports: machine_source_name() */
};

/* Memory of a common machine. */
#define MACHINE_SIZE_RULE "not a size like 64G, of whole pages, from 2M to 64T"
bool machine_size_parse(const char *text, uint64_t *size);
/* Is it the name of a file of another VMM? path may be NULL. */
bool machine_source_is(const char *path);
void machine_source_name(struct machine_source *source);
/*
 * Its config as text, to be freed; runs: with phases. vmm: what its VMM has for itself, where that is
 * known. 0, or -errno with the reason in err: -ENODATA if no such VM can be seen here.
 */
int machine_source_text(const struct machine_source *source, bool runs, char **text,
			struct figure *vmm, struct err *err);

#endif
