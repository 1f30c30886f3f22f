/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the device tree: minivmm_abi.h says what is in it. */
#ifndef TREE_H
#define TREE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"

#define BREAK_ENUM(id, name) BREAK_##id,
enum payload_break { BREAK_NOTHING, ABI_BREAKS(BREAK_ENUM) BREAK_UNKNOWN };
#undef BREAK_ENUM

struct range {
	uint64_t base, size;
};

/* What /minivmm says. */
struct tree {
	const void *fdt;
	uint16_t port_base;
	uint32_t vcpus;
	uint64_t vcpu_blocks;
	int page_level;
	struct range payload, table_pool;
	struct abi_losses *losses;	/* NULL: nobody takes pages away */
	enum payload_break broken;
};

/*
 * The properties of a phase that say which pages to write; and how many removals had ended before they were: as a page may be
 * taken away again and again, for each part of the walk.
 */
#define TOUCH_PARTS 32
struct touch {
	uint64_t pages, stride, pattern, base;
	uint64_t pass;		/* see abi_page_value() */
	uint64_t since[TOUCH_PARTS]; /* see struct abi_losses */
	bool may_wrap;		/* see abi_page_owner() */
	bool aliases;		/* alias memory as well */
	bool read_first;
	bool rewrite;		/* until the VMM has it end */
	uint64_t cycles;	/* again and again, for so many of the TSC; 0: once */
};

enum phase_do { DO_BOOT, DO_L2, DO_TOUCH, DO_ENABLE, DO_FAILED_ENTRY, DO_RESTORE,
		DO_L2_REWRITE, DO_NPT_CHURN, DO_ALIAS, DO_ALIAS_COUNTS, DO_TABLES };

struct phase {
	enum phase_do what;
	bool nested_paging;
	bool small_pages;
	bool own_tables;
	struct touch touch;
};

/* A property that is looked for: value is NULL where the node has none of this name. */
struct property {
	const char *name;
	const void *value;
	int length;		/* of value, in bytes */
};

/*
 * Looks for all of them at once. libfdt looks at each property of a node, with all its checks, for every one that is asked for,
 * which is most of what the payload does where KVM emulates every instruction.
 */
void tree_find(const void *fdt, int node, struct property *wanted, int count);
bool property_is(const struct property *property, const char *text);
/* Reads the "break" property alone, of a tree that nothing has checked yet. */
enum payload_break tree_break(const void *fdt);
/* Fills tree. NULL, or what is wrong; tree->port_base changes only if it is right. */
const char *tree_read(struct tree *tree, const void *fdt);
/* Reads the phase that ABI_PORT_NEXT named. NULL, or what is wrong. */
const char *tree_phase(const struct tree *tree, uint32_t index, struct phase *phase);

#endif
