/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of config keys: the parser, the defaults, `list keys`, --help, the man page and the
 * config in reports all come from it. A new key is a row in keys.c and a member in config.h; a new
 * kind of section is also a row in sections[].
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
	 * 0: [name], at most one; the offsets of its keys are in struct config. Else any number
	 * of [name.NAME]: the size of their struct, which begins like struct named_cfg and has
	 * the offsets of their keys.
	 */
	size_t size;
	size_t list, count;	/* offsets in struct config of the array and its length */
};

/* Each struct of a [name.NAME] begins like this. */
struct named_cfg {
	char name[CONFIG_NAME_MAX];
	struct origin at;
};

enum key_type {
	KEY_NUMBER,	/* uint64_t; int64_t if a word means -1 */
	KEY_HEX,	/* the same, printed in hexadecimal */
	KEY_SIZE,	/* uint64_t, bytes */
	KEY_DURATION,	/* uint64_t, ns */
	KEY_RATE,	/* uint64_t, per second */
	KEY_BOOL,	/* bool */
	KEY_ENUM,	/* int */
	KEY_FLAGS,	/* unsigned int: any of the words, comma-separated, or "none" */
	KEY_NAME,	/* char *: NAME of a [memslot.NAME], or NULL */
	KEY_PATH,	/* char *: of a file, or NULL */
	KEY_LINE,	/* char *: any text, or NULL */
	KEY_FILES,	/* read by ini_load.c: nothing is stored */
};

/* A word that a key takes; {0} ends a list. "file:PATH": a text must follow, whose name is PATH. */
struct key_word {
	const char *name;
	int64_t value;
};

struct key {
	enum section_kind kind;
	const char *name;
	enum key_type type;
	size_t offset;
	const char *initial;	/* the default as in a config; NULL: none */
	bool required;
	/* An enum's or flags' words. A number's words, each of which means that it is not set. */
	const struct key_word *words;
	size_t text;		/* offset of the char * for the text after a word's ':' */
	uint64_t min, max;	/* of a number; max 0: no limit */
	uint64_t multiple;	/* a number must be a multiple of this; 0: no rule */
	unsigned int with_do;	/* of a phase: 1 << each enum phase_do that uses it; 0: all */
	unsigned int with_payload; /* of [guest] and phases: 1 << each enum payload_kind that uses it; 0: all */
	bool backed;		/* of a memslot: about its memory, so an alias can't have it */
	const char *help;	/* one line */
	const char *unit;	/* "bytes", or NULL */
};

const struct key *keys(size_t *count);
const struct section *sections(size_t *count);	/* by enum section_kind */
const struct key *key_find(enum section_kind kind, const char *name);	/* or NULL */

/* The values of a key: "normal|smm", "SIZE", "DURATION|vm.timeout". Returns buffer. */
#define KEY_TEXT 512
char *key_values(const struct key *key, char buffer[KEY_TEXT]);

/*
 * Values are stored in objects: struct config itself, or an element of its lists. config_object()
 * returns the index-th of a kind, or NULL after the last.
 */
void *config_object(const struct config *config, enum section_kind kind, size_t index);

/*
 * Stores the value of text in object. Returns 0, -ENOMEM, or -EINVAL with the rule that text breaks
 * in why.
 */
#define KEY_WHY 768
int key_parse(const struct key *key, const char *text, void *object, char why[KEY_WHY]);
/* The value in object as in a config, "" for none; to be freed. NULL: no memory. */
char *key_format(const struct key *key, const void *object);
/* Is the key not set in object: NULL, or a number's word? */
bool key_is_unset(const struct key *key, const void *object);
/* Frees what key_parse() allocated. */
void key_free(const struct key *key, void *object);

#endif
