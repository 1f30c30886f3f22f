// SPDX-License-Identifier: GPL-2.0-only
#include "tree.h"

#define NAMED(what) { .name = what }

void tree_find(const void *fdt, int node, struct property *wanted, int count)
{
	int offset;

	fdt_for_each_property_offset(offset, fdt, node) {
		const char *name;
		int length;
		const void *value = fdt_getprop_by_offset(fdt, offset, &name, &length);

		for (int i = 0; value && i < count; i++) {
			if (strcmp(name, wanted[i].name))
				continue;
			wanted[i].value = value;
			wanted[i].length = length;
			break;
		}
	}
}

bool property_is(const struct property *property, const char *text)
{
	return property->value && !strcmp(property->value, text);
}

static bool take_u32(const struct property *property, uint32_t *value)
{
	if (!property->value || property->length != sizeof(fdt32_t))
		return false;
	*value = fdt32_ld(property->value);
	return true;
}

static uint64_t u64_of(const struct property *property, uint64_t otherwise)
{
	return property->value && property->length == sizeof(fdt64_t) ? fdt64_ld(property->value) : otherwise;
}

/* Takes a range of whole pages that does not wrap around; false: there is none. */
static bool take_range(const struct property *property, struct range *range)
{
	const fdt64_t *cells = property->value;

	if (!cells || property->length != 2 * sizeof(fdt64_t))
		return false;
	*range = (struct range){ fdt64_ld(cells), fdt64_ld(cells + 1) };
	return !((range->base | range->size) % ABI_PAGE_SIZE) &&
	       range->base + range->size >= range->base;
}

static enum payload_break break_of(const struct property *property)
{
	if (!property->value)
		return BREAK_NOTHING;
#define BREAK_NAMED(id, name) if (property_is(property, name)) return BREAK_##id;
	ABI_BREAKS(BREAK_NAMED)
#undef BREAK_NAMED
	return BREAK_UNKNOWN;
}

enum payload_break tree_break(const void *fdt)
{
	int node = fdt_check_header(fdt) ? -1 : fdt_path_offset(fdt, ABI_PATH_MINIVMM);
	struct property broken = NAMED("break");

	if (node < 0)
		return BREAK_NOTHING;
	tree_find(fdt, node, &broken, 1);
	return break_of(&broken);
}

static const char *read_minivmm(struct tree *tree, const void *fdt, int node)
{
	enum { ABI, PORT_BASE, VCPUS, VCPU_BLOCKS, PAYLOAD, TABLE_POOL, LOSSES, PAGE_LEVEL, BREAK, PROPERTIES };
	struct property found[PROPERTIES] = {
		[ABI] = NAMED("abi"), [PORT_BASE] = NAMED("port-base"), [VCPUS] = NAMED("vcpus"),
		[VCPU_BLOCKS] = NAMED("vcpu-blocks"), [PAYLOAD] = NAMED("payload"),
		[TABLE_POOL] = NAMED("table-pool"), [LOSSES] = NAMED("losses"), [PAGE_LEVEL] = NAMED("page-level"),
		[BREAK] = NAMED("break"),
	};
	uint32_t abi, port_base, page_level;
	struct range losses = { 0 };

	tree_find(fdt, node, found, PROPERTIES);
	if (!take_u32(&found[ABI], &abi) || abi != ABI_VERSION)
		return "/minivmm abi: missing, or another version than the payload's";
	if (!take_u32(&found[PORT_BASE], &port_base) || port_base > 0x10000 - ABI_PORT_COUNT)
		return "/minivmm port-base: missing or too high";
	tree->port_base = (uint16_t)port_base;
	if (!take_u32(&found[VCPUS], &tree->vcpus))
		return "/minivmm vcpus: missing";
	if (!take_range(&found[PAYLOAD], &tree->payload))
		return "/minivmm payload: missing, or not whole pages";
	if (!take_range(&found[TABLE_POOL], &tree->table_pool))
		return "/minivmm table-pool: missing, or not whole pages";
	if (found[LOSSES].value && (!take_range(&found[LOSSES], &losses) || losses.size < sizeof(*tree->losses)))
		return "/minivmm losses: not whole pages, or too small";
	tree->losses = (struct abi_losses *)losses.base;
	if (!take_u32(&found[PAGE_LEVEL], &page_level) || page_level < 1 || page_level > 3)
		return "/minivmm page-level: missing or not 1, 2 or 3";
	tree->page_level = (int)page_level;
	tree->broken = break_of(&found[BREAK]);
	if (tree->broken == BREAK_UNKNOWN)
		return "/minivmm break: not a name this payload knows";
	tree->vcpu_blocks = u64_of(&found[VCPU_BLOCKS], 0);
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

	if (scenario < 0)
		return scenario;
	fdt_for_each_subnode(node, fdt, scenario) {
		struct property number = NAMED("reg");
		uint32_t reg;

		tree_find(fdt, node, &number, 1);
		if (take_u32(&number, &reg) && reg == index)
			return node;
	}
	return -FDT_ERR_NOTFOUND;
}

