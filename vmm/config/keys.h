/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE table of config keys: the parser, the defaults, `list keys`, --help, the man
 * page and the JSON echo all come from it. A new key is a row in keys.c and a
 * member in config.h; a new kind of section is a row in sections[] as well.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum section_kind {
	KIND_MINIVMM, KIND_VM, KIND_MEMSLOT, KIND_GUEST, KIND_PHASE, KIND_WORKER, KIND_EXPECT, KIND_REPORT,
	KIND_SELFTEST,
	KIND_COUNT
};

struct section {
	const char *name;	/* "vm", "memslot" */
	const char *help;	/* one line */
	/*
	 * 0: [name], once; its keys' offsets are in struct config. Else [name.NAME], any
	 * number: the size of its struct, which begins as struct named_cfg does and is
	 * where its keys' offsets are.
	 */
	size_t size;
	size_t list, count;	/* offsets in struct config of the array and its length */
};

/* How each struct of a named section begins. */
struct named_cfg {
	char name[CONFIG_NAME_MAX];
	struct origin at;
};

enum key_type {
	KEY_NUMBER,	/* uint64_t, or int64_t for a word that means -1 */
	KEY_HEX,	/* the same, shown in hexadecimal */
	KEY_SIZE,	/* uint64_t, bytes */
	KEY_DURATION,	/* uint64_t, ns */
	KEY_RATE,	/* uint64_t, per second */
	KEY_BOOL,	/* bool */
	KEY_ENUM,	/* int */
	KEY_FLAGS,	/* unsigned int: any of the words, comma-separated, or "none" */
	KEY_NAME,	/* char *: NAME of a [memslot.NAME], or NULL */
	KEY_PATH,	/* char *: of a file, or NULL */
	KEY_FILES,	/* of the ini layer: nothing is stored */
};

/* A word a key takes; {0} ends a list. One that ends in ':' is followed by free text. */
struct key_word {
	const char *name;
	int64_t value;
};

struct key {
	enum section_kind kind;
	const char *name;
	enum key_type type;
	size_t offset;
	const char *initial;	/* the default as a config would say it; NULL: unset */
	bool required;
	/* Of an enum or flags: all it takes. Of a number: words that mean "unset" in it. */
	const struct key_word *words;
	size_t text;		/* offset of the char * for the text behind a word's ':' */
	uint64_t min, max;	/* of a number; max 0: any */
	uint64_t multiple;	/* a number must be a multiple of this; 0: any */
	unsigned int with_do;	/* of a phase: 1 << enum phase_do that use it; 0: all */
	bool backed;		/* of a memslot: says something of memory, which an alias has not */
	const char *help;	/* one line */
	const char *unit;	/* "bytes", or NULL */
};

const struct key *keys(size_t *count);
const struct section *sections(size_t *count);	/* by enum section_kind */
const struct key *key_find(enum section_kind kind, const char *name);	/* or NULL */

/* What a key takes: "normal|smm", "SIZE", "DURATION|vm.timeout". Returns buffer. */
#define KEY_TEXT 512
char *key_values(const struct key *key, char buffer[KEY_TEXT]);

/*
 * The objects keys are stored in: struct config itself, or an element of its lists.
 * config_object() gives the index-th of a kind, NULL behind the last.
 */
void *config_object(const struct config *config, enum section_kind kind, size_t index);

/*
 * Stores what text says into object. Returns 0, -ENOMEM, or -EINVAL with the rule
 * that text breaks in why.
 */
#define KEY_WHY 768
int key_parse(const struct key *key, const char *text, void *object, char why[KEY_WHY]);
/* The value in object as a config would say it, "" for none; to be freed. NULL: no memory. */
char *key_format(const struct key *key, const void *object);
/* Does object say nothing of it: NULL, or a word that means "unset"? */
bool key_is_unset(const struct key *key, const void *object);
/* Frees what key_parse() allocated. */
void key_free(const struct key *key, void *object);

#endif
