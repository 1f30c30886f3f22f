/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ini files, the files that they include and the overrides of the command line, merged: sections
 * and keys by name, each key with the place that set it last. What keys mean is not known here,
 * except for [minivmm] include.
 */
#ifndef INI_H
#define INI_H

#include <sys/types.h>

#include "config/diag.h"
#include "config/ini_scan.h"

#define INI_INCLUDE_SECTION "minivmm"
#define INI_INCLUDE_KEY "include"
/* What an ini_load() that returns -ENODEV lacks. */
#define INI_NO_PROC "/proc is not mounted: mount -t proc none /proc"

struct ini_entry {
	char *key, *value;
	struct origin at;
	bool bad;		/* its value is wrong, and diags has the error */
};

struct ini_section {
	char *name;
	struct origin at;	/* where it appears first */
	struct origin header;	/* its header in the file that is being merged */
	struct ini_entry *entries;
	size_t count;
	bool incomplete;	/* diags has an error for one of its lines, which is left out */
	int kind;		/* enum section_kind, set by config.c; -1: not yet */
	size_t index;		/* among the sections of its kind; set by config.c */
};

struct ini_file {
	char *name;		/* as in errors */
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
	bool incomplete;	/* not all could be read, so nothing can be called missing */
};

/*
 * Returns 0 even if diags has errors. -errno: path itself can't be read (diags has the error, too),
 * or there is no memory. In any case ini is to be freed with ini_free().
 */
int ini_load(const char *path, const char *text, char *const *overrides, size_t override_count,
	     struct ini *ini, struct diags *diags);
void ini_free(struct ini *ini);

/* Finds the section, or makes it with `at` as its first place. NULL: no memory. */
struct ini_section *ini_add(struct ini *ini, const char *name, struct origin at);
/* Sets the key, even if another file has set it before. Returns 0 or -ENOMEM. */
int ini_set(struct ini_section *section, const char *key, const char *value, struct origin at);
/* Merges a file: it overrides the files before it. Returns 0 or -ENOMEM. */
int ini_merge(struct ini *ini, const char *file, const struct ini_items *items,
	      struct diags *diags);

struct ini_section *ini_section(const struct ini *ini, const char *name);	/* or NULL */
struct ini_entry *ini_entry(const struct ini_section *section, const char *key); /* or NULL */

#endif
