// SPDX-License-Identifier: GPL-2.0-only
/* The device tree as the payload reads it: it comes from the VMM, but is not trusted. */
#include <libfdt.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "fuzz_tree.h"

#define ROOM (1u << 20)
#define PAGE 4096u

/*
 * Up to libfdt 1.6.1 fdt_next_tag() loops for ever at a property with a negative length; 1.7.0
 * refuses it. Only the VMM writes the payload's tree, so this input is skipped.
 */
static bool has_negative_length(const uint8_t *tree, size_t size)
{
	for (size_t at = 0; at + 8 <= size; at += 4)
		if (fdt32_ld((const fdt32_t *)(const void *)(tree + at)) == FDT_PROP &&
		    tree[at + 4] & 0x80)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* libfdt is not sanitized: behind the tree, 8 bytes aligned, nothing can be read. */
	static uint8_t *memory;
	size_t room = (size + 7) & ~(size_t)7;
	uint8_t *tree;

	if (!memory) {
		memory = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(memory != MAP_FAILED);
		MUST(!mprotect(memory + ROOM, PAGE, PROT_NONE));
	}
	if (size > ROOM)
		return 0;
	tree = memory + ROOM - room;
	memcpy(tree, data, size);
	memset(tree + size, 0, room - size);
	if (!has_negative_length(tree, size))
		tree_run(tree, size, 4);
	return 0;
}
