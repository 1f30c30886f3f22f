/* SPDX-License-Identifier: GPL-2.0-only */
/* The device tree, read: minivmm_abi.h says what is in it. */
#ifndef TREE_H
#define TREE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "minivmm_abi.h"

struct cpu;

#define BREAK_ENUM(id, name) BREAK_##id,
enum payload_break { BREAK_NOTHING, ABI_BREAKS(BREAK_ENUM) BREAK_UNKNOWN };
#undef BREAK_ENUM

struct range {
	uint64_t base, size;
};

/* What /minivmm says. */
struct tree {
	const void *fdt;
	uint32_t vcpus;
	int page_level;
	struct range payload, table_pool;
	enum payload_break broken;
};

/* A walk's share: the properties of a phase that say which pages to write. */
struct touch {
	uint64_t pages, stride, pattern, base;
};

enum phase_do { DO_BOOT, DO_L2, DO_TOUCH, DO_ENABLE, DO_FAILED_ENTRY, DO_RESTORE,
		DO_NPT_CHURN, DO_ALIAS };

struct phase {
	enum phase_do what;
	bool nested_paging;
	struct touch touch;
};

bool tree_text_is(const void *fdt, int node, const char *name, const char *value);
/* The "break" property alone, of a tree not checked yet. */
enum payload_break tree_break(const void *fdt);
/* Fills cpu->tree and cpu->port_base; ABI_OK or ABI_BAD_TREE with a message. */
enum abi_status tree_read(struct cpu *cpu, const void *fdt);
/* The phase that ABI_PORT_NEXT named; ABI_OK or ABI_BAD_TREE with a message. */
enum abi_status tree_phase(struct cpu *cpu, uint32_t index, struct phase *phase);

#endif