static bool take_do(const struct property *property, enum phase_do *what)
{
	static const char names[][16] = {
		[DO_BOOT] = "boot", [DO_L2] = "l2", [DO_TOUCH] = "touch", [DO_ENABLE] = "enable",
		[DO_FAILED_ENTRY] = "failed-entry", [DO_RESTORE] = "restore", [DO_L2_REWRITE] = "l2-rewrite", [DO_NPT_CHURN] = "npt-churn",
		[DO_ALIAS] = "alias", [DO_ALIAS_COUNTS] = "alias-counts", [DO_TABLES] = "tables",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!property_is(property, names[i]))
			continue;
		*what = (enum phase_do)i;
		return true;
	}
	return false;
}

const char *tree_phase(const struct tree *tree, uint32_t index, struct phase *phase)
{
	enum { DO, NESTED_PAGING, SMALL_PAGES, OWN_TABLES, TOUCH, STRIDE, PATTERN, BASE, ALIASES, READ_FIRST, REWRITE, PROPERTIES };
	struct property found[PROPERTIES] = {
		[DO] = NAMED("do"), [NESTED_PAGING] = NAMED("nested-paging"),
		[SMALL_PAGES] = NAMED("small-pages"), [OWN_TABLES] = NAMED("own-tables"),
		[TOUCH] = NAMED("touch"), [STRIDE] = NAMED("stride"), [PATTERN] = NAMED("pattern"), [BASE] = NAMED("touch-base"),
		[ALIASES] = NAMED("touch-aliases"), [READ_FIRST] = NAMED("read-first"), [REWRITE] = NAMED("rewrite"),
	};
	int node = find_phase(tree->fdt, index);

	if (node < 0)
		return ABI_PATH_SCENARIO ": no such phase";
	tree_find(tree->fdt, node, found, PROPERTIES);
	if (!take_do(&found[DO], &phase->what))
		return "phase: do: not one this payload can do";
	phase->nested_paging = found[NESTED_PAGING].value;
	phase->small_pages = found[SMALL_PAGES].value;
	phase->own_tables = found[OWN_TABLES].value;
	phase->touch = (struct touch){
		.pages = u64_of(&found[TOUCH], 0) / ABI_PAGE_SIZE,
		.stride = u64_of(&found[STRIDE], ABI_PAGE_SIZE),
		.pattern = u64_of(&found[PATTERN], 0),
		.base = u64_of(&found[BASE], 0),
		.aliases = found[ALIASES].value,
		.read_first = found[READ_FIRST].value,
		.rewrite = found[REWRITE].value,
		.cycles = phase->what == DO_L2_REWRITE ? ABI_REWRITE_CYCLES : 0,
	};
	if (!phase->touch.stride || phase->touch.stride % ABI_PAGE_SIZE)
		return "phase: stride: not whole pages";
	return NULL;
}
