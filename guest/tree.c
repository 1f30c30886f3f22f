// SPDX-License-Identifier: GPL-2.0-only
#include "tree.h"

static bool read_u32(const void *fdt, int node, const char *name, uint32_t *value)
{
	int length;
	const void *cell = fdt_getprop(fdt, node, name, &length);

	if (!cell || length != sizeof(fdt32_t))
		return false;
	*value = fdt32_ld(cell);
	return true;
}

static uint64_t read_u64(const void *fdt, int node, const char *name, uint64_t otherwise)
{
	int length;
	const void *cell = fdt_getprop(fdt, node, name, &length);

	return cell && length == sizeof(fdt64_t) ? fdt64_ld(cell) : otherwise;
}

/* Reads a range of whole pages that does not wrap around; false: there is none. */
static bool read_range(const void *fdt, int node, const char *name, struct range *range)
{
	int length;
	const fdt64_t *cells = fdt_getprop(fdt, node, name, &length);

	if (!cells || length != 2 * sizeof(fdt64_t))
		return false;
	*range = (struct range){ fdt64_ld(cells), fdt64_ld(cells + 1) };
	return !((range->base | range->size) % ABI_PAGE_SIZE) &&
	       range->base + range->size >= range->base;
}

bool tree_text_is(const void *fdt, int node, const char *name, const char *value)
{
	const char *text = fdt_getprop(fdt, node, name, NULL);

	return text && !strcmp(text, value);
}

enum payload_break tree_break(const void *fdt)
{
	int node = fdt_check_header(fdt) ? -1 : fdt_path_offset(fdt, ABI_PATH_MINIVMM);

	if (node < 0 || !fdt_getprop(fdt, node, "break", NULL))
		return BREAK_NOTHING;
#define BREAK_NAMED(id, name) if (tree_text_is(fdt, node, "break", name)) return BREAK_##id;
	ABI_BREAKS(BREAK_NAMED)
#undef BREAK_NAMED
	return BREAK_UNKNOWN;
}

static const char *read_minivmm(struct tree *tree, const void *fdt, int node)
{
	uint32_t abi, port_base, page_level;

	if (!read_u32(fdt, node, "abi", &abi) || abi != ABI_VERSION)
		return "/minivmm abi: missing, or another version than the payload's";
	if (!read_u32(fdt, node, "port-base", &port_base) ||
	    port_base > 0x10000 - ABI_PORT_COUNT)
		return "/minivmm port-base: missing or too high";
	tree->port_base = (uint16_t)port_base;
	if (!read_u32(fdt, node, "vcpus", &tree->vcpus))
		return "/minivmm vcpus: missing";
	if (!read_range(fdt, node, "payload", &tree->payload))
		return "/minivmm payload: missing, or not whole pages";
	if (!read_range(fdt, node, "table-pool", &tree->table_pool))
		return "/minivmm table-pool: missing, or not whole pages";
	if (!read_u32(fdt, node, "page-level", &page_level) || page_level < 1 || page_level > 3)
		return "/minivmm page-level: missing or not 1, 2 or 3";
	tree->page_level = (int)page_level;
	tree->broken = tree_break(fdt);
	if (tree->broken == BREAK_UNKNOWN)
		return "/minivmm break: not a name this payload knows";
	tree->vcpu_blocks = read_u64(fdt, node, "vcpu-blocks", 0);
	return NULL;
}

const char *tree_read(struct tree *tree, const void *fdt)
{
	int node;

	if (fdt_check_header(fdt))
		return "no flattened device tree there";
	node = fdt_path_offset(fdt, ABI_PATH_MINIVMM);
	if (node < 0)
		return ABI_PATH_MINIVMM ": missing";
	tree->fdt = fdt;
	return read_minivmm(tree, fdt, node);
}

static int find_phase(const void *fdt, uint32_t index)
{
	int node, scenario = fdt_path_offset(fdt, ABI_PATH_SCENARIO);
	uint32_t reg;

	if (scenario < 0)
		return scenario;
	fdt_for_each_subnode(node, fdt, scenario)
		if (read_u32(fdt, node, "reg", &reg) && reg == index)
			return node;
	return -FDT_ERR_NOTFOUND;
}

static bool read_do(const void *fdt, int node, enum phase_do *what)
{
	if (tree_text_is(fdt, node, "do", "boot"))
		*what = DO_BOOT;
	else if (tree_text_is(fdt, node, "do", "l2"))
		*what = DO_L2;
	else if (tree_text_is(fdt, node, "do", "touch"))
		*what = DO_TOUCH;
	else if (tree_text_is(fdt, node, "do", "enable"))
		*what = DO_ENABLE;
	else if (tree_text_is(fdt, node, "do", "failed-entry"))
		*what = DO_FAILED_ENTRY;
	else if (tree_text_is(fdt, node, "do", "restore"))
		*what = DO_RESTORE;
	else if (tree_text_is(fdt, node, "do", "npt-churn"))
		*what = DO_NPT_CHURN;
	else if (tree_text_is(fdt, node, "do", "alias"))
		*what = DO_ALIAS;
	else if (tree_text_is(fdt, node, "do", "alias-counts"))
		*what = DO_ALIAS_COUNTS;
	else if (tree_text_is(fdt, node, "do", "tables"))
		*what = DO_TABLES;
	else
		return false;
	return true;
}

const char *tree_phase(const struct tree *tree, uint32_t index, struct phase *phase)
{
	const void *fdt = tree->fdt;
	int node = find_phase(fdt, index);

	if (node < 0)
		return ABI_PATH_SCENARIO ": no such phase";
	if (!read_do(fdt, node, &phase->what))
		return "phase: do: not one this payload can do";
	phase->nested_paging = fdt_getprop(fdt, node, "nested-paging", NULL);
	phase->touch = (struct touch){
		.pages = read_u64(fdt, node, "touch", 0) / ABI_PAGE_SIZE,
		.stride = read_u64(fdt, node, "stride", ABI_PAGE_SIZE),
		.pattern = read_u64(fdt, node, "pattern", 0),
		.base = read_u64(fdt, node, "touch-base", 0),
		.read_first = fdt_getprop(fdt, node, "read-first", NULL),
		.rewrite = fdt_getprop(fdt, node, "rewrite", NULL),
	};
	if (!phase->touch.stride || phase->touch.stride % ABI_PAGE_SIZE)
		return "phase: stride: not whole pages";
	return NULL;
}
