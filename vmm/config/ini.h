/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ini files, what they include and the overrides of the command line, merged:
 * sections and keys by name, each with the place that had the last word.
 * Knows nothing of what the keys mean, but for [minivmm] include.
 */
#ifndef INI_H
#define INI_H

#include <sys/types.h>

#include "config/diag.h"
#include "config/ini_scan.h"

#define INI_INCLUDE_SECTION "minivmm"
#define INI_INCLUDE_KEY "include"

struct ini_entry {
	char *key, *value;
	struct origin at;
	bool bad;		/* already in diags: its value means nothing */
};

struct ini_section {
	char *name;
	struct origin at;	/* where it appeared first */
	struct origin header;	/* its header in the file being merged */
	struct ini_entry *entries;
	size_t count;
	bool incomplete;	/* a line of it was refused */
	int kind;		/* for the reader of the section: -1 until it says */
	size_t index;
};

struct ini_file {
	char *name;		/* as errors show it */
	dev_t device;
	ino_t inode;
	bool open;		/* its includes are being read */
};

struct ini {
	struct ini_section **sections; /* in order of first appearance, includes first */
	size_t count, room;
	void *by_name;		/* tsearch tree of the sections */
	struct ini_file *files;	/* the first one is what ini_load was asked for */
	size_t file_count;
	bool incomplete;	/* a file or a section is missing: what else is can't be judged */
};

/*
 * Returns 0 also when diags has errors, or -errno: path itself can't be read (in
 * diags, too) or the machine failed. Always leaves ini for ini_free().
 */
int ini_load(const char *path, char *const *overrides, size_t override_count, struct ini *ini,
	     struct diags *diags);
void ini_free(struct ini *ini);

/* Finds the section or makes it, at being its first place. NULL: no memory. */
struct ini_section *ini_add(struct ini *ini, const char *name, struct origin at);
/* Sets key, which another file may have set before. Returns 0 or -ENOMEM. */
int ini_set(struct ini_section *section, const char *key, const char *value, struct origin at);
/* What a file says, over what the files before it said. Returns 0 or -ENOMEM. */
int ini_merge(struct ini *ini, const char *file, const struct ini_items *items,
	      struct diags *diags);

struct ini_section *ini_section(const struct ini *ini, const char *name);	/* or NULL */
struct ini_entry *ini_entry(const struct ini_section *section, const char *key); /* or NULL */

#endif
